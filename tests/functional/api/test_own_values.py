"""What user code is given is its own: whatever it does with it, the rows keep what was sent and returned."""

from __future__ import annotations

from typing import Any

import asyncpg

from hotmesh import Durable, HotMesh, StreamData
from hotmesh.values import Json, loads
from tests.functional.engine.apps import app, graph

CHANGED = graph(
    "change",
    "{t: {type: trigger}, "
    "w: {type: worker, topic: work, input: {maps: {list: '{t.output.data.list}'}}, "
    "job: {maps: {sent: '{w.input.data.list}', got: '{w.output.data.list}', payload: '{t.output.data.list}'}}}}",
    "{t: [{to: w}]}",
)
KEPT: list[list[Json]] = []


async def change(task: StreamData) -> Any:
    """Changes what it was sent, and later what it returned."""
    task.data["list"].append("worker")
    KEPT.append(task.data["list"])
    return task.data


async def test_a_worker_may_change_what_it_is_sent_and_what_it_has_returned(dsn: str, app_id: str) -> None:
    heard: list[Json] = []

    def listen(_: str, output: Any) -> None:
        output.data["payload"].append("listener")
        heard.append(output.data)

    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[{"topic": "work", "callback": change}]) as mesh:
        await mesh.deploy(app(app_id, CHANGED))
        await mesh.activate("1")
        await mesh.sub("change.done", listen)
        payload: Json = {"list": ["caller"]}
        job_id = await mesh.pub("change", payload)
        payload["list"].append("caller again")
        output = await mesh.result(job_id, timeout=20)
        KEPT[0].append("worker again")
        told = {"sent": ["caller"], "got": ["caller", "worker"], "payload": ["caller"]}
        assert output.data == told
        output.data["sent"].append("reader")
        assert (await mesh.get_state("change", job_id)).data == told


async def add(items: list[Any]) -> list[Any]:
    items.append("activity")
    return items


async def collect(order: dict[str, Any]) -> list[Any]:
    """Changes its arguments and the results of its activities."""
    activities = Durable.workflow.proxy_activities({"add": add})
    order["items"].append("workflow")
    first = await activities.add(order["items"])
    first.append("workflow again")
    return list(await activities.add(first))


async def test_a_workflow_may_change_its_arguments_and_results(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    async with (
        Durable.Client(dsn, namespace=app_id) as client,
        Durable.Worker(client, task_queue="q", workflows=[collect], activities={"add": add}),
    ):
        got = await client.execute(collect, {"items": []}, task_queue="q", timeout=30)
    assert got == ["workflow", "activity", "workflow again", "activity"]
    rows = await admin.fetch(
        f'SELECT symbol, value::text FROM "{app_id}".jobs_attributes WHERE symbol IN ($1, $2) ORDER BY dimension', "start", "activity"
    )
    start, first, second = (loads(row["value"]) for row in rows)
    assert start["output"]["args"] == [{"items": []}]
    assert first["input"]["args"] == [["workflow"]]
    assert first["output"] == ["workflow", "activity"]
    assert second["input"]["args"] == [["workflow", "activity", "workflow again"]]
