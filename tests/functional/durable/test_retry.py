"""`hotmesh retry` of workflows, on a real Postgres: with children that failed, that go on, that have ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from hotmesh import Durable
from tests.functional.engine.apps import drained

w = Durable.workflow
QUEUE = "orders"


class Trouble:
    """What is broken until it is mended, and what was done."""

    def __init__(self) -> None:
        self.there = True
        self.done: list[str] = []

    async def work(self, value: str) -> str:
        self.done.append(value)
        if self.there and value == "bad":
            raise ValueError("no luck")
        return value


act: Any = w.proxy_activities({"work": Trouble().work}, retry={"maximum_attempts": 1})


async def inner(value: str) -> str:
    await act.work(f"before {value}")
    return str(await act.work(value))


async def patient(value: str) -> str:
    return f"{value} {await w.condition('go')}"


async def of_a_child() -> list[str]:
    return [await act.work("first"), await w.execute_child(inner, ["bad"], workflow_id="kid")]


async def beside_children() -> list[str]:
    return list(
        await asyncio.gather(
            w.execute_child(patient, ["slow"], workflow_id="slow"),
            w.execute_child(patient, ["quick"], workflow_id="quick"),
            act.work("bad"),
        )
    )


@pytest.fixture
def trouble() -> Trouble:
    return Trouble()


@pytest.fixture(params=[True, False], ids=["resident", "evicted"])
async def client(request: pytest.FixtureRequest, dsn: str, app_id: str, trouble: Trouble) -> AsyncIterator[Durable.Client]:
    workflows: list[Any] = [inner, patient, of_a_child, beside_children]
    async with (
        Durable.Client(dsn, namespace=app_id) as client,
        Durable.Worker(client, task_queue=QUEUE, workflows=workflows, activities={"work": trouble.work}, sticky=request.param),
    ):
        yield client


async def failed(client: Durable.Client, workflow: Any) -> Durable.Handle[Any]:
    handle = await client.start(workflow, id="w", task_queue=QUEUE)
    with pytest.raises(Durable.WorkflowError, match="no luck"):
        await handle.result(30)
    return handle


async def test_a_child_that_failed_is_tried_again_where_it_failed(client: Durable.Client, trouble: Trouble) -> None:
    handle = await failed(client, of_a_child)
    trouble.there = False
    await handle.retry()
    assert await handle.result(30) == ["first", "bad"]
    assert trouble.done == ["first", "before bad", "bad", "bad"]


async def test_children_that_go_on_and_that_have_ended_are_found_again(
    client: Durable.Client, trouble: Trouble, admin: asyncpg.Connection, app_id: str
) -> None:
    handle = await failed(client, beside_children)
    slow, quick = client.get_handle("slow", patient), client.get_handle("quick", patient)
    await quick.signal("go", "early")
    assert await quick.result(30) == "quick early"
    trouble.there = False
    await handle.retry()
    await slow.signal("go", "late")
    assert await handle.result(30) == ["slow late", "quick early", "bad"]
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".jobs') == 3
    await drained(admin, app_id)


async def test_a_child_that_was_ended_by_hand_fails_its_parent_again(client: Durable.Client, trouble: Trouble) -> None:
    handle = await failed(client, beside_children)
    await client.get_handle("slow").terminate("enough")
    trouble.there = False
    await handle.retry()
    with pytest.raises(Durable.WorkflowError, match="enough"):
        await handle.result(30)


async def test_what_has_not_failed_can_not_be_retried(client: Durable.Client) -> None:
    handle = await client.start(patient, "x", task_queue=QUEUE)
    with pytest.raises(Durable.WorkflowError, match="has not failed"):
        await handle.retry()
