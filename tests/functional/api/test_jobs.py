"""Jobs through the API: starting, asking, failing, timing out, listening."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hotmesh import CompileError, DuplicateJobError, HotMesh, JobError, JobNotFound, JobTimeout, StreamData
from hotmesh.client.observer import Observer
from hotmesh.errors import NotActive, UnknownTopic, VersionError

ORDER = Path(__file__).parents[3] / "graphs" / "order" / "order.yaml"
STOCK = {"item-123": 10}


async def check(task: StreamData) -> Any:
    return {"available": STOCK.get(task.data["itemId"], 0)}


async def reserve(task: StreamData) -> Any:
    return {"reservationId": f"r-{task.data['quantity']}"}


def notify(task: StreamData) -> Any:
    """A plain function: it runs in a thread."""
    return {"data": {"backorderId": f"b-{task.data['missing']}"}, "status": "success", "code": 200}


WORKERS = {"inventory.check": check, "inventory.reserve": reserve, "inventory.backorder.notify": notify}


def order_app(app_id: str) -> str:
    return ORDER.read_text().replace("id: orders", f"id: {app_id}")


@pytest.fixture
async def mesh(dsn: str, app_id: str) -> AsyncIterator[HotMesh]:
    workers = [{"topic": topic, "callback": callback} for topic, callback in WORKERS.items()]
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=workers) as mesh:
        await mesh.deploy(order_app(app_id))
        assert await mesh.activate("1")
        yield mesh


async def test_a_job_can_be_asked_about(mesh: HotMesh) -> None:
    job_id = await mesh.pub("order.requested", {"itemId": "item-123", "requestedQty": 1}, job_id="order-7")
    assert job_id == "order-7"
    assert (await mesh.result("order-7", timeout=20)).data["status"] == "reserved"
    assert (await mesh.get_state("order.requested", "order-7")).data["status"] == "reserved"
    assert await mesh.get_status("order-7") == 0
    with pytest.raises(JobNotFound, match=r"no job 'order-7' of order\.done"):
        await mesh.get_state("order.done", "order-7")
    with pytest.raises(JobNotFound, match="no job 'order-8'"):
        await mesh.get_status("order-8")


async def test_who_only_looks_hears_what_the_members_say_now(mesh: HotMesh, dsn: str, app_id: str) -> None:
    await mesh.pubsub("order.requested", {"itemId": "item-123", "requestedQty": 1})
    async with Observer(dsn) as observer:
        members = await (await observer.app(app_id)).roll_call()
    assert [(member.guid, member.profile["counts"]["jobs_done"], member.profile["version"]) for member in members] == [(mesh.guid, 1, "1")]


async def test_two_connections_starting_one_id_at_once(mesh: HotMesh, dsn: str) -> None:
    async with HotMesh(app_id=mesh.app_id, engine={"connection": dsn}) as other:
        for number in range(20):
            payload = {"itemId": "item-123", "requestedQty": number + 1}
            starts = (each.pub("order.requested", payload, job_id=f"race-{number}") for each in (mesh, other, mesh, other))
            outcomes = await asyncio.gather(*starts, return_exceptions=True)
            won = [each for each in outcomes if isinstance(each, str)]
            lost = [each for each in outcomes if isinstance(each, DuplicateJobError)]
            assert (len(won), len(lost)) == (1, 3), f"round {number}: {outcomes}"
            await mesh.result(f"race-{number}", timeout=20)


async def test_errors_fail_the_job_and_are_told(dsn: str, app_id: str) -> None:
    async def broken(_: StreamData) -> Any:
        raise LookupError("the warehouse is closed")

    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[{"topic": "inventory.check", "callback": broken}]) as mesh:
        await mesh.deploy(order_app(app_id).replace("retry: {'500': [3]}", "retry: {'500': [1]}"))
        await mesh.activate(1)
        with pytest.raises(JobError, match="the warehouse is closed") as caught:
            await mesh.pubsub("order.requested", {"itemId": "item-123", "requestedQty": 5})
        assert caught.value.code == 500
        assert await mesh.get_status(caught.value.job_id) == -1_000_000_000
        state = await mesh.get_state("order.requested", caught.value.job_id)
        assert (state.metadata.err["activity"], state.metadata.err["type"]) == ("checkInventory", "LookupError")


async def test_a_wait_that_times_out_leaves_the_job_alone(dsn: str, app_id: str) -> None:
    go = asyncio.Event()

    async def slow(task: StreamData) -> Any:
        await go.wait()
        return await check(task)

    workers = [{"topic": topic, "callback": callback} for topic, callback in {**WORKERS, "inventory.check": slow}.items()]
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=workers) as mesh:
        await mesh.deploy(order_app(app_id))
        await mesh.activate(1)
        with pytest.raises(JobTimeout, match="it goes on") as caught:
            await mesh.pubsub("order.requested", {"itemId": "item-123", "requestedQty": 5}, job_id="slow", timeout=0.2)
        assert caught.value.code == 504
        go.set()
        assert (await mesh.result("slow", timeout=20)).data["status"] == "reserved"


async def test_a_version_with_errors_stores_nothing(mesh: HotMesh) -> None:
    with pytest.raises(CompileError) as caught:
        await mesh.deploy(order_app(mesh.app_id).replace("version: '1'", "version: '2'").replace("to: reserveItem", "to: reserveItems"))
    assert any("reserveItems" in finding.message for finding in caught.value.diagnostics)
    assert [each.version for each in await mesh.node.mesh.versions()] == ["1"]
    with pytest.raises(VersionError, match="version 2 is not deployed"):
        await mesh.activate("2")


async def test_what_nobody_subscribes_to(mesh: HotMesh) -> None:
    with pytest.raises(UnknownTopic, match=r"subscribes to 'order\.lost'; there is order\.requested"):
        await mesh.pub("order.lost", {})


async def test_an_app_without_an_active_version(dsn: str, app_id: str) -> None:
    async with HotMesh(app_id=app_id, engine={"connection": dsn}) as empty:
        with pytest.raises(NotActive, match="no active version"):
            await empty.pub("order.requested", {})


async def test_subscribers_hear_of_the_end(mesh: HotMesh, dsn: str) -> None:
    heard: asyncio.Queue[tuple[str, str, Any]] = asyncio.Queue()

    async with HotMesh(app_id=mesh.app_id, engine={"connection": dsn}) as elsewhere:
        await elsewhere.sub("order.done", lambda topic, output: heard.put_nowait(("sub", topic, output.data["status"])))
        await elsewhere.sub("order.done.mine", lambda topic, output: heard.put_nowait(("one", topic, output.data["status"])))
        await elsewhere.psub("order.*", lambda topic, output: heard.put_nowait(("psub", topic, output.data["status"])))
        await mesh.pub("order.requested", {"itemId": "item-123", "requestedQty": 5}, job_id="mine")
        told = {await asyncio.wait_for(heard.get(), 20) for _ in range(3)}
        assert told == {(how, "order.done", "reserved") for how in ("sub", "one", "psub")}
        await elsewhere.unsub("order.done")
        await elsewhere.punsub("order.*")
        await mesh.pub("order.requested", {"itemId": "item-123", "requestedQty": 5}, job_id="not-mine")
        await mesh.result("not-mine")
        assert heard.empty()
