"""What grows, and what that costs: jobs in flight, the length of a workflow, finished jobs beneath, jobs open in one process."""

from __future__ import annotations

import asyncio
import gc
import time

import asyncpg

from benchmarks.database import settle
from benchmarks.effects import APP_ID
from benchmarks.filling import fill
from benchmarks.forms import Form
from benchmarks.measure import Json, in_flight, memory_mb, quantile
from benchmarks.workloads import w1, w2, w3b

IN_FLIGHT = (10, 100, 1_000, 10_000)
LENGTHS = (100, 1_000, 10_000)
ROWS = 1_000_000
OPEN = 10_000


async def more_in_flight(form: Form, scale: float) -> Json:
    """W2 with more and more in flight: workflows per second, and the time of one against that of the smallest number."""
    rates: dict[str, int] = {}
    for limit in (each for each in IN_FLIGHT if each <= getattr(form, "most_in_flight", each)):
        number = max(5, int(limit * min(1.0, scale)))
        count = max(number, int(1000 * scale))
        rates[str(number)] = round(count / await in_flight(count, number, lambda n: form.steps(1, n)))
    first, *others = rates.values()
    return {"per_s": rates, "worst": round(max(first / each for each in others), 2)}


async def longer(form: Form, scale: float) -> Json:
    """W3b with more and more steps: milliseconds per step, and the longest against the shortest."""
    times: dict[str, float] = {}
    for length in LENGTHS:
        steps = max(2, int(length * min(1.0, scale)))
        taken = []
        for _ in range(max(1, LENGTHS[1] // length)):
            began = time.perf_counter()
            await form.loop(steps)
            taken.append((time.perf_counter() - began) / steps * 1e3)
        times[str(steps)] = round(quantile(taken, 0.5), 2)
    first, *others = times.values()
    return {"ms_per_step": times, "worst": round(max(each / first for each in others), 2)}


async def rows_beneath(form: Form, scale: float, dsn: str) -> Json:
    """W1, W2 and W3b before and after a million finished jobs came to lie beneath."""
    count = max(1000, int(ROWS * min(1.0, scale)))
    connection = await asyncpg.connect(dsn)
    before = await _times(form, scale)
    await form.steps(1, 0)
    seconds, size = await fill(connection, APP_ID, count)
    await settle(dsn)
    after = await _times(form, scale)
    await connection.close()
    worst = round(max(after[name] / before[name] for name in before), 2)
    return {"jobs": count, "megabytes": size, "filled_in_s": seconds, "before_ms": before, "after_ms": after, "worst": worst}


async def _times(form: Form, scale: float) -> dict[str, float]:
    """Milliseconds of a workflow alone, of one among 100, and of a step; the best of three, since a slow one says little of rows."""
    runs = [
        {
            "alone": (await w1(form, scale))["p50_ms"],
            "among_100": round(1000 / (await w2(form, scale))["per_s"], 3),
            "step": (await w3b(form, scale))["ms_per_step"],
        }
        for _ in range(3)
    ]
    return {name: min(run[name] for run in runs) for name in runs[0]}


async def memory(form: Form, scale: float) -> Json:
    """Megabytes of a process that has done one job and idles, and of the same with 10,000 jobs open."""
    await form.steps(1, 0)
    gc.collect()
    idle = memory_mb()
    count = max(100, int(OPEN * min(1.0, scale)))
    seconds = await in_flight(count, 100, lambda n: form.begin_waiting(f"open-{n}"))
    await asyncio.sleep(0)
    held = memory_mb()
    return {"idle_mb": idle["now"], "open_jobs": count, "open_mb": held["now"], "most_mb": held["most"], "opened_in_s": round(seconds, 1)}
