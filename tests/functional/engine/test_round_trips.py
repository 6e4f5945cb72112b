"""Round trips between an engine and its database, counted on the wire: they don't vary, as commits, rows and WAL don't."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hotmesh import HotMesh
from tests.functional.engine.apps import app, graph, running
from tests.functional.engine.wire import Wire, wire_to

HERE = "conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.id}'}]}"


def chain(steps: int) -> str:
    """A graph of worker steps, one after the other."""
    workers = ", ".join(f"w{n}: {{type: worker, topic: work}}" for n in range(1, steps + 1))
    edges = ", ".join(f"w{n}: [{{to: w{n + 1}}}]" for n in range(1, steps))
    return graph(f"chain{steps}", f"{{t: {{type: trigger}}, {workers}}}", f"{{t: [{{to: w1}}]{', ' + edges if edges else ''}}}")


GRAPHS = (
    chain(1),
    chain(2),
    chain(12),
    graph("hook", "{t: {type: trigger}, h: {type: hook}}", "{t: [{to: h}]}", hooks=f"{{go: [{{to: h, {HERE}}}]}}"),
    graph("sleep", "{t: {type: trigger}, h: {type: hook, sleep: 0.01}}", "{t: [{to: h}]}"),
    graph("parent", "{t: {type: trigger}, a: {type: await, topic: chain1}}", "{t: [{to: a}]}"),
    graph("fan", "{t: {type: trigger}, w: {type: worker, topic: work}}", "{t: [{to: w, foreach: '{t.output.data.items}'}]}"),
)


async def echo(task: Any) -> Any:
    return task.data


@pytest.fixture
async def wired(dsn: str, app_id: str) -> AsyncIterator[tuple[HotMesh, Wire]]:
    """A mesh alone with its database, that neither polls nor renews while the test lasts."""
    async with wire_to(dsn) as wire, running(wire.dsn, app_id, app(app_id, *GRAPHS), {"work": echo}, poll_s=600, lease_s=600) as mesh:
        yield mesh, wire


@pytest.mark.parametrize(
    ("topic", "expected"),
    [("chain1", 2), ("chain2", 3), ("chain12", 13), ("sleep", 2), ("parent", 4)],
)
async def test_a_commit_is_one_round_trip_and_nothing_else_is_asked(wired: tuple[HotMesh, Wire], topic: str, expected: int) -> None:
    mesh, wire = wired
    for number in range(3):
        await mesh.pubsub(topic, {}, job_id=f"warm{number}")
    before = wire.round_trips
    for number in range(10):
        await mesh.pubsub(topic, {}, job_id=f"j{number}")
    assert (wire.round_trips - before) / 10 == expected


async def test_a_signal_costs_one_round_trip_and_its_hook_a_look(wired: tuple[HotMesh, Wire]) -> None:
    """Who registers a hook looks, once, for a signal that may have been there before: a claim, and when to look again."""
    mesh, wire = wired
    for number in range(13):
        if number == 3:
            before = wire.round_trips
        await mesh.pub("hook", {}, job_id=f"j{number}")
        ended = mesh.result(f"j{number}")
        await mesh.signal("go", {"id": f"j{number}"})
        await ended
    asked = (wire.round_trips - before) / 10
    assert asked <= 3 + 2 + 4, f"{asked} round trips: a start, a signal, its commit, the look, and those of asking for the result"


async def test_steps_that_are_ready_together_share_their_round_trips(wired: tuple[HotMesh, Wire]) -> None:
    mesh, wire = wired
    await mesh.pubsub("fan", {"items": list(range(50))})
    before = wire.round_trips
    await mesh.pubsub("fan", {"items": list(range(50))})
    assert wire.round_trips - before <= 10, "round trips for 51 steps"
