"""The data of the embedded Postgres: making them, configuring the server, starting it."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

from hotmesh.store.embedded.programs import Programs
from hotmesh.store.embedded.trouble import Trouble

CONFIGURATION: dict[str, str] = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_wal_size": "1GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}
"""What differs from PostgreSQL's own defaults, or must not: hotmesh.conf, written before every start. ALTER SYSTEM wins over it."""

START_TIMEOUT_S = 60
LEFTOVER_TIMEOUT_S = 10
LOG_LIMIT_BYTES = 10 * 1024 * 1024


def create(data: Path, programs: Programs) -> None:
    """Make the data folder, with the role and the database `hotmesh`, unless it is there; it appears whole or not at all.

    Raises Trouble, also when the data are of another major version than the programs.
    """
    if data.exists():
        _check_version(data, programs)
        return
    unfinished = data.with_name("data.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    programs.run("initdb", "-D", unfinished, "-U", "hotmesh", "--auth=trust", "--encoding=UTF8", "--no-locale")
    with (unfinished / "postgresql.conf").open("a") as configuration:
        configuration.write("\ninclude 'hotmesh.conf'\n")
    _write_configuration(unfinished, unfinished, programs)
    programs.run("postgres", "--single", "-D", unfinished, "postgres", text="CREATE DATABASE hotmesh;\n")
    unfinished.rename(data)


def start(data: Path, sockets: Path, log: Path, programs: Programs) -> None:
    """Start the server and wait until it takes connections. Raises Trouble and TimeoutExpired."""
    _write_configuration(data, sockets, programs)
    for file in (data / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"):
        _remove_stale(file)
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_name("log.1"))
    deadline = time.monotonic() + LEFTOVER_TIMEOUT_S
    while (trouble := _try_to_start(data, log, programs)) is not None:
        # The processes of a killed server need a moment to notice that and to let go.
        if not re.search(_LEFTOVER, trouble.output) or time.monotonic() > deadline:
            raise trouble
        time.sleep(0.1)


_LEFTOVER = 'pre-existing shared memory block|lock file "[^"]+" already exists'


def _try_to_start(data: Path, log: Path, programs: Programs) -> Trouble | None:
    told = log.stat().st_size if log.exists() else 0
    try:
        programs.run("pg_ctl", "start", "-D", data, "-l", log, "-w", "-t", str(START_TIMEOUT_S), timeout_s=START_TIMEOUT_S + 10)
    except Trouble as trouble:
        said = log.read_bytes()[told:].decode(errors="replace") if log.exists() else ""
        reason = next((line for line in said.splitlines() if "FATAL" in line or "PANIC" in line), str(trouble))
        return Trouble(f"The embedded Postgres didn't start: {reason.strip()} (its log is {log})", f"{trouble.output}\n{said}")
    return None


def _check_version(data: Path, programs: Programs) -> None:
    there, ours = (data / "PG_VERSION").read_text().strip(), programs.major_version()
    if there != ours:
        raise Trouble(
            f"The data in {data} were written by PostgreSQL {there}, but the programs in {programs.folder} are of PostgreSQL {ours}: "
            f"set HOTMESH_POSTGRES_BIN to the programs of PostgreSQL {there}, or move the folder away to start empty."
        )


def _write_configuration(data: Path, sockets: Path, programs: Programs) -> None:
    values = CONFIGURATION | {"unix_socket_directories": f'"{sockets}"'}
    file = data / "hotmesh.conf"
    file.write_text("".join(f"{name} = '{_quoted(value)}'\n" for name, value in values.items()), encoding="utf-8")
    programs.account.owns(file)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _remove_stale(file: Path) -> None:
    """After a crash the process number in a lock file may be another program's by now, and PostgreSQL would give up."""
    if file.exists() and not _is_postgres(int(file.read_text().split("\n", 1)[0] or 0)):
        file.unlink()


def _is_postgres(pid: int) -> bool:
    """Whether a process is a living PostgreSQL; one that ended and that nobody waited for (as in containers) is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        if Path("/proc/self").exists():
            return False
        stat = subprocess.run(["ps", "-p", str(pid), "-o", "comm=,stat="], capture_output=True, text=True, check=False).stdout
        return "postgres" in stat and not stat.split()[-1].startswith("Z")
    name, _, rest = stat.rpartition(")")
    return "postgres" in name and not rest.split()[0].startswith("Z")
