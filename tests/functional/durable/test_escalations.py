"""A workflow waits for a person: each way in which that ends, kept in memory and replayed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from hotmesh import Durable
from hotmesh.durable.escalating import FIELDS
from hotmesh.errors import EscalationError
from hotmesh.store.escalations import Escalation
from tests.durable.engine import PLAN

w = Durable.workflow
QUEUE = "q"


@dataclass
class Verdict:
    approved: bool


async def asking(timeout: str) -> str:
    try:
        verdict = await w.condition("verdict", Verdict, timeout=timeout, escalation={"role": "manager", "priority": 2})
    except TimeoutError:
        outcome = "nobody decided"
    except w.EscalationCancelled as error:
        outcome = f"cancelled: {error}"
    else:
        outcome = f"approved: {verdict.approved}"
    await w.sleep(0.01)
    return outcome


async def asking_anything() -> Any:
    answer = await w.condition("verdict", escalation={"role": "manager"})
    await w.sleep(0.01)
    return answer


async def uncaught() -> str:
    return str(await w.condition("verdict", escalation={"role": "manager"}))


async def raced() -> str:
    """Whichever of two people answers first; the other is asked no more."""
    asked = [asyncio.ensure_future(w.condition(who, escalation={"role": who})) for who in ("ada", "grace")]
    done, pending = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    for each in pending:
        each.cancel()
    await w.sleep(0.01)
    return str(done.pop().result())


@pytest.fixture(params=[True, False], ids=["resident", "evicted"])
async def client(request: pytest.FixtureRequest, dsn: str, app_id: str) -> AsyncIterator[Durable.Client]:
    async with (
        Durable.Client(dsn, namespace=app_id) as client,
        Durable.Worker(client, task_queue=QUEUE, workflows=[asking, asking_anything, uncaught, raced], sticky=request.param),
    ):
        yield client


async def opened(client: Durable.Client, count: int = 1) -> list[Escalation]:
    """So many open escalations, once they are there."""
    mesh = await client.mesh()
    while len(found := await mesh.views.escalations.list()) < count:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return found


async def state(client: Durable.Client) -> str:
    (row,) = await client.workflow.search("SELECT state FROM escalations")
    return str(row["state"])


async def test_it_is_resolved(client: Durable.Client) -> None:
    handle = await client.start(asking, "3 days", task_queue=QUEUE)
    (row,) = await opened(client)
    assert (row.role, row.priority) == ("manager", 2)
    await (await client.mesh()).views.escalations.resolve(row.id, {"approved": True}, assignee="ada")
    assert await handle.result(30) == "approved: True"
    assert await state(client) == "resolved"


ANSWERS: list[Any] = [{"id": 7, "data": 1}, {"timestamp": 1_900_000_000_000}, "yes", [1, 2], False, {}]


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
async def test_what_a_person_answers_is_taken_as_it_is(client: Durable.Client, answer: Any) -> None:
    handle = await client.start(asking_anything, task_queue=QUEUE)
    (row,) = await opened(client)
    await (await client.mesh()).views.escalations.resolve(row.id, answer)
    assert await handle.result(30) == answer


async def test_it_is_cancelled(client: Durable.Client) -> None:
    handle = await client.start(asking, "3 days", task_queue=QUEUE)
    (row,) = await opened(client)
    await (await client.mesh()).views.escalations.cancel(row.id, reason="out of budget")
    assert await handle.result(30) == "cancelled: the escalation of verdict was cancelled: out of budget"
    assert await state(client) == "cancelled"


async def test_uncaught_it_ends_the_workflow(client: Durable.Client) -> None:
    handle = await client.start(uncaught, task_queue=QUEUE)
    (row,) = await opened(client)
    await (await client.mesh()).views.escalations.cancel(row.id, reason="out of budget")
    with pytest.raises(Durable.WorkflowError, match="out of budget") as raised:
        await handle.result(30)
    assert (raised.value.type, raised.value.code) == ("EscalationCancelled", 410)


async def test_its_time_is_over(client: Durable.Client) -> None:
    handle = await client.start(asking, "300 ms", task_queue=QUEUE)
    (row,) = await opened(client)
    assert await handle.result(30) == "nobody decided"
    assert await state(client) == "expired"
    with pytest.raises(EscalationError, match="the escalation is expired"):
        await (await client.mesh()).views.escalations.resolve(row.id, {"approved": True})


async def test_its_signal_comes_first(client: Durable.Client) -> None:
    handle = await client.start(asking, "3 days", task_queue=QUEUE)
    (row,) = await opened(client)
    await handle.signal("verdict", Verdict(approved=False))
    assert await handle.result(30) == "approved: False"
    with pytest.raises(EscalationError, match="the escalation is resolved"):
        await (await client.mesh()).views.escalations.resolve(row.id, {"approved": True})


async def test_who_is_asked_no_more_has_no_row_to_answer(client: Durable.Client) -> None:
    handle = await client.start(raced, task_queue=QUEUE)
    rows = {row.role: row for row in await opened(client, 2)}
    await (await client.mesh()).views.escalations.resolve(rows["grace"].id, "grace")
    assert await handle.result(30) == "grace"
    with pytest.raises(EscalationError, match="the escalation is cancelled"):
        await (await client.mesh()).views.escalations.resolve(rows["ada"].id, "ada")


def test_every_field_of_the_graph_can_be_given() -> None:
    graph: Any = PLAN.graphs["durable.start"].activities["task"].activity
    assert set(FIELDS) == set(graph.escalation) - {"taskQueue", "workflowType"}
