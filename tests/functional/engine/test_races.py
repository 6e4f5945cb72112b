"""Two things at the same moment: exactly one wins, the other changes nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from hotmesh import DuplicateJobError, HotMesh, JobError, JobNotFound
from tests.functional.engine.apps import app, graph, running, until

HOOKS = "{go: [{to: h, conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.id}'}]}}]}"
EITHER = graph(
    "either",
    "{t: {type: trigger}, h: {type: hook, sleep: '{t.output.data.s}', job: {maps: {woke: '{$self.hook.data}'}}}}",
    "{t: [{to: h}]}",
    hooks=HOOKS,
)
POLL = graph(
    "poll",
    "{t: {type: trigger}, h: {type: hook, sleep: 0.01}, c: {type: cycle, ancestor: h}}",
    "{t: [{to: h}], h: [{to: c, conditions: {match: [{expected: true, actual: {'@pipe': [['{h.output.metadata.dad}', ',0,9'],"
    " ['{@string.endsWith}'], ['{@logical.not}']]}}]}}]}",
    hooks=HOOKS,
)


@pytest.mark.parametrize("count", [200, pytest.param(1_000, marks=pytest.mark.crash)])
async def test_of_a_signal_and_a_timer_in_the_same_millisecond_one_wins(
    dsn: str, app_id: str, admin: asyncpg.Connection, count: int
) -> None:
    async with running(dsn, app_id, app(app_id, EITHER), poll_s=0.2) as mesh, HotMesh(app_id=app_id, engine={"connection": dsn}) as other:

        async def one(number: int) -> Any:
            waiting = asyncio.create_task(mesh.pubsub("either", {"s": 0.3}, job_id=f"j{number}", timeout=30))
            await asyncio.sleep(0.295 + number % 10 / 1000)
            await other.signal("go", {"id": f"j{number}"})
            return (await waiting).data["woke"]

        woke = await asyncio.gather(*map(one, range(count)))
    assert all(set(each) in ({"timestamp"}, {"id"}) for each in woke)
    rows = await admin.fetch(f"""SELECT ledger FROM "{app_id}".jobs_attributes WHERE symbol = 'h'""")
    assert [row["ledger"] for row in rows] == [301100000000001] * count
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".engine_streams') == 0
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".waits WHERE job_id IS NOT NULL') == 0


async def test_signals_to_hooks_that_come_round_again_do_not_deadlock(dsn: str, app_id: str) -> None:
    async with running(dsn, app_id, app(app_id, POLL), poll_s=0.1) as mesh, HotMesh(app_id=app_id, engine={"connection": dsn}) as other:
        jobs = [asyncio.create_task(mesh.pubsub("poll", {}, job_id=f"j{n}", timeout=30)) for n in range(50)]
        for _ in range(12):
            await asyncio.gather(*(side.signal("go", {"id": f"j{n}"}) for n in range(50) for side in (mesh, other)))
        assert all(each.metadata.js == 0 for each in await asyncio.gather(*jobs))


async def test_of_two_timers_of_one_job_only_the_beaten_one_is_dropped(dsn: str, app_id: str) -> None:
    two = graph(
        "two",
        "{t: {type: trigger}, h: {type: hook, sleep: 0.2}, i: {type: hook, sleep: 0.2}}",
        "{t: [{to: h}, {to: i}]}",
        hooks=HOOKS[:-1] + ", stop: [{to: i, conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.id}'}]}}]}",
    )
    async with running(dsn, app_id, app(app_id, two), poll_s=0.2) as mesh, HotMesh(app_id=app_id, engine={"connection": dsn}) as other:

        async def one(number: int) -> None:
            waiting = asyncio.create_task(mesh.pubsub("two", {}, job_id=f"j{number}", timeout=15))
            await asyncio.sleep(0.195 + number % 10 / 1000)
            await other.signal("go", {"id": f"j{number}"})
            await waiting

        await asyncio.gather(*map(one, range(100)))


async def test_two_connections_that_start_one_id(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    async with running(dsn, app_id, app(app_id, EITHER)) as mesh, HotMesh(app_id=app_id, engine={"connection": dsn}) as other:
        for number in range(50):
            starts = (side.pub("either", {"s": 0}, job_id=f"j{number}") for side in (mesh, other))
            outcomes = await asyncio.gather(*starts, return_exceptions=True)
            assert sorted(type(each) is DuplicateJobError for each in outcomes) == [False, True]
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".jobs') == 50


async def test_interrupting_from_two_sides_ends_the_job_once(dsn: str, app_id: str) -> None:
    async with running(dsn, app_id, app(app_id, EITHER)) as mesh, HotMesh(app_id=app_id, engine={"connection": dsn}) as other:
        told: list[Any] = []
        await mesh.sub("either.done", lambda topic, output: told.append(output.metadata.jid))
        await mesh.pub("either", {"s": 60}, job_id="j")
        await asyncio.gather(*(side.interrupt("either", "j", reason="enough") for side in (mesh, other)))
        with pytest.raises(JobError, match="enough"):
            await mesh.result("j")
        await mesh.interrupt("either", "j")
        assert await mesh.get_status("j") == -1_000_000_000


async def test_a_job_id_is_free_again_once_it_has_expired(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    async with running(dsn, app_id, app(app_id, EITHER)) as mesh:
        await mesh.pubsub("either", {"s": 0.01}, job_id="j")
        with pytest.raises(DuplicateJobError):
            await mesh.pub("either", {"s": 0.01}, job_id="j")
        await admin.execute(f'UPDATE "{app_id}".jobs SET expired_at = hotmesh.now()')
        await mesh.pubsub("either", {"s": 0.01}, job_id="j")
        assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".jobs') == 2


async def test_a_start_brought_twice_stands_in_nobodys_way(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    """A start that was carried out already comes again, in one commit with starts of others: it changes nothing, they begin."""
    async with running(dsn, app_id, app(app_id, EITHER)) as mesh:
        await mesh.pub("either", {"s": 60}, job_id="j")
        row_id = await admin.fetchval(f'SELECT id FROM "{app_id}".jobs')
        async with admin.transaction():
            for number in range(20):
                start = {"topic": "either", "data": {"s": 0.01}, "key": f"n{number}"}
                again = {"topic": "either", "data": {"s": 0.01}, "key": "j", "id": str(row_id)}
                await admin.executemany(
                    f"""INSERT INTO "{app_id}".engine_streams (id, kind, payload) VALUES (hotmesh.make_id(), 'start', $1)""",
                    [(json.dumps(start),), (json.dumps(again),)],
                )
        mesh.node.message_claims.alarm.ring()
        outputs = await asyncio.gather(*(ended(mesh, f"n{number}") for number in range(20)))
        assert [output.metadata.js for output in outputs] == [0] * 20
        assert await mesh.get_status("j") == 1
    assert await admin.fetch(f'SELECT * FROM "{app_id}".dead_letters') == []


async def ended(mesh: HotMesh, job_id: str) -> Any:
    """The result of a job that may not be there yet."""
    while True:
        try:
            return await mesh.result(job_id, timeout=10)
        except JobNotFound:
            await asyncio.sleep(0.02)


async def test_a_start_that_waits_for_a_deletion_begins(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    """The job that had its id has expired, and is being pruned at the moment."""
    async with running(dsn, app_id, app(app_id, EITHER)) as mesh:
        await mesh.pubsub("either", {"s": 0.01}, job_id="j")
        await admin.execute(f'UPDATE "{app_id}".jobs SET expired_at = hotmesh.now()')
        other = await asyncpg.connect(dsn)
        async with other.transaction():
            await other.execute(f'DELETE FROM "{app_id}".jobs')
            starts = [asyncio.create_task(mesh.pubsub("either", {"s": 0.01}, job_id=job_id, timeout=10)) for job_id in ("i", "j", "k")]
            await until(lambda: waits_for_a_row(admin))
        assert [output.metadata.js for output in await asyncio.gather(*starts)] == [0, 0, 0]
        await other.close()


async def waits_for_a_row(admin: asyncpg.Connection) -> bool:
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(await admin.fetchval(sql) > 0)


ENDING = [
    ("{type: interrupt, reason: enough, throw: THROW}", "{t: [{to: x}]}"),
    (
        "{type: interrupt, reason: enough, throw: THROW}, y: {type: interrupt, reason: again, code: 499, throw: THROW}",
        "{t: [{to: x}, {to: y}]}",
    ),
]


@pytest.mark.parametrize(("activities", "edges"), ENDING, ids=["one", "two"])
@pytest.mark.parametrize("throw", ["true", "false"])
async def test_an_interrupt_as_the_only_open_activity(
    dsn: str, app_id: str, admin: asyncpg.Connection, activities: str, edges: str, throw: str
) -> None:
    ending = graph("ending", f"{{t: {{type: trigger}}, x: {activities.replace('THROW', throw)}}}", edges)
    async with running(dsn, app_id, app(app_id, ending)) as mesh:
        await mesh.pub("ending", {}, job_id="j")
        if throw == "true":
            with pytest.raises(JobError, match="enough") as raised:
                await mesh.result("j", timeout=10)
            assert raised.value.code == 410
        else:
            assert (await mesh.result("j", timeout=10)).data == {}
        assert await mesh.get_status("j") == -1_000_000_000
    row = await admin.fetchrow(f'SELECT revision, completed_at IS NOT NULL AS done FROM "{app_id}".jobs')
    assert row is not None
    assert tuple(row) == (1, True), "it took more than its first step"
