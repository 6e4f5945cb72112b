"""A fault at each single row that commits write, one after the other: the job ends as without, and nothing is half done.

Triggers count the rows that the statements of `commit_steps` write, and strike at one of them: with an error that may pass, or by ending
the backend they run in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from hotmesh import HotMesh, JobError
from tests.functional.engine.apps import app, drained, graph, running

TABLES = ("jobs", "jobs_attributes", "worker_streams", "engine_streams", "waits", "escalations", "dead_letters")
STRIKES = {
    "an error": "RAISE EXCEPTION 'struck' USING ERRCODE = '40001';",
    "the end of the backend": "PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(10);",
}
HERE = "conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.id}'}]}"
ALL = graph(
    "all",
    "{t: {type: trigger, job: {maps: {stage: 1}}}, g: {type: worker, topic: gen},"
    " n: {type: worker, topic: note, input: {maps: {n: '{g.output.data.n}'}}},"
    " e: {type: worker, topic: note, input: {maps: {n: '{$item}'}}}, j: {type: hook, join: all}, s: {type: hook, sleep: 0.01, emit: true},"
    " h: {type: hook, sleep: 60, escalation: {role: clerk}}, k: {type: signal, topic: go, signal: {maps: {id: '{$job.metadata.jid}'}}},"
    " a: {type: await, topic: kid, job: {maps: {kid: '{$self.output.data.x}'}}},"
    " b: {type: worker, topic: broken, retry: {'500': [1]}, job: {maps: {stage: 2}}},"
    " o: {type: hook, job: {maps: {code: '{b.output.metadata.$error.code}'}}}}",
    "{t: [{to: g}, {to: h}], g: [{to: n, conditions: {code: 202}}, {to: e, foreach: [7, 8]}], e: [{to: j}],"
    " j: [{to: s}], s: [{to: k}], k: [{to: a}], a: [{to: b}], b: [{to: o, conditions: {code: 500}}]}",
    hooks=f"{{go: [{{to: h, {HERE}}}]}}",
)
KID = graph(
    "kid",
    "{t: {type: trigger, job: {maps: {y: 1}}}, i: {type: hook, sleep: 60}, w: {type: worker, topic: note, input: {maps: {n: 9}},"
    " job: {maps: {x: 9}}}, x: {type: interrupt, throw: false}}",
    "{t: [{to: w}, {to: i}], w: [{to: x}]}",
)


class Worker:
    """The callbacks, how often each was called for what, and what was published."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.heard: list[tuple[str, Any]] = []

    async def gen(self, task: Any) -> AsyncIterator[Any]:
        self.calls.append((task.metadata.jid, "gen", None))
        for n in (1, 2):
            yield {"data": {"n": n}, "status": "pending", "metadata": {}}
        yield {"n": 3}

    async def note(self, task: Any) -> None:
        self.calls.append((task.metadata.jid, "note", task.data["n"]))

    async def broken(self, task: Any) -> None:
        self.calls.append((task.metadata.jid, "broken", task.metadata.attempt))
        raise RuntimeError("broken")

    def hear(self, topic: str, output: Any) -> None:
        self.heard.append((output.metadata.jid, output.data["stage"]))


async def set_traps(admin: asyncpg.Connection, app_id: str, strike: str) -> None:
    """Have a trigger on every table strike at the row whose number stands in `trap`."""
    await admin.execute(
        f"""CREATE SEQUENCE "{app_id}".written; CREATE TABLE "{app_id}".trap (at bigint); INSERT INTO "{app_id}".trap VALUES (0);
            CREATE FUNCTION "{app_id}".strike() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF current_query() LIKE '%commit_steps%' AND nextval('"{app_id}".written') = (SELECT at FROM "{app_id}".trap) THEN
                {STRIKES[strike]}
              END IF;
              RETURN NULL;
            END $$"""
    )
    for table in TABLES:
        await admin.execute(
            f"""CREATE TRIGGER strike AFTER INSERT OR UPDATE OR DELETE ON "{app_id}".{table}
                FOR EACH ROW EXECUTE FUNCTION "{app_id}".strike()"""
        )


@pytest.mark.parametrize("strike", STRIKES)
@pytest.mark.parametrize("stride", [3, pytest.param(1, marks=[pytest.mark.crash, pytest.mark.timeout(300)])])
async def test_a_fault_at_any_row_changes_nothing(dsn: str, app_id: str, admin: asyncpg.Connection, strike: str, stride: int) -> None:
    worker = Worker()
    callbacks = {"gen": worker.gen, "note": worker.note, "broken": worker.broken}
    async with running(dsn, app_id, app(app_id, ALL, KID), callbacks, poll_s=0.1) as mesh:
        await mesh.sub("all.done", worker.hear)
        await set_traps(admin, app_id, strike)
        expected, at, struck = await outcome(mesh, admin, app_id, "m0", worker), stride // 2, 0
        rows = await admin.fetchval(f'SELECT last_value FROM "{app_id}".written')
        assert expected["heard"] == [1, 2]
        assert rows > 60, "the job writes too little for this test"
        while True:
            at += stride
            job_id = f"m{at}"
            await admin.execute(f"""SELECT setval('"{app_id}".written', 1, false)""")
            await admin.execute(f'UPDATE "{app_id}".trap SET at = $1', at)
            got = await outcome(mesh, admin, app_id, job_id, worker)
            assert got == expected, f"row {at} of about {rows}"
            if await admin.fetchval(f'SELECT last_value FROM "{app_id}".written') < at:
                break
            struck += 1
        assert struck >= (rows - stride) // stride - 1


async def outcome(mesh: HotMesh, admin: asyncpg.Connection, app_id: str, job_id: str, worker: Worker) -> dict[str, Any]:
    """Everything that has come of a job and its child; their ids aside."""
    try:
        output: Any = (await mesh.pubsub("all", {}, job_id=job_id, timeout=20)).data
    except JobError as error:
        output = (error.code, str(error))
    await drained(admin, app_id)
    instances = await admin.fetch(
        f"""SELECT j.topic, a.symbol, a.dimension, a.value ->> 'status' AS status, a.ledger,
                   replace(a.value ->> 'input', $1, 'its id') AS input
            FROM "{app_id}".jobs_attributes a JOIN "{app_id}".jobs j ON j.id = a.job_id
            WHERE j.key = $1 OR j.parent_key = $1 ORDER BY 1, 2, 3""",
        job_id,
    )
    jobs = await admin.fetch(f'SELECT topic, status FROM "{app_id}".jobs WHERE key = $1 OR parent_key = $1 ORDER BY 1', job_id)
    escalations = await admin.fetch(
        f'SELECT e.state FROM "{app_id}".escalations e JOIN "{app_id}".jobs j ON j.id = e.job_id WHERE j.key = $1', job_id
    )
    child = await admin.fetchval(f'SELECT key FROM "{app_id}".jobs WHERE parent_key = $1', job_id)
    calls = sorted(str(what) for jid, *what in worker.calls if jid in (job_id, child))
    heard = [stage for jid, stage in worker.heard if jid == job_id]
    return {
        "output": output,
        "instances": plain(instances),
        "jobs": plain(jobs),
        "escalations": plain(escalations),
        "calls": calls,
        "heard": heard,
    }


def plain(rows: list[asyncpg.Record]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in rows]
