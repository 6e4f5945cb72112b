"""Every event comes twice: beside itself, or once more after it was consumed, late and out of order; and leases are lost meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from hotmesh import HotMesh
from tests.functional.engine.apps import app, drained, graph, renew_nothing, running

HERE = "conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.id}'}]}"
ALL = graph(
    "all",
    "{t: {type: trigger}, g: {type: worker, topic: gen}, n: {type: worker, topic: note, input: {maps: {n: '{g.output.data.n}'}}},"
    " e: {type: worker, topic: note, input: {maps: {n: '{$item}'}}},"
    " j: {type: hook, join: all, job: {maps: {all: '{e.output.data.n}'}}}, s: {type: hook, sleep: 0.02},"
    " h: {type: hook, job: {maps: {h: '{$self.hook.data.id}'}}}, k: {type: signal, topic: go, signal: {maps: {id: '{$job.metadata.jid}'}}},"
    " a: {type: await, topic: kid, job: {maps: {kid: '{$self.output.data.x}'}}}, o: {type: hook, sleep: 0.02},"
    " c: {type: cycle, ancestor: o}}",
    "{t: [{to: g}, {to: h}], g: [{to: n, conditions: {code: 202}}, {to: e, foreach: [7, 8, 9]}], e: [{to: j}],"
    " j: [{to: s}], s: [{to: k}], k: [{to: a}], a: [{to: o}], o: [{to: c, conditions: {match: [{expected: true,"
    " actual: {'@pipe': [['{o.output.metadata.dad}', ',3'], ['{@string.endsWith}'], ['{@logical.not}']]}}]}}]}",
    hooks=f"{{go: [{{to: h, {HERE}}}]}}",
)
KID = graph(
    "kid",
    "{t: {type: trigger}, i: {type: hook, sleep: 0.03}, w: {type: worker, topic: note, input: {maps: {n: 9}}, job: {maps: {x: 9}}}}",
    "{t: [{to: w}, {to: i}]}",
)
TWICE = {
    "at once": """CREATE TRIGGER twice AFTER INSERT ON "{app}".{stream} FOR EACH ROW WHEN (pg_trigger_depth() = 0)
                  EXECUTE FUNCTION "{app}".{stream}_twice()""",
    "late": """CREATE TRIGGER twice AFTER DELETE ON "{app}".{stream} FOR EACH ROW EXECUTE FUNCTION "{app}".{stream}_twice()""",
}
"""`late`: up to a third of a second after it was consumed, so that others come between."""
FUNCTION = """
CREATE TABLE "{app}".{stream}_copies (id uuid PRIMARY KEY);
CREATE FUNCTION "{app}".{stream}_twice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_row "{app}".{stream} := coalesce(NEW, OLD);
BEGIN
  IF NOT EXISTS (SELECT FROM "{app}".{stream}_copies WHERE id = v_row.id) THEN
    IF TG_OP = 'DELETE' THEN
      v_row.visible_at := hotmesh.now() + random() * interval '0.3 s';
    ELSIF v_row.token IS NOT NULL THEN
      v_row.visible_at := NULL;
    END IF;
    v_row.id := hotmesh.make_id(); v_row.owner := NULL; v_row.token := NULL; v_row.claims := 0;
    INSERT INTO "{app}".{stream}_copies VALUES (v_row.id);
    INSERT INTO "{app}".{stream} SELECT v_row.*;
  END IF;
  RETURN NULL;
END $$;
"""


class Worker:
    """The callbacks of a process; one call in twenty takes longer than a lease."""

    def __init__(self, seed: int, lease_s: float) -> None:
        self.chance = random.Random(seed)
        self.too_long_s = 2 * lease_s
        self.calls = 0

    async def _take_time(self) -> None:
        self.calls += 1
        await asyncio.sleep(self.too_long_s if self.chance.random() < 0.05 else self.chance.random() / 20)

    async def gen(self, task: Any) -> AsyncIterator[Any]:
        for n in (1, 2):
            await self._take_time()
            yield {"data": {"n": n}, "status": "pending", "metadata": {}}
        yield {"n": 3}

    async def note(self, task: Any) -> Any:
        await self._take_time()
        return {"n": task.data["n"]}


async def outcome(admin: asyncpg.Connection, app_id: str, job_id: str) -> list[Any]:
    """What the rows tell of a job and of its child; their ids aside."""
    rows = await admin.fetch(
        f"""SELECT j.topic, j.status, a.symbol, a.dimension, a.ledger, replace(a.value ->> 'input', $1, 'its id') AS input,
                   CASE WHEN a.dimension = '' THEN replace(a.value::text, $1, 'its id') ELSE a.value ->> 'status' END AS value
            FROM "{app_id}".jobs_attributes a JOIN "{app_id}".jobs j ON j.id = a.job_id
            WHERE j.key = $1 OR j.parent_key = $1 ORDER BY 1, 3, 4""",
        job_id,
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("when", TWICE)
@pytest.mark.parametrize(("count", "lease_s"), [(15, 0.5), pytest.param(250, 2, marks=[pytest.mark.crash, pytest.mark.timeout(240)])])
async def test_every_event_comes_twice(dsn: str, app_id: str, admin: asyncpg.Connection, when: str, count: int, lease_s: float) -> None:
    """Two processes, one of which never renews its leases. Each job ends as without, and nothing is left."""
    first, second = Worker(1, lease_s), Worker(2, lease_s)
    workers = [{"topic": "gen", "callback": second.gen}, {"topic": "note", "callback": second.note}]
    timing: dict[str, Any] = {"lease_s": lease_s, "poll_s": 0.05}
    async with (
        running(dsn, app_id, app(app_id, ALL, KID), {"gen": first.gen, "note": first.note}, **timing) as mesh,
        HotMesh(app_id=app_id, engine={"connection": dsn}, workers=workers, **timing) as other,
    ):
        await mesh.pubsub("all", {}, job_id="alone", timeout=30)
        calls = first.calls + second.calls
        expected = await outcome(admin, app_id, "alone")
        renew_nothing(mesh)
        for stream in ("worker_streams", "engine_streams"):
            await admin.execute(FUNCTION.format(app=app_id, stream=stream))
            await admin.execute(TWICE[when].format(app=app_id, stream=stream))
        jobs = [await (mesh, other)[number % 2].pub("all", {}, job_id=f"j{number}") for number in range(count)]
        await asyncio.gather(*(mesh.result(job, timeout=200) for job in jobs))
        await drained(admin, app_id)
        dropped = mesh.node.engine.counts.dropped + other.node.engine.counts.dropped
    for job in jobs:
        assert await outcome(admin, app_id, job) == expected, job
    copies = await admin.fetchval(
        f'SELECT (SELECT count(*) FROM "{app_id}".worker_streams_copies) + (SELECT count(*) FROM "{app_id}".engine_streams_copies)'
    )
    assert copies >= 12 * count, f"only {copies} of the events came twice"
    assert dropped >= copies / 2, f"{dropped} of {copies} copies were dropped"
    assert first.calls + second.calls - calls > calls * count, "no task was run twice"
