"""Leases that run out: what their holders still say changes nothing, and what they held is done by another engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import asyncpg
import pytest

from hotmesh import HotMesh
from tests.functional.engine.apps import app, drained, graph, renew_nothing, running, until

LEASE_S = 0.4
LAST = (
    "{t: {type: trigger}, w: {type: worker, topic: work, job: {maps: {by: '{$self.output.data.by}'}}},"
    " after: {type: worker, topic: after, input: {maps: {by: '{w.output.data.by}'}}}}"
)
ONE = graph("one", LAST, "{t: [{to: w}], w: [{to: after}]}")
ENDS = graph("one", "{t: {type: trigger}, w: {type: worker, topic: work, job: {maps: {by: '{$self.output.data.by}'}}}}", "{t: [{to: w}]}")


class Callback:
    """A worker that tells when it has a task, and answers when it may."""

    def __init__(self, name: str) -> None:
        self.name, self.has_it, self.may_answer = name, asyncio.Event(), asyncio.Event()

    async def __call__(self, task: Any) -> Any:
        self.has_it.set()
        await self.may_answer.wait()
        return {"by": self.name}


@asynccontextmanager
async def two_nodes(dsn: str, app_id: str, text: str, *callbacks: Any) -> AsyncIterator[tuple[HotMesh, HotMesh, list[str]]]:
    """An old process, which no longer renews its leases and takes no more tasks, and a new one; and what the activity after was given."""
    told: list[str] = []

    async def after(task: Any) -> None:
        told.append(task.data["by"])

    old, new = ({"work": each, "after": after} for each in callbacks)
    async with running(dsn, app_id, text, old, lease_s=LEASE_S, poll_s=0.1) as first:
        renew_nothing(first)
        await first.node.task_claims.stop()
        workers = [{"topic": topic, "callback": each} for topic, each in new.items()]
        async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=workers, lease_s=LEASE_S, poll_s=0.1) as second:
            yield first, second, told


async def dropped(mesh: HotMesh, count: int) -> None:
    """Wait until an engine has counted so many events that changed nothing."""
    await until(lambda: asyncio.sleep(0, mesh.node.engine.counts.dropped >= count))
    assert mesh.node.engine.counts.dropped == count


@pytest.mark.parametrize("text", [ONE, ENDS], ids=["the job goes on", "the job ends"])
@pytest.mark.parametrize("first", ["old", "new"])
async def test_of_two_answers_to_one_task_the_one_with_the_lease_counts(
    dsn: str, app_id: str, admin: asyncpg.Connection, text: str, first: Literal["old", "new"]
) -> None:
    """Whichever comes first: the old worker's answer is dropped and counted, the step after runs once, nothing is left."""
    old, new = Callback("old"), Callback("new")
    async with two_nodes(dsn, app_id, app(app_id, text), old, new) as (late, taker, told):
        job = await late.pub("one", {})
        await asyncio.wait_for(old.has_it.wait(), 10)
        await asyncio.wait_for(new.has_it.wait(), 10)
        if first == "old":
            old.may_answer.set()
            await dropped(late, 1)
            assert await late.get_status(job) == 1, "the old worker's answer was taken"
        new.may_answer.set()
        done = await late.result(job, timeout=10)
        if first == "new":
            old.may_answer.set()
            await dropped(late, 1)
        assert done.data == {"by": "new"}
        assert told == (["new"] if text == ONE else [])
        assert taker.node.engine.counts.dropped == 0
        await drained(admin, app_id)
    ledgers = await admin.fetch(f"""SELECT ledger FROM "{app_id}".jobs_attributes WHERE symbol IN ('w', 'after')""")
    assert {row["ledger"] for row in ledgers} == {301100000000001}, "an activity took two answers"


GEN = graph(
    "gen",
    "{t: {type: trigger}, g: {type: worker, topic: work, job: {maps: {by: '{$self.output.data.by}'}}},"
    " n: {type: hook, input: {maps: {by: '{g.output.data.by}'}}}}",
    "{t: [{to: g}], g: [{to: n, conditions: {code: 202}}]}",
)


