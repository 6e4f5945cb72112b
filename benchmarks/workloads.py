"""The workloads, each a function over a form (YAML, Durable, a peer) that does it once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from benchmarks.forms import Form
from benchmarks.measure import Counters, Json, in_flight, milliseconds, one_by_one, quantile


async def w1(form: Form, scale: float) -> Json:
    """Start a 1-step workflow and await its result, one after the other."""
    return milliseconds(await one_by_one(max(3, int(300 * scale)), lambda n: form.steps(1, n)))


async def w2(form: Form, scale: float, limit: int = 100, count: int = 2000) -> Json:
    """2,000 1-step workflows, 100 in flight. A queue has a form of its own."""
    many = max(limit, int(count * scale))
    if hasattr(form, "throughput"):
        result: Json = await form.throughput(many, limit)
        return result
    return {"per_s": round(many / await in_flight(many, limit, lambda n: form.steps(1, n)))}


async def w3(form: Form, scale: float) -> Json:
    """200 workflows of 10 sequential steps, 50 in flight."""
    count = max(10, int(200 * scale))
    return {"steps_per_s": round(10 * count / await in_flight(count, 50, lambda n: form.steps(10, n)))}


async def w3b(form: Form, scale: float) -> Json:
    """One workflow of 100 sequential steps."""
    taken = await one_by_one(max(1, int(10 * scale)), lambda n: form.steps(100, n))
    return {"ms_per_step": round(quantile(taken, 0.5) * 10, 2)}


async def w4(form: Form, scale: float) -> Json:
    """Fan-out of 100 activities in one workflow."""
    return milliseconds(await one_by_one(max(1, int(20 * scale)), lambda _: form.fan(100)))


async def w5(form: Form, scale: float) -> Json:
    """From the signal to the workflow's completion."""
    taken = []
    for number in range(max(3, int(100 * scale))):
        name = f"w5-{time.time_ns()}-{number}"
        ended = await form.start_waiting(name)
        began = time.perf_counter()
        await form.signal(name)
        await ended
        taken.append(time.perf_counter() - began)
    return milliseconds(taken)


async def w6(form: Form, scale: float) -> Json:
    """1-second sleeps, 100 at once: how much later than that their callers hear of the end, the start included."""
    seconds = 1.0 if scale >= 0.1 else 0.1

    async def late() -> float:
        began = time.perf_counter()
        await form.sleep(seconds)
        return max(0.0, time.perf_counter() - began - seconds)

    return milliseconds(await asyncio.gather(*(late() for _ in range(max(10, int(100 * scale))))))


async def w8(form: Form, scale: float, counters: Counters) -> Json:
    """Writing transactions and WAL of a 1-step workflow, of each further step, and of a 1-step workflow at 100 in flight."""
    count = max(20, int(500 * scale))
    await counters.begin()
    await one_by_one(count, lambda n: form.steps(1, n))
    one = await counters.since(count)
    await counters.begin()
    await one_by_one(count // 10, lambda n: form.steps(10, n))
    ten = await counters.since(count // 10)
    await counters.begin()
    await in_flight(2 * count, 100, lambda n: form.steps(1, n))
    many = await counters.since(2 * count)
    further = {name: round((ten[name] - one[name]) / 9, 3 if name == "commits" else None) for name in one}
    return {"one": one, "further_step": further, "one_at_100_in_flight": many}


Workload = Callable[[Form, float], Awaitable[Json]]

REPEATED: dict[str, Workload] = {"w1": w1, "w2": w2, "w3": w3, "w3b": w3b, "w4": w4, "w5": w5, "w6": w6}
"""Those that need nothing but a form, and are run several times."""
