"""The order example in both forms, a graph and a function, over one module of activities: the results are the same."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hotmesh import Durable, HotMesh
from hotmesh.cli.workers import load

ORDER = Path(__file__).parents[2] / "graphs/order"
ORDERS = [("item-123", 5), ("item-123", 10), ("item-123", 11), ("item-789", 1), ("nobody knows it", 3)]


@pytest.fixture
def workflow(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """workflow.py, imported as `python graphs/order/workflow.py` would."""
    monkeypatch.syspath_prepend(str(ORDER))
    return importlib.import_module("workflow")


async def as_graph(dsn: str) -> list[Any]:
    workers = [{"topic": topic, "callback": callback} for topic, callback in load(str(ORDER / "workers.py")).items()]
    async with HotMesh(app_id="orders", engine={"connection": dsn}, workers=workers) as mesh:
        await mesh.deploy(ORDER / "order.yaml")
        await mesh.activate("1")
        return [
            (await mesh.pubsub("order.requested", {"itemId": item, "requestedQty": quantity}, job_id=f"o-{number}")).data
            for number, (item, quantity) in enumerate(ORDERS)
        ]


async def as_function(dsn: str, workflow: ModuleType) -> list[Any]:
    async with Durable.Client(dsn) as client, Durable.Worker(client, workflows=workflow.order, activities=workflow.activities):
        return [
            await client.execute(workflow.order, item, quantity, id=f"o-{number}", timeout=30)
            for number, (item, quantity) in enumerate(ORDERS)
        ]


async def test_a_graph_and_a_function_over_the_same_activities_give_the_same(empty_dsn: str, workflow: ModuleType) -> None:
    graph, function = await as_graph(empty_dsn), await as_function(empty_dsn, workflow)
    assert graph == function
    assert [each["status"] for each in graph] == ["reserved", "reserved", "backordered", "backordered", "backordered"]