class Generator(Callback):
    """The same as an async generator: one answer on the way, when it may, and a last one."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.said, self.may_end = asyncio.Event(), asyncio.Event()

    async def answers(self, task: Any) -> AsyncIterator[Any]:
        self.has_it.set()
        await self.may_answer.wait()
        yield {"data": {"by": self.name}, "status": "pending", "metadata": {}}
        self.said.set()
        await self.may_end.wait()
        yield {"by": self.name}


async def test_an_answer_on_the_way_under_a_lost_lease_is_dropped(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    old, new = Generator("old"), Generator("new")
    async with two_nodes(dsn, app_id, app(app_id, GEN), old.answers, new.answers) as (late, _, _):
        job = await late.pub("gen", {})
        await asyncio.wait_for(old.has_it.wait(), 10)
        await asyncio.wait_for(new.has_it.wait(), 10)
        old.may_answer.set()
        await asyncio.wait_for(old.said.wait(), 10)
        new.may_answer.set()
        await asyncio.wait_for(new.said.wait(), 10)
        for each in (old, new):
            each.may_end.set()
        assert (await late.result(job, timeout=10)).data == {"by": "new"}
        await drained(admin, app_id)
    rows = await admin.fetch(f"""SELECT value -> 'input' ->> 'by' AS by FROM "{app_id}".jobs_attributes WHERE symbol = 'n'""")
    assert [row["by"] for row in rows] == ["new"]


class Both:
    """A worker that has one task twice, since its process has claimed it again when the lease had run out; each run goes on when told."""

    def __init__(self, kind: str) -> None:
        self.kind, self.calls, self.has_both = kind, 0, asyncio.Event()
        self.go_on = [asyncio.Event(), asyncio.Event()]

    async def _begin(self) -> str:
        self.calls += 1
        number = self.calls
        if number == 2:
            self.has_both.set()
        if number <= 2:
            await self.go_on[number - 1].wait()
        return ["first", "second", "third"][number - 1]

    async def answer(self, task: Any) -> Any:
        by = await self._begin()
        if self.kind == "errors" and by != "third":
            raise RuntimeError(by)
        return {"by": by}

    async def answers(self, task: Any) -> AsyncIterator[Any]:
        by = await self._begin()
        if by == "second":
            yield {"data": {"by": by}, "status": "pending", "metadata": {}}
        yield {"by": by}


KINDS = [("answers", "second"), ("errors", "third"), ("an answer on the way and a last one", "second")]


@pytest.mark.parametrize(("kind", "winner"), KINDS)
async def test_a_process_that_has_a_task_twice(dsn: str, app_id: str, admin: asyncpg.Connection, kind: str, winner: str) -> None:
    """Two answers to one task are ready for the same step: the one whose lease was lost is dropped, the other is taken."""
    both = Both(kind)
    retry = {"maximum_attempts": 3, "initial_interval": 0.01, "backoff_coefficient": 1}
    worker = {"topic": "work", "callback": both.answers if "way" in kind else both.answer, "retry": retry}
    async with running(dsn, app_id, app(app_id, GEN), {"work": worker}, lease_s=LEASE_S, poll_s=0.1) as mesh:
        renew_nothing(mesh)
        job = await mesh.pub("gen", {})
        engine, row_id = mesh.node.engine, str(await admin.fetchval(f'SELECT id FROM "{app_id}".jobs'))

        async def at_hand(count: int) -> None:
            await until(lambda: asyncio.sleep(0, len(engine._inbox.get(row_id, ())) == count))

        await engine._enter(row_id)
        both.go_on[0].set()
        await at_hand(1)
        await asyncio.wait_for(both.has_both.wait(), 10)
        await mesh.node.task_claims.stop()
        both.go_on[1].set()
        await at_hand(2)
        engine._leave(row_id)
        mesh.node.task_claims.start()
        assert (await mesh.result(job, timeout=10)).data == {"by": winner}
        await drained(admin, app_id)
    assert both.calls == (3 if kind == "errors" else 2)
    rows = await admin.fetch(f"""SELECT value -> 'input' ->> 'by' AS by FROM "{app_id}".jobs_attributes WHERE symbol = 'n'""")
    assert [row["by"] for row in rows] == (["second"] if "way" in kind else [])


async def test_a_task_claimed_again_ends_the_callback_that_lost_it(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    """The process that stood still claims its own task: of the two runs the first is cancelled, the second has the lease."""
    begun, cancelled, go_on = asyncio.Semaphore(0), asyncio.Event(), asyncio.Event()

    async def work(task: Any) -> Any:
        begun.release()
        try:
            await go_on.wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return {"by": "second"}

    async with running(dsn, app_id, app(app_id, ENDS), {"work": work}, lease_s=LEASE_S, poll_s=0.1) as mesh:
        renew = mesh.node.leases.renew
        renew_nothing(mesh)
        job = await mesh.pub("one", {})
        for _ in range(2):
            await asyncio.wait_for(begun.acquire(), 10)
        mesh.node.leases.renew = renew  # type: ignore[method-assign]
        await asyncio.wait_for(cancelled.wait(), 10)
        go_on.set()
        assert (await mesh.result(job, timeout=10)).data == {"by": "second"}
        await drained(admin, app_id)
        assert mesh.node.router.held == {}


PARENT = graph("parent", "{t: {type: trigger}, a: {type: await, topic: kid, job: {maps: {x: '{$self.output.data.x}'}}}}", "{t: [{to: a}]}")
KID = graph("kid", "{t: {type: trigger, job: {maps: {x: 7}}}}")


async def test_messages_of_a_dead_engine_come_back(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    """An engine dies with a child's start that its own commit has leased to it."""
    async with (
        running(dsn, app_id, app(app_id, PARENT, KID), lease_s=LEASE_S, poll_s=0.1) as mesh,
        HotMesh(app_id=app_id, engine={"connection": dsn}, lease_s=LEASE_S) as dead,
    ):
        dead.node.engine.take_message = lambda message: None
        renew_nothing(dead)
        for service in (mesh.node.message_claims, dead.node.message_claims):
            await service.stop()
        job = await dead.pub("parent", {})
        held = await admin.fetchrow(f'SELECT kind, owner, token FROM "{app_id}".engine_streams')
        assert held is not None
        assert (held["kind"], held["owner"], held["token"] is not None) == ("start", dead.guid, True)
        mesh.node.message_claims.start()
        assert (await mesh.result(job, timeout=10)).data == {"x": 7}
        await drained(admin, app_id)
        assert dead.node.engine.counts.events == 1


