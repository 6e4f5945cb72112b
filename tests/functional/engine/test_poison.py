"""One job's trouble is its own: it fails with a clear error, and the others are undisturbed."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from hotmesh import JobError
from tests.functional.engine.apps import app, graph, running, until


async def echo(task: Any) -> Any:
    return task.data


def hook(maps: str) -> str:
    return f"{{t: {{type: trigger}}, w: {{type: hook, job: {{maps: {maps}}}}}}}"


HOOKS = "{go: [{to: w, conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.id}'}]}}]}"
SPLICE = graph("splice", hook("{'x[-]': '{$self.hook.data.x}'}"), "{t: [{to: w}]}", hooks=HOOKS)
EACH = graph(
    "each",
    "{t: {type: trigger}, w: {type: worker, topic: odd, input: {maps: {n: '{$item}'}}, job: {maps: {'x[-]': '{$self.output.data}'}}},"
    " j: {type: hook, join: all}}",
    "{t: [{to: w, foreach: '{t.output.data.items}'}], w: [{to: j}, {to: j, conditions: {code: 500}}]}",
)
ONE = graph("one", "{t: {type: trigger}, w: {type: worker, topic: work}}", "{t: [{to: w}]}")
SIGNAL = graph(
    "sig",
    "{t: {type: trigger}, s: {type: signal, topic: go, code: '{t.output.data.code}', signal: {maps: {id: x}}}}",
    "{t: [{to: s}]}",
)


async def test_a_signal_that_cannot_be_stored_fails_its_job(dsn: str, app_id: str) -> None:
    async with running(dsn, app_id, app(app_id, SPLICE, ONE), {"work": echo}) as mesh:
        await mesh.pub("splice", {}, job_id="a")
        await mesh.signal("go", {"id": "a", "x": {"nul\0": 1}})
        with pytest.raises(JobError, match="can't be stored"):
            await mesh.result("a", timeout=10)
        await mesh.pubsub("one", {}, timeout=10)


async def odd(task: Any) -> Any:
    return {"nul\0": 1} if task.data["n"] == 3 else {f"f{task.data['n']}": 1}


async def test_of_answers_that_commit_together_only_the_bad_one_fails(dsn: str, app_id: str) -> None:
    async with running(dsn, app_id, app(app_id, EACH, ONE), {"odd": odd, "work": echo}) as mesh:
        done = await mesh.pubsub("each", {"items": list(range(10))}, job_id="e", timeout=10)
        assert sorted(done.data) == [f"f{n}" for n in range(10) if n != 3]
        failed = [each for each in (await mesh.execution("e")).instances if each.error]
        assert ["can't be stored" in each.error["message"] for each in failed] == [True]
        await mesh.pubsub("one", {}, timeout=10)


async def test_a_map_of_the_wrong_type_fails_its_activity(dsn: str, app_id: str) -> None:
    async with running(dsn, app_id, app(app_id, SIGNAL, SPLICE, ONE), {"work": echo}) as mesh:
        with pytest.raises(JobError, match="code"):
            await mesh.pubsub("sig", {"code": "abc"}, timeout=10)
        await asyncio.gather(*(mesh.pubsub("one", {}, timeout=10) for _ in range(10)))


WAITING = graph("waiting", "{t: {type: trigger}, w: {type: hook, sleep: 3600}}", "{t: [{to: w}]}")


async def test_a_message_that_nobody_survives_is_given_up(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    """As five processes leave it that died over it: its job fails with 598, and it is a dead letter."""
    async with running(dsn, app_id, app(app_id, WAITING, ONE), {"work": echo}, poll_s=0.1) as mesh:
        await mesh.pub("waiting", {}, job_id="a")
        await admin.execute(
            f"""INSERT INTO "{app_id}".engine_streams (id, kind, job_id, symbol, dimension, claims)
                SELECT hotmesh.make_id(), 'timer', id, 'w', ',0,0', 5 FROM "{app_id}".jobs"""
        )
        with pytest.raises(JobError, match="5 processes died, or gave up, over a message of the kind timer") as failed:
            await mesh.result("a", timeout=10)
        assert failed.value.code == 598
        await mesh.pubsub("one", {}, timeout=10)
    letters = await admin.fetch(f"""SELECT symbol, dimension, error ->> 'code' AS code FROM "{app_id}".dead_letters""")
    assert [tuple(each) for each in letters] == [("w", ",0,0", "598")]
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".engine_streams') == 0


async def test_a_start_that_nobody_survives_is_given_up(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    async with running(dsn, app_id, app(app_id, ONE), {"work": echo}, poll_s=0.1) as mesh:
        async with admin.transaction():
            await admin.fetchval("SELECT hotmesh.pub($1, 'one', '{}', 'poison')", app_id)
            await admin.execute(f'UPDATE "{app_id}".engine_streams SET claims = 5')

        async def given_up() -> bool:
            return bool(await admin.fetchval(f'SELECT count(*) FROM "{app_id}".dead_letters') == 1)

        await until(given_up)
        assert await mesh.node.jobs.find("poison") is None
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".engine_streams') == 0
