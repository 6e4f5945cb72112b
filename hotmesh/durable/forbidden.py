"""What workflow code may not call, and how a call of it is seen. Loaded by the first tripwire that is armed: it imports much."""

from __future__ import annotations

import multiprocessing.process
import os
import pathlib
import random
import secrets
import site
import socket
import sqlite3
import subprocess
import sysconfig
import threading
import time
import urllib.request
import uuid
from datetime import date, datetime
from types import CodeType, FrameType
from typing import Any

from hotmesh.errors import WorkflowViolation

NOW = "Durable.workflow.now()"
CHANCE = "Durable.workflow.random()"
IDS = "Durable.workflow.uuid4()"
ACTIVITY = "an activity"

_CLOCKS = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "localtime", "gmtime", "ctime", "strftime")
_FILES = ("listdir", "scandir", "remove", "unlink", "rename", "replace", "mkdir", "rmdir", "stat")

_BUILTINS: dict[str, tuple[object, str]] = {
    **{f"time.{name}": (getattr(time, name), NOW) for name in _CLOCKS},
    "time.sleep": (time.sleep, "Durable.workflow.sleep()"),
    "os.urandom": (os.urandom, CHANCE),
    "open": (open, ACTIVITY),
    "input": (input, ACTIVITY),
    "os.system": (os.system, ACTIVITY),
    **{f"os.{name}": (getattr(os, name), ACTIVITY) for name in _FILES},
    "sqlite3.connect": (sqlite3.connect, ACTIVITY),
    "random.random": (random.random, CHANCE),
    "random.getrandbits": (random.getrandbits, CHANCE),
}
"""Functions written in C: name, the function, and what to use instead."""

_METHODS: dict[tuple[type, str], str] = {(datetime, name): NOW for name in ("now", "utcnow", "today")} | {(date, "today"): NOW}

_CHANCES = (
    "randint",
    "randrange",
    "choice",
    "choices",
    "shuffle",
    "sample",
    "uniform",
    "gauss",
    "betavariate",
    "expovariate",
    "triangular",
)
_SECRETS = ("token_bytes", "token_hex", "token_urlsafe", "choice", "randbelow", "randbits")
_PATHS = ("open", "read_text", "read_bytes", "write_text", "write_bytes")


def _code(function: Any) -> CodeType | None:
    return getattr(function, "__code__", None)


_OF_RANDOM: dict[CodeType | None, tuple[str, str]] = {_code(getattr(random.Random, name)): (f"random.{name}", CHANCE) for name in _CHANCES}
"""Methods of random numbers: those of a generator with a seed of its own may be called."""

_OUTSIDE: dict[CodeType | None, tuple[str, str]] = {
    _code(socket.socket.__init__): ("socket.socket", ACTIVITY),
    _code(threading.Thread.start): ("threading.Thread.start", ACTIVITY),
    _code(subprocess.Popen.__init__): ("subprocess.Popen", ACTIVITY),
    _code(multiprocessing.process.BaseProcess.start): ("multiprocessing.Process.start", ACTIVITY),
}
"""What reaches outside of the process or the thread, whoever calls it."""

_PYTHON: dict[CodeType | None, tuple[str, str]] = {
    **{_code(getattr(uuid, name, None)): (f"uuid.{name}", IDS) for name in ("uuid1", "uuid4", "uuid6", "uuid7")},
    **{_code(getattr(secrets, name)): (f"secrets.{name}", CHANCE) for name in _SECRETS},
    **{_code(getattr(pathlib.Path, name)): (f"Path.{name}", ACTIVITY) for name in _PATHS},
    _code(subprocess.run): ("subprocess.run", ACTIVITY),
    _code(urllib.request.urlopen): ("urllib.request.urlopen", ACTIVITY),
    **_OUTSIDE,
}
"""Functions written in Python."""

_LIBRARIES = tuple(
    {os.path.realpath(path) + os.sep for path in (*sysconfig.get_paths().values(), *site.getsitepackages()) if path}
    | {sysconfig.get_paths()["stdlib"] + os.sep, os.path.dirname(os.path.dirname(__file__)) + os.sep}
)
_OBSERVERS = ("logging", "opentelemetry", "hotmesh")
"""Packages that may reach outside while a workflow runs: what they do is no part of it."""


def look(frame: FrameType, event: str, argument: Any) -> None:
    """Look at a call: a profile function. Raises WorkflowViolation."""
    if event == "c_call":
        found = _forbidden_builtin(argument)
        caller: FrameType | None = frame
    elif event == "call":
        found = _forbidden_function(frame)
        caller = frame.f_back
    else:
        return
    if found is None:
        return
    place = _place(caller, deep=event == "call" and frame.f_code in _OUTSIDE)
    if place is not None:
        name, instead = found
        raise WorkflowViolation(f"{name}() in workflow code gives something else when it is replayed: use {instead} ({place})")


def _place(caller: FrameType | None, *, deep: bool) -> str | None:
    """The line of workflow code that calls; None when a library does. `deep`: what a library does for workflow code counts."""
    while caller is not None and caller.f_code.co_filename.startswith((*_LIBRARIES, "<frozen")):
        package = str(caller.f_globals.get("__name__", "")).partition(".")[0]
        if not deep or package in _OBSERVERS:
            return None
        caller = caller.f_back
    return None if caller is None else f"{caller.f_code.co_filename}:{caller.f_lineno}"


def _forbidden_function(frame: FrameType) -> tuple[str, str] | None:
    code = frame.f_code
    if code in _OF_RANDOM:
        generator = frame.f_locals.get("self")
        shared = generator is random._inst or isinstance(generator, random.SystemRandom)
        return _OF_RANDOM[code] if shared else None
    if code is random.Random.__init__.__code__ and frame.f_locals.get("x") is None and type(frame.f_locals.get("self")) is random.Random:
        return "random.Random", "Durable.workflow.random() as its seed"
    return _PYTHON.get(code)


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
