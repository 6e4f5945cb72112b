"""A console on a real mesh: it sees everything, and its orders are carried out, though it takes no part in the work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hotmesh import Fatal, HotMesh, JobError, JobNotFound
from hotmesh.client.console import Console
from hotmesh.client.filters import parse_filter
from hotmesh.errors import EscalationError, SchemaError, UnknownTopic
from hotmesh.store.escalations import STATES, EscalationFilter
from hotmesh.values import Json
from tests.functional.tui.test_terminal import APPROVAL

pytestmark = pytest.mark.timeout(90)


async def check(task: Any) -> Json:
    """Takes small amounts."""
    if task.data["amount"] > 1000:
        raise Fatal("too much for us")
    return {"checked": True}


@pytest.fixture
async def mesh(dsn: str, app_id: str) -> AsyncIterator[HotMesh]:
    """A running engine and worker with the app deployed."""
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[{"topic": "expense.check", "callback": check}]) as mesh:
        await mesh.deploy(APPROVAL.format(app_id=app_id))
        await mesh.activate("1")
        yield mesh


class Watch:
    """A console, and a way to wait for what it hears of."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._heard = asyncio.Event()
        console.listen(lambda _: self._heard.set())

    async def state(self, job_id: str, wanted: str, after: int = 0) -> int:
        """Until a job is in a state beyond a revision, as the list tells it; its revision. Word of mouth wakes, nothing else."""
        async with asyncio.timeout(10):
            while True:
                self._heard.clear()
                page = await self.console.jobs()
                row = next((row for row in page.rows if row.key == job_id), None)
                if row is not None and row.state == wanted and row.revision > after:
                    return row.revision
                await self._heard.wait()


@asynccontextmanager
async def watching(dsn: str, app_id: str) -> AsyncIterator[Watch]:
    """A console that listens."""
    async with await Console.open(app_id, dsn) as console:
        yield Watch(console)


async def submit(mesh: HotMesh, name: str, amount: int = 10) -> None:
    """One expense."""
    await mesh.pub("expense.submitted", {"id": name, "amount": amount})


async def test_changes_are_heard_of_and_orders_are_carried_out(mesh: HotMesh, dsn: str, app_id: str) -> None:
    async with watching(dsn, app_id) as watch:
        console = watch.console
        await submit(mesh, "a")
        await watch.state("a", "waiting")
        await console.pause("a")
        await watch.state("a", "paused")
        await console.resume("a")
        await watch.state("a", "waiting")
        await console.signal("expense.decided", {"id": "a", "approved": True})
        await watch.state("a", "completed")
        for order, state in ((console.cancel, "cancelled"), (console.interrupt, "interrupted")):
            await submit(mesh, state)
            await watch.state(state, "waiting")
            await order(state, "not today")
            await watch.state(state, state)
            assert (await console.read(state)).error["message"] == "not today"


async def test_failed_jobs_run_again(mesh: HotMesh, dsn: str, app_id: str) -> None:
    async with watching(dsn, app_id) as watch:
        await submit(mesh, "dear", 5_000)
        before = await watch.state("dear", "failed")
        await watch.console.retry("dear")
        await watch.state("dear", "failed", before)
        again = await watch.console.rerun("dear")
        await watch.state(again, "failed")


async def test_what_can_not_be_done_is_refused(mesh: HotMesh, dsn: str, app_id: str) -> None:
    async with watching(dsn, app_id) as watch:
        await submit(mesh, "dear", 5_000)
        await watch.state("dear", "failed")
        with pytest.raises(JobError, match="has ended"):
            await watch.console.cancel("dear", "")
        with pytest.raises(JobNotFound):
            await watch.console.pause("nobody")
        with pytest.raises(UnknownTopic, match="no hook"):
            await watch.console.signal("nothing", {})


async def test_lists_are_filtered_and_paged(mesh: HotMesh, dsn: str, app_id: str) -> None:
    async with watching(dsn, app_id) as watch:
        for number in range(5):
            await submit(mesh, f"item_{number}", 5_000 if number % 2 else 10)
        await watch.state("item_4", "waiting")
        await watch.state("item_3", "failed")

        async def found(text: str) -> list[str]:
            return [row.key for row in (await watch.console.jobs(parse_filter(text))).rows]

        assert await found("state:failed") == ["item_3", "item_1"]
        assert await found("state:waiting") == ["item_4", "item_2", "item_0"]
        assert await found("topic:expense.* too much") == ["item_3", "item_1"]
        assert await found("id:item_4,item_0") == ["item_4", "item_0"]
        assert await found("id:item%4") == [], "only * stands for anything"
        assert await found("age>1h") == []
        assert len(await found("age<1h version:1")) == 5
        first = await watch.console.jobs(limit=2)
        second = await watch.console.jobs(limit=2, before=first.next)
        third = await watch.console.jobs(limit=2, before=second.next)
        assert [row.key for page in (first, second, third) for row in page.rows] == [f"item_{number}" for number in (4, 3, 2, 1, 0)]
        tally = await watch.console.tally()
        assert (tally.total, tally.states) == (5, {"open": 3, "failed": 2})


async def test_an_escalation_goes_to_one_person_and_its_answer_to_its_hook(mesh: HotMesh, dsn: str, app_id: str) -> None:
    async with watching(dsn, app_id) as watch:
        console = watch.console
        for name in ("a", "b"):
            await submit(mesh, name)
            await watch.state(name, "waiting")
        first, second = await console.escalated()
        await console.claim(first.id, "ada")
        with pytest.raises(EscalationError, match="ada has claimed this escalation"):
            await console.claim(first.id, "grace")
        with pytest.raises(EscalationError, match="ada has claimed"):
            await console.resolve(first.id, {"approved": True}, "grace")
        await console.release(first.id, "ada")
        await console.resolve(first.id, {"approved": True}, "grace")
        await watch.state(first.job_id, "completed")
        with pytest.raises(EscalationError, match="is resolved"):
            await console.claim(first.id, "ada")
        await console.dismiss(second.id, "nobody cares", "grace")
        await watch.state(second.job_id, "failed")
        assert (await console.read(second.job_id)).error["code"] == 410
        assert {each.state for each in await console.escalated(EscalationFilter(states=STATES))} == {"resolved", "cancelled"}
        with pytest.raises(EscalationError, match="no id of an escalation"):
            await console.claim("x", "ada")


async def test_the_mesh_and_its_queues_are_seen_and_braked(mesh: HotMesh, dsn: str, app_id: str) -> None:
    async with watching(dsn, app_id) as watch:
        console = watch.console
        assert [member.guid for member in (await console.mesh()).members] == [mesh.guid], "the console is no member"
        await console.throttle("topic:expense.check", -1)
        assert (await console.mesh()).throttles == {"topic:expense.check": -1}
        await submit(mesh, "a")
        queues = {queue.topic: queue for queue in await console.queues()}
        assert queues["expense.check"].throttle_ms == -1
        assert queues["expense.check"].consumers == 1


async def test_apps_are_chosen(mesh: HotMesh, dsn: str, app_id: str) -> None:
    with pytest.raises(SchemaError, match=app_id):
        await Console.open("nosuchapp", dsn)
