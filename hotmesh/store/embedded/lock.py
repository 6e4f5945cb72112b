"""A lock between processes, on a file; the system lets go of it when its holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hotmesh.store.embedded.trouble import Trouble

PATIENCE_S = 100
"""Longer than a start may take."""


@contextmanager
def locked(file: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold the lock `file`. Raises Trouble when another process keeps it for longer than `patience_s`."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait_for(descriptor, file, patience_s)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, file: Path, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while not _try(descriptor):
        if time.monotonic() > deadline:
            holder = os.pread(descriptor, 20, 0).decode().strip() or "unknown"
            raise Trouble(
                f"Process {holder} has been starting or stopping the embedded Postgres for {patience_s:.0f} s and holds {file}; end it."
            )
        time.sleep(0.02)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
