"""Runs a plan: a process and a database for each form, calibrations between them, one line of progress per workload."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from benchmarks.database import database, settle
from benchmarks.forms import FORMS
from benchmarks.machine import calibrate, noise, surroundings
from benchmarks.measure import Json, tell
from benchmarks.serve import ROOT
from benchmarks.suite import ROWS, WORKLOADS
from benchmarks.table import show

QUICK = 0.1
"""A scale below this is a look at whether everything works, no measurement."""
LIMIT_S = 420.0
"""The longest that one process may take."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run."""

    workloads: list[str]
    forms: list[str]
    scale: float
    repeat: int
    must_have: bool = False
    """Whether a form whose packages are missing is a failure."""

    def processes(self, form: str) -> Iterator[list[str]]:
        """The workloads of a form, those together that share a process."""
        chosen = [name for name in self.workloads if name in FORMS[form].workloads]
        if shared := [name for name in chosen if not WORKLOADS[name].alone]:
            yield shared
        yield from ([name] for name in chosen if WORKLOADS[name].alone)


async def run(plan: Plan, server: str) -> Json:
    """Calibrate, then the workloads of every form, then calibrate again."""
    began = time.perf_counter()
    result: Json = {"surroundings": await surroundings(server), "scale": plan.scale, "repeat": plan.repeat}
    result |= {"calibrations": [await _calibrated(server, plan, "before")], "forms": {}, "failures": {}, "warnings": []}
    runs = [(form, names) for form in plan.forms if _there(form, plan, result) for names in plan.processes(form)]
    total = sum(len(names) for _, names in runs)
    done = 0
    for number, (form, names) in enumerate(runs):
        if number and runs[number - 1][0] != form:
            result["calibrations"].append(await _calibrated(server, plan, f"before {form}"))
        await _run_process(form, names, plan, server, result, (done, total))
        done += len(names)
    result["calibrations"].append(await _calibrated(server, plan, "after"))
    result["took_s"] = round(time.perf_counter() - began, 1)
    if warning := noise(result["calibrations"]):
        result["warnings"].append(warning)
    result["warnings"] += [f"{what} failed: {why}" for what, why in result["failures"].items()]
    return result


async def _calibrated(server: str, plan: Plan, when: str) -> Json:
    if plan.scale >= QUICK:
        await settle(server)
    async with database(server) as dsn:
        found = {"when": when, **await calibrate(dsn, 2.0 if plan.scale >= QUICK else 0.2)}
    tell(f"calibration {when}: {found['commits_per_s']:,} commits/s, {found['one_commit_ms']} ms alone")
    return found


def _there(form: str, plan: Plan, result: Json) -> bool:
    """Whether the form's packages are installed."""
    try:
        FORMS[form].load()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith(("benchmarks", "hotmesh")):
            raise
        tell(f"{form} is left out: there is no package {error.name} (pip install -r benchmarks/peers/requirements.txt)")
        if plan.must_have:
            result["failures"][form] = f"there is no package {error.name}"
        return False
    return True


async def _run_process(form: str, names: list[str], plan: Plan, server: str, result: Json, progress: tuple[int, int]) -> None:
    """One process; what it printed until it ended or failed."""
    done, total = progress
    left = list(names)
    try:
        async with database(server) as dsn, asyncio.timeout(LIMIT_S):
            async for workload, found in _results(form, names, plan, dsn):
                done += 1
                left.remove(workload)
                result["forms"].setdefault(form, {})[workload] = found
                tell(f"[{done:3}/{total}] {form:13} {workload:9} {_summary(workload, found)}")
    except (RuntimeError, TimeoutError) as error:
        reason = str(error) or f"took longer than {LIMIT_S:.0f} s"
        for workload in left:
            result["failures"][f"{form} {workload}"] = reason
        tell(f"[{done:3}/{total}] {form}: {', '.join(left)} FAILED, {reason}")


async def _results(form: str, names: list[str], plan: Plan, dsn: str) -> AsyncIterator[tuple[str, Json]]:
    """Each workload of the process with its result. Raises RuntimeError when the process fails."""
    arguments = [form, dsn, str(plan.scale), str(plan.repeat), *names]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.one", *arguments, stdout=PIPE, cwd=ROOT, env=environment
    )
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            found = json.loads(line)
            yield found["workload"], found["result"]
        if code := await process.wait():
            raise RuntimeError(f"its process ended with {code}, as said above")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _summary(workload: str, found: Json) -> str:
    """The figures of a workload on one line."""
    shown = [(row, row.value({workload: found})) for row in ROWS if row.workload == workload]
    figures = ", ".join(show(value, row.unit) for row, value in shown)
    runs = f" (runs: {', '.join(f'{each:,}' for each in found['runs'])})" if len(found.get("runs", ())) > 1 else ""
    return f"{figures}{runs}, took {found['took_s']:.0f} s"
