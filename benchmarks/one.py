"""One form's workloads in a process and a database of their own: `python -m benchmarks.one FORM DSN SCALE REPEAT WORKLOAD…`.

It prints one line of JSON per workload. `python -m benchmarks` starts such processes; start one by hand to look closer.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from benchmarks import growth, killing, workloads
from benchmarks.deploying import w7
from benchmarks.effects import Effects
from benchmarks.forms import FORMS, Form
from benchmarks.measure import Counters, Json
from benchmarks.suite import WORKLOADS

WARM_UP = 0.1
"""How much of a workload is run before it counts."""

Run = Callable[[Form, float], Awaitable[Json]]


async def main(name: str, dsn: str, scale: float, repeat: int, chosen: list[str]) -> None:
    """Run them and print each as it ends."""
    if (effects := _KILLED.get(chosen[0])) is not None:
        _say(chosen[0], await _timed(lambda: killing.w9(name, dsn, scale, effects)))
        return
    entry = FORMS[name]
    open_form = entry.load()
    async with open_form(dsn, elsewhere=True) if entry.elsewhere else open_form(dsn) as form:
        for workload in chosen:
            _say(workload, await _timed(lambda each=workload: run(form, each, dsn, scale, repeat)))  # type: ignore[misc]


_KILLED = {"w9": Effects.ORDINARY, "w9t": Effects.TRANSACTIONAL}


async def run(form: Form, workload: str, dsn: str, scale: float, repeat: int) -> Json:
    """A workload of a form: warm, as often as wanted; the median run."""
    if workload == "w8":
        return await _counted(form, dsn, scale)
    if workload == "rows":
        return await growth.rows_beneath(form, scale, dsn)
    if workload in _ONCE:
        return await _ONCE[workload](form, scale)
    work: Any = w7 if workload == "w7" else workloads.REPEATED[workload]
    await work(form, scale * WARM_UP)
    headline = WORKLOADS[workload].headline
    runs = sorted([await work(form, scale) for _ in range(repeat)], key=lambda result: result[headline])
    return {**runs[len(runs) // 2], "runs": [result[headline] for result in runs]}


_ONCE: dict[str, Run] = {"in-flight": growth.more_in_flight, "length": growth.longer, "memory": growth.memory}


async def _counted(form: Form, dsn: str, scale: float) -> Json:
    connection = await asyncpg.connect(dsn)
    await workloads.w2(form, scale)
    result = await workloads.w8(form, scale, Counters(connection))
    await connection.close()
    return result


async def _timed(work: Callable[[], Awaitable[Json]]) -> Json:
    began = time.perf_counter()
    return {**await work(), "took_s": round(time.perf_counter() - began, 1)}


def _say(workload: str, result: Json) -> None:
    print(json.dumps({"workload": workload, "result": result}), flush=True)


if __name__ == "__main__":
    form_name, address, factor, times, *names = sys.argv[1:]
    asyncio.run(main(form_name, address, float(factor), int(times), names))
