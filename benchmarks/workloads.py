"""W1 to W9 of the design's table, each a function over a form (YAML, Durable, a peer)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from benchmarks.measure import Counters, Json, in_flight, milliseconds, one_by_one, quantile


class Form(Protocol):
    """One way to write the workloads."""

    name: str

    async def steps(self, count: int, number: int) -> Any:
        """A workflow of `count` sequential activities."""

    async def fan(self, width: int) -> Any:
        """A workflow of `width` parallel activities."""

    async def start_waiting(self, name: str) -> asyncio.Task[Any]:
        """Start a workflow that waits for a signal."""

    async def signal(self, name: str) -> None:
        """Wake it."""

    async def sleep(self, seconds: float) -> float:
        """A workflow that sleeps; by how many seconds it was late."""


async def w1(form: Form, scale: float) -> Json:
    """Start a 1-step workflow and await its result, one after the other."""
    return milliseconds(await one_by_one(int(300 * scale), lambda n: form.steps(1, n)))


async def w2(form: Form, scale: float, limit: int = 100) -> Json:
    """2,000 1-step workflows, 100 in flight."""
    count = max(limit, int(2000 * scale))
    return {"per_s": round(count / await in_flight(count, limit, lambda n: form.steps(1, n)))}


async def w3(form: Form, scale: float) -> Json:
    """200 workflows of 10 sequential steps, 50 in flight."""
    count = max(50, int(200 * scale))
    return {"steps_per_s": round(10 * count / await in_flight(count, 50, lambda n: form.steps(10, n)))}


async def w3b(form: Form, scale: float) -> Json:
    """One workflow of 100 sequential steps."""
    taken = await one_by_one(max(1, int(10 * scale)), lambda n: form.steps(100, n))
    return {"ms_per_step": round(quantile(taken, 0.5) * 10, 2)}


async def w4(form: Form, scale: float) -> Json:
    """Fan-out of 100 activities in one workflow."""
    return milliseconds(await one_by_one(max(3, int(20 * scale)), lambda _: form.fan(100)))


async def w5(form: Form, scale: float) -> Json:
    """From the signal to the workflow's completion."""
    taken = []
    for number in range(int(100 * scale)):
        name = f"w5-{time.time_ns()}-{number}"
        ended = await form.start_waiting(name)
        began = time.perf_counter()
        await form.signal(name)
        await ended
        taken.append(time.perf_counter() - began)
    return milliseconds(taken)


async def w6(form: Form, scale: float) -> Json:
    """1-second sleeps, 100 at once: how late their callers hear of the end."""
    count = max(10, int(100 * scale))
    late = await asyncio.gather(*(form.sleep(1.0) for _ in range(count)))
    return milliseconds([max(0.0, each) for each in late])


async def w8(form: Form, scale: float, counters: Counters) -> Json:
    """Commits and WAL of a 1-step workflow, of each further step, and of a 1-step workflow at 100 in flight."""
    count = max(100, int(500 * scale))
    await counters.begin()
    await one_by_one(count, lambda n: form.steps(1, n))
    one = await counters.since(count)
    await counters.begin()
    await one_by_one(count // 10, lambda n: form.steps(10, n))
    ten = await counters.since(count // 10)
    await counters.begin()
    await in_flight(count, 100, lambda n: form.steps(1, n))
    many = await counters.since(count)
    further = {name: round((ten[name] - one[name]) / 9, 3) for name in one}
    return {"one": one, "further_step": further, "one_at_100_in_flight": many}


Workload = Callable[[Form, float], Awaitable[Json]]

WORKLOADS: dict[str, Workload] = {"w1": w1, "w2": w2, "w3": w3, "w3b": w3b, "w4": w4, "w5": w5, "w6": w6}
"""Those that need nothing but a form."""
