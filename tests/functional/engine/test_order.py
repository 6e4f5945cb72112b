"""The order app, from start to rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from hotmesh import DuplicateJobError, HotMesh, JobNotFound
from hotmesh.errors import PayloadError, UnknownTopic
from tests.functional.engine.apps import ORDER, running

QUERY = """
SELECT j.key AS job_key, j.status AS semaphore, j.entity AS workflow, a.symbol AS attribute, a.dimension, a.value,
       j.created_at, j.updated_at
FROM jobs j JOIN jobs_attributes a ON a.job_id = j.id WHERE j.key = 'order-456' ORDER BY a.symbol, a.dimension;
"""


async def check(task: Any) -> dict[str, int]:
    return {"available": 10}


async def reserve(task: Any) -> dict[str, Any]:
    return {"reservationId": f"r-{task.metadata.jid}", "remaining": 10 - task.data["quantity"]}


async def backorder(task: Any) -> dict[str, Any]:
    return {"backorderId": f"b-{task.metadata.jid}"}


WORKERS = {"inventory.check": check, "inventory.reserve": reserve, "inventory.backorder.notify": backorder}


@pytest.fixture
async def mesh(dsn: str, app_id: str) -> AsyncIterator[HotMesh]:
    text = ORDER.read_text(encoding="utf-8").replace("id: orders", f"id: {app_id}")
    async with running(dsn, app_id, text, WORKERS) as mesh:
        yield mesh


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        (3, {"status": "reserved", "reservationId": "r-order-1"}),
        (10, {"status": "reserved", "reservationId": "r-order-1"}),
        (11, {"status": "backordered", "backorderId": "b-order-1"}),
    ],
)
async def test_each_branch_gives_its_output(mesh: HotMesh, quantity: int, expected: dict[str, Any]) -> None:
    done = await mesh.pubsub("order.requested", {"itemId": "x", "requestedQty": quantity}, job_id="order-1")
    assert done.data == {"itemId": "x", "requestedQty": quantity, "available": 10, **expected}
    assert (done.metadata.jid, done.metadata.js, done.metadata.err) == ("order-1", 0, None)


@pytest.mark.parametrize("payload", [{}, {"itemId": "x"}, {"itemId": "x", "requestedQty": "3"}, {"itemId": "", "requestedQty": 3}, [], "x"])
async def test_a_payload_that_does_not_fit_starts_nothing(mesh: HotMesh, payload: Any) -> None:
    with pytest.raises(PayloadError) as raised:
        await mesh.pub("order.requested", payload, job_id="order-1")
    assert raised.value.code == 422
    with pytest.raises(JobNotFound):
        await mesh.get_status("order-1")


async def test_a_topic_that_nobody_subscribes_to_is_named_with_those_there_are(mesh: HotMesh) -> None:
    with pytest.raises(UnknownTopic, match=r"order\.request'.*order\.requested"):
        await mesh.pub("order.request", {})


async def test_a_live_id_is_refused_attached_or_replaced(mesh: HotMesh) -> None:
    payload = {"itemId": "x", "requestedQty": 3}
    await mesh.pubsub("order.requested", payload, job_id="order-1")
    with pytest.raises(DuplicateJobError, match="order-1") as raised:
        await mesh.pub("order.requested", payload, job_id="order-1")
    assert raised.value.code == 409
    attached = await mesh.pubsub("order.requested", {**payload, "requestedQty": 11}, job_id="order-1", on_duplicate="attach")
    assert attached.data["status"] == "reserved"
    replaced = await mesh.pubsub("order.requested", {**payload, "requestedQty": 11}, job_id="order-1", on_duplicate="replace_finished")
    assert replaced.data["status"] == "backordered"


async def test_of_many_starts_of_one_id_exactly_one_succeeds(mesh: HotMesh) -> None:
    payload = {"itemId": "x", "requestedQty": 3}
    starts = [mesh.pub("order.requested", payload, job_id="order-1") for _ in range(20)]
    outcomes = await asyncio.gather(*starts, return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcomes) == ["DuplicateJobError"] * 19 + ["str"]


async def test_state_and_status_tell_of_a_finished_job(mesh: HotMesh) -> None:
    await mesh.pubsub("order.requested", {"itemId": "x", "requestedQty": 3}, job_id="order-1")
    assert await mesh.get_status("order-1") == 0
    state = await mesh.get_state("order.requested", "order-1")
    assert state.data["status"] == "reserved"
    with pytest.raises(JobNotFound):
        await mesh.get_state("order.other", "order-1")
    with pytest.raises(JobNotFound, match="order-2"):
        await mesh.get_status("order-2")


async def test_the_documented_query_works_as_it_stands(mesh: HotMesh, admin: asyncpg.Connection, app_id: str) -> None:
    await mesh.pubsub("order.requested", {"itemId": "x", "requestedQty": 3}, job_id="order-456")
    await admin.execute(f'SET search_path = "{app_id}"')
    rows = await admin.fetch(QUERY)
    assert [(row["attribute"], row["dimension"]) for row in rows] == [
        ("available", ""),
        ("checkInventory", ",0,0"),
        ("itemId", ""),
        ("order", ",0"),
        ("requestedQty", ""),
        ("reservationId", ""),
        ("reserveItem", ",0,0,0"),
        ("status", ""),
    ]
    assert {(row["job_key"], row["semaphore"], row["workflow"]) for row in rows} == {("order-456", 0, "order")}


async def test_a_drained_load_leaves_no_row_in_the_streams(mesh: HotMesh, admin: asyncpg.Connection, app_id: str) -> None:
    runs = [mesh.pubsub("order.requested", {"itemId": "x", "requestedQty": n}) for n in range(1, 101)]
    done = await asyncio.gather(*runs)
    assert [each.data["status"] for each in done] == ["reserved"] * 10 + ["backordered"] * 90
    for table in ("engine_streams", "worker_streams", "waits"):
        assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".{table}') == 0
