"""The account that the server runs as: one's own, or under root another one, because PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hotmesh.store.embedded.trouble import Trouble

CANDIDATES = ("postgres", "nobody")
"""Accounts to run as under root, the first that the system has."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the system, and how to act as it; `uid` is None for one's own."""

    name: str
    uid: int | None = None
    gid: int | None = None

    def run(
        self, command: Sequence[str | Path], *, text: str | None = None, timeout_s: float = 90, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, from the root folder, and wait for it. Raises TimeoutExpired and OSError."""
        return subprocess.run(
            [str(part) for part in command],
            input=text if text is not None else "",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            env=environment,
            timeout=timeout_s,
            check=False,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
        )

    def owns(self, path: Path) -> None:
        """Give `path` to this account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def may(self, right: str, path: Path) -> bool:
        """Whether this account has a `right` of test(1), as `x`, on `path`."""
        if self.uid is None:
            return os.access(path, os.X_OK)
        return self.run(["/bin/sh", "-c", f'test -{right} "$1"', "sh", path]).returncode == 0


def server_account() -> Account:
    """The account that the server runs as. Raises Trouble under root when the system has none that fits."""
    if os.geteuid() != 0:
        return Account(name="")
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise Trouble(
        "PostgreSQL refuses to run as root and the system has neither an account 'postgres' nor 'nobody': "
        "add one ('useradd --system postgres'), run as another user, or set HOTMESH_DSN to another server."
    )
