"""Tripwires of development and tests: clocks, chance, I/O and threads in workflow code raise, with the durable way's name.

A profile function looks at every call that the workflow's own code makes (not at those that the standard library and installed packages
make inside). It costs time, so production runs without; the replay's comparison stands in any case. There is no import sandbox.
"""

from __future__ import annotations

import os
import random
import site
import socket
import subprocess
import sys
import sysconfig
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from types import CodeType, FrameType
from typing import Any

from hotmesh.errors import WorkflowViolation

NOW = "Durable.workflow.now()"
CHANCE = "Durable.workflow.random()"
ACTIVITY = "an activity"

_BUILTINS: dict[str, tuple[object, str]] = {
    "time.time": (time.time, NOW),
    "time.time_ns": (time.time_ns, NOW),
    "time.monotonic": (time.monotonic, NOW),
    "time.perf_counter": (time.perf_counter, NOW),
    "time.sleep": (time.sleep, "Durable.workflow.sleep()"),
    "os.urandom": (os.urandom, CHANCE),
    "open": (open, ACTIVITY),
    "input": (input, ACTIVITY),
    "os.system": (os.system, ACTIVITY),
    "random.random": (random.random, CHANCE),
    "random.getrandbits": (random.getrandbits, CHANCE),
}
"""Functions written in C: name, the function, and what to use instead."""

_METHODS: dict[tuple[type, str], str] = {(datetime, name): NOW for name in ("now", "utcnow", "today")} | {(date, "today"): NOW}

_CHANCES = ("randint", "randrange", "choice", "choices", "shuffle", "sample", "uniform", "gauss", "betavariate", "expovariate")

_PYTHON: dict[CodeType, tuple[str, str]] = {
    uuid.uuid1.__code__: ("uuid.uuid1", "Durable.workflow.uuid4()"),
    uuid.uuid4.__code__: ("uuid.uuid4", "Durable.workflow.uuid4()"),
    socket.socket.__init__.__code__: ("socket.socket", ACTIVITY),
    threading.Thread.start.__code__: ("threading.Thread.start", ACTIVITY),
    subprocess.Popen.__init__.__code__: ("subprocess.Popen", ACTIVITY),
    subprocess.run.__code__: ("subprocess.run", ACTIVITY),
    **{getattr(random.Random, name).__code__: (f"random.{name}", CHANCE) for name in _CHANCES},
}
"""Functions written in Python."""

_LIBRARIES = tuple(
    {os.path.realpath(path) + os.sep for path in (*sysconfig.get_paths().values(), *site.getsitepackages()) if path}
    | {sysconfig.get_paths()["stdlib"] + os.sep, os.path.dirname(os.path.dirname(__file__)) + os.sep}
)


@contextmanager
def guarded(armed: bool) -> Iterator[None]:
    """Have the tripwires up for one step."""
    if not armed:
        yield
        return
    outer = sys.getprofile()
    sys.setprofile(_look)
    try:
        yield
    finally:
        sys.setprofile(outer)


def _look(frame: FrameType, event: str, argument: Any) -> None:
    if event == "c_call":
        found = _forbidden_builtin(argument)
        caller: FrameType | None = frame
    elif event == "call":
        found = _PYTHON.get(frame.f_code)
        caller = frame.f_back
    else:
        return
    if found is not None and caller is not None and not caller.f_code.co_filename.startswith((*_LIBRARIES, "<frozen")):
        name, instead = found
        place = f"{caller.f_code.co_filename}:{caller.f_lineno}"
        raise WorkflowViolation(f"{name}() in workflow code gives something else when it is replayed: use {instead} ({place})")


def _forbidden_builtin(function: Any) -> tuple[str, str] | None:
    owner = getattr(function, "__self__", None)
    name = getattr(function, "__name__", "")
    if isinstance(owner, type):
        for (kind, method), instead in _METHODS.items():
            if name == method and issubclass(owner, kind):
                return f"{kind.__name__}.{name}", instead
        return None
    for known, (builtin, instead) in _BUILTINS.items():
        if function == builtin:
            return known, instead
    return None
