"""What grows: jobs in flight, the length of a workflow, the rows beneath, the jobs open in one process."""

from __future__ import annotations

import asyncio
import resource
import time

from benchmarks.measure import Json, in_flight
from benchmarks.yaml_form import YamlForm

LOOP = """
app:
  id: APP
  version: '2'
  graphs:
    - subscribes: loop
      activities:
        start: {type: trigger}
        pivot:
          type: hook
          output: {maps: {n: {'@pipe': [['{pivot.output.data.n}', 1], ['{@conditional.nullish}']]}}}
        step: {type: worker, topic: work, input: {maps: {n: '{pivot.output.data.n}'}}}
        again:
          type: cycle
          ancestor: pivot
          input: {maps: {n: {'@pipe': [['{pivot.output.data.n}', 1], ['{@math.add}']]}}}
      transitions:
        start: [{to: pivot}]
        pivot: [{to: step}]
        step:
          - to: again
            conditions:
              match:
                - expected: true
                  actual: {'@pipe': [['{pivot.output.data.n}', '{start.output.data.steps}'], ['{@conditional.lt}']]}
"""


async def growth(dsn: str, scale: float) -> Json:
    """Time per unit as things grow, and the memory of 10,000 open jobs."""
    async with YamlForm.open(dsn) as form:
        result: Json = {"w2_by_in_flight": {}}
        for limit in (10, 100, 1000, 10_000):
            count = max(limit, int(2000 * scale))
            seconds = await in_flight(count, limit, lambda n: form.steps(1, n))
            result["w2_by_in_flight"][limit] = round(count / seconds)
        await form.mesh.deploy(LOOP.replace("APP", form.mesh.app_id))
        await form.mesh.activate("2")
        result["ms_per_step_by_steps"] = {steps: await _loop(form, steps) for steps in (100, 1000, int(9_900 * min(1.0, scale)))}
    async with YamlForm.open(dsn) as form:
        before = _memory_mb()
        waiting = [await form.start_waiting(f"open-{n}") for n in range(int(10_000 * min(1.0, scale)))]
        result["memory_mb"] = {"before": before, f"with {len(waiting)} open jobs": _memory_mb()}
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    return result


async def _loop(form: YamlForm, steps: int) -> float:
    began = time.perf_counter()
    await form.mesh.pubsub("loop", {"steps": steps}, timeout=600)
    return round((time.perf_counter() - began) / steps * 1e3, 3)


def _memory_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
