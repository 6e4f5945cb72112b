"""The other process of a form, with its workers and no client: `python -m benchmarks.serve FORM DSN EFFECTS LEASE_S`. It prints `ready`."""

from __future__ import annotations

import asyncio
import cProfile
import importlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.effects import Effects

MODULES = {"yaml": "benchmarks.yaml_form", "durable": "benchmarks.durable_form", "dbos": "benchmarks.peers.dbos_form"}
ROOT = Path(__file__).parents[1]
PROFILE = "HOTMESH_BENCH_PROFILE"
"""The environment variable that names the file to which such a process writes its profile at its end."""


def module(form: str) -> Any:
    """The module of a form."""
    return importlib.import_module(MODULES[form])


async def main(form: str, dsn: str, effects: str, lease_s: str) -> None:
    """Work until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with module(form).working(dsn, Effects(effects), float(lease_s)):
        print("ready", flush=True)
        file = os.environ.get(PROFILE)
        profiler = cProfile.Profile()
        if file:
            profiler.enable()
        await stop.wait()
        if file:
            profiler.dump_stats(file)


@asynccontextmanager
async def process(form: str, dsn: str, effects: Effects = Effects.NONE, lease_s: float = 30.0) -> AsyncIterator[Process]:
    """Such a process, which is at work; told to stop at the end unless it is dead already."""
    arguments = ["-m", "benchmarks.serve", form, dsn, effects.value, str(lease_s)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    other = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=PIPE, cwd=ROOT, env=environment)
    assert other.stdout is not None
    try:
        while (line := await other.stdout.readline()) != b"ready\n":
            if not line:
                raise RuntimeError(f"the worker process of {form} died before it was ready")
        yield other
    finally:
        if other.returncode is None:
            other.terminate()
        await other.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
