"""Why the embedded Postgres can't start, in one sentence that says what to do."""

from __future__ import annotations

import errno
import os
import re
import subprocess
from pathlib import Path


class Trouble(Exception):
    """Something about the embedded Postgres went wrong; `output` is what its programs and its log said."""

    def __init__(self, sentence: str, output: str = "") -> None:
        super().__init__(sentence)
        self.output = output


NO_SPACE = "There is no space left in {home}; a new cluster needs about 60 MB: free some, or set HOTMESH_HOME to a folder elsewhere."
READ_ONLY = "{home} is on a read-only file system; set HOTMESH_HOME to a folder that can be written."
NO_RIGHT = "{user} has no right to {path}; mend the rights, or set HOTMESH_HOME to a folder of your own."
NO_FOLDER = "{home} is not a folder; set HOTMESH_HOME to one."
DAMAGED = "The data in {home} are damaged; move the folder away to start empty, or restore a backup of it."

_BY_ERRNO: dict[int, str] = {
    errno.ENOSPC: NO_SPACE,
    errno.EDQUOT: NO_SPACE,
    errno.EROFS: READ_ONLY,
    errno.EACCES: NO_RIGHT,
    errno.EPERM: NO_RIGHT,
    errno.ENOENT: DAMAGED,
    errno.ENOTDIR: NO_FOLDER,
    errno.EEXIST: NO_FOLDER,
}

_BY_OUTPUT: tuple[tuple[str, str], ...] = (
    (r"No space left on device|Disk quota exceeded|wrote only \d+ of \d+ bytes", NO_SPACE),
    (r"Read-only file system", READ_ONLY),
    (r'data directory "[^"]+" has wrong ownership', "{home} belongs to another user; set HOTMESH_HOME to a folder of your own."),
    (r'data directory "([^"]+)" has invalid permissions', "Others may read {0}: run 'chmod 700 {0}'."),
    (
        r"could not (?:map anonymous|create) shared memory|could not create semaphores|Cannot allocate memory",
        "The machine has too little memory for the embedded Postgres; free some, or set HOTMESH_DSN to another server.",
    ),
    (
        r"pre-existing shared memory block",
        "Processes of a killed server still use {home}; wait until they are gone, or end them, and try again.",
    ),
    (
        r'lock file "[^"]+" already exists',
        "A server that doesn't answer runs in {home}; end it ('hotmesh db stop', or the process in postmaster.pid) and try again.",
    ),
    (
        r"could not locate a valid checkpoint record|invalid (?:primary )?checkpoint record|control file|global/pg_control",
        DAMAGED,
    ),
    (r"(could not bind Unix address|could not create lock file|could not open file) \"?([^\":]+)\"?:? .*Permission denied", NO_RIGHT),
)
"""What PostgreSQL says, and what that means for the user. `{0}` is the first group of the pattern."""


def explain(error: Exception, home: Path) -> str:
    """One sentence for what went wrong, and what to do about it."""
    if isinstance(error, OSError):
        return _explain_os(error, home)
    if isinstance(error, subprocess.TimeoutExpired):
        return f"{_program(error.cmd)} didn't finish within {error.timeout:.0f} seconds; look at {home / 'postgres' / 'log'}."
    output = error.output if isinstance(error, Trouble) else ""
    for pattern, sentence in _BY_OUTPUT:
        if found := re.search(pattern, output):
            return sentence.format(*found.groups(), home=home, user=_user(), path=home)
    return str(error)


def _explain_os(error: OSError, home: Path) -> str:
    sentence = _BY_ERRNO.get(error.errno or 0)
    path = error.filename or home
    return sentence.format(home=home, user=_user(), path=path) if sentence else f"The embedded Postgres can't use {home}: {error}"


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.geteuid()}"


def _program(command: object) -> str:
    return Path(str(command[0])).name if isinstance(command, (list, tuple)) else str(command)
