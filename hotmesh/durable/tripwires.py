"""Tripwires of development and tests: clocks, chance, I/O and threads in workflow code raise, with the durable way's name.

A profile function looks at every call that the workflow's own code makes. What the standard library and installed packages do inside is
their own affair, as long as they open no socket, start no thread and no process; logging and telemetry may. It costs time, so production
runs without; the replay's comparison stands in any case. There is no import sandbox.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def guarded(armed: bool) -> Iterator[None]:
    """Have the tripwires up for one step."""
    if not armed:
        yield
        return
    from hotmesh.durable.forbidden import look

    outer = sys.getprofile()
    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(outer)