async def test_a_message_keeps_its_lease_however_long_it_takes(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    """Its commit waits for a row that somebody else holds, for several leases: no other engine takes the message."""
    sleeper = graph("one", "{t: {type: trigger}, h: {type: hook}}", "{t: [{to: h}]}", hooks=HOOKS)
    claimed: list[str] = []
    async with running(dsn, app_id, app(app_id, sleeper), lease_s=LEASE_S, poll_s=0.1) as mesh:
        await mesh.pub("one", {}, job_id="j")
        async with HotMesh(app_id=app_id, engine={"connection": dsn}, lease_s=LEASE_S, poll_s=0.05) as other:
            take = other.node.message_claims._take
            other.node.message_claims._take = lambda message: (claimed.append(message.kind), take(message))[1]  # type: ignore[func-returns-value]
            async with admin.transaction():
                await admin.execute(f'SELECT FROM "{app_id}".jobs FOR UPDATE')
                await mesh.signal("go", {"id": "j"})
                first = await until_leased(dsn, app_id, None)
                deadline = first
                for _ in range(4):
                    deadline = await until_leased(dsn, app_id, deadline)
            assert (await mesh.result("j", timeout=10)).metadata.js == 0
            await drained(admin, app_id)
            assert mesh.node.engine.counts.events == 2
            assert claimed == []


HOOKS = "{go: [{to: h, conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.id}'}]}}]}"


async def until_leased(dsn: str, app_id: str, beyond: Any) -> Any:
    """Wait until the message's lease ends later than `beyond`; when it ends. Fails when it was claimed a second time."""
    connection = await asyncpg.connect(dsn)
    ends: Any = None

    async def look() -> bool:
        nonlocal ends
        row = await connection.fetchrow(f"""SELECT claims, visible_at FROM "{app_id}".engine_streams WHERE token IS NOT NULL""")
        assert row is None or row["claims"] == 1, "the message was claimed again"
        ends = row and row["visible_at"]
        return ends is not None and (beyond is None or ends > beyond)

    try:
        await until(look)
    finally:
        await connection.close()
    return ends


async def test_a_locked_task_holds_up_no_renewal(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    """Somebody's transaction holds a task's row for long, as a commit does that waits for another one."""
    workers: dict[str, Any] = {"work": lambda task: None}
    async with running(dsn, app_id, app(app_id, ENDS), workers) as mesh:
        for service in (mesh.node.task_claims, mesh.node.leases):
            await service.stop()
        mesh.node.router.draining = True
        for _ in range(3):
            await mesh.pub("one", {})
        tasks = [(task.id, task.token) for task in await mesh.node.streams.claim_tasks({"work": 9}, 7)]
        ends = f'SELECT id::text AS id, visible_at FROM "{app_id}".worker_streams'
        before = {row["id"]: row["visible_at"] for row in await admin.fetch(ends)}
        async with admin.transaction():
            await admin.execute(f'SELECT FROM "{app_id}".worker_streams WHERE id = $1 FOR UPDATE', tasks[0][0])
            ours = await asyncio.wait_for(mesh.node.streams.renew([*tasks, (tasks[0][0], 8)], []), 10)
        assert ours == {id_ for id_, _ in tasks}, "what is locked is still ours"
        after = {row["id"]: row["visible_at"] for row in await admin.fetch(ends)}
        assert [after[id_] > before[id_] for id_, _ in tasks] == [False, True, True]
