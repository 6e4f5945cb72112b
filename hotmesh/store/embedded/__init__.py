"""The embedded Postgres: a real server of the user's own, from the programs of a wheel, started when it is first needed.

One cluster below `home`, shared by every process of the user and stopped by none of them: `pg_ctl` starts it in a session of its
own, and only `stop` ends it. It listens on a Unix socket in a folder that only its owner may enter, so it needs no password and no
free port. All that changes something happens under one file lock; finding a running server takes no lock and no process.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from hotmesh.errors import ConnectionError
from hotmesh.settings import Settings
from hotmesh.store.embedded import data
from hotmesh.store.embedded.account import server_account
from hotmesh.store.embedded.lock import locked
from hotmesh.store.embedded.programs import Programs, find_programs
from hotmesh.store.embedded.trouble import Trouble, explain

SOCKET_PATH_LIMIT = 103
"""Bytes of a Unix socket's path that every system takes."""

State = Literal["absent", "stopped", "starting", "running"]


@dataclass(frozen=True, slots=True)
class Status:
    """How the embedded Postgres is doing."""

    state: State
    dsn: str
    data: Path
    log: Path
    pid: int | None
    version: str | None
    """The major version of the data; None while there are none."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One server: the folder it lives in, and the folder of its programs (None: those of the wheel)."""

    home: Path
    postgres_bin: Path | None = None

    @property
    def root(self) -> Path:
        return self.home / "postgres"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def socket(self) -> Path:
        return self.root / "run" / ".s.PGSQL.5432"

    @property
    def dsn(self) -> str:
        return f"postgresql://hotmesh@/hotmesh?host={quote(str(self.socket.parent))}&port=5432"

    def ensure(self) -> str:
        """The address of the server, which is started when it isn't running. Blocks: 10 ms, a second or two the first time.

        Raises ConnectionError, which says why it can't start and what to do.
        """
        with _explained(self):
            if not self._accepts():
                self._prepare()
                with locked(self.root / "lock"):
                    if not self._accepts():
                        programs = self._programs()
                        data.create(self.data, programs)
                        data.start(self.data, self.socket.parent, self.log, programs)
        return self.dsn

    def stop(self) -> bool:
        """End the server and every connection to it; whether there was one. Raises ConnectionError."""
        with _explained(self):
            if not self.data.exists():
                return False
            with locked(self.root / "lock"):
                if _postmaster(self.data)[0] is None or not _listens(self.socket):
                    return False
                self._programs().run("pg_ctl", "stop", "-D", self.data, "-m", "fast", "-w")
                return True

    def status(self) -> Status:
        """How the server is doing, without changing anything. Raises ConnectionError when its folder can't be read."""
        with _explained(self):
            pid, word = _postmaster(self.data)
            version = (self.data / "PG_VERSION").read_text().strip() if self.data.exists() else None
        alive = pid is not None and _listens(self.socket)
        state: State = "stopped" if version else "absent"
        if alive:
            state = "running" if word == "ready" else "starting"
        return Status(state, self.dsn, self.data, self.log, pid if alive else None, version)

    def _accepts(self) -> bool:
        return _postmaster(self.data)[1] == "ready" and _listens(self.socket)

    def _programs(self) -> Programs:
        return find_programs(self.postgres_bin, server_account(), self.home / "programs")

    def _prepare(self) -> None:
        """Make the folders, and check what no message of PostgreSQL says well."""
        excess = len(os.fsencode(self.socket)) - SOCKET_PATH_LIMIT
        if excess > 0:
            raise Trouble(f"The path of the socket, {self.socket}, is {excess} bytes too long; set HOTMESH_HOME to a shorter folder.")
        if "," in str(self.home):
            raise Trouble(f"{self.home} has a comma, which the address of a Postgres can't have; set HOTMESH_HOME to another folder.")
        account = server_account()
        if not self.home.exists():
            self.home.mkdir(parents=True)
            self.home.chmod(0o700 if account.uid is None else 0o711)
        for folder in (self.root, self.socket.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
            account.owns(folder)
        if not account.may("x", self.root):
            raise Trouble(
                f"Under root the server runs as the account '{account.name}', which can't enter {self.root}: "
                "let others pass through the folders above it (chmod o+x), or set HOTMESH_HOME to a folder elsewhere."
            )


def cluster(settings: Settings) -> Cluster:
    """The embedded server that the settings speak of."""
    return Cluster(settings.home or default_home(), settings.postgres_bin)


def default_home() -> Path:
    """The user's data folder; /var/lib/hotmesh for root, whose own folder no other account may enter."""
    if os.geteuid() == 0:
        return Path("/var/lib/hotmesh")
    from platformdirs import user_data_path

    return user_data_path("hotmesh", appauthor=False)


def _postmaster(data: Path) -> tuple[int | None, str]:
    """The process id and the state that postmaster.pid tells (its lines are those of PostgreSQL's pidfile.h); (None, "") without one."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None, ""
    pid = int(lines[0]) if lines and lines[0].isdigit() else None
    return pid, lines[7].strip() if len(lines) > 7 else ""


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


@contextmanager
def _explained(cluster: Cluster) -> Iterator[None]:
    """Turn what can go wrong inside into one ConnectionError that says what to do."""
    try:
        yield
    except (Trouble, OSError, subprocess.SubprocessError) as error:
        raise ConnectionError(explain(error, cluster.home)) from error
