"""A fault at each single point of the commit path, one after the other: before it is sent, before its answer arrives, after it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal

import asyncpg
import pytest

from hotmesh import HotMesh
from hotmesh.runtime.work import Work
from hotmesh.store.commit import Unit
from tests.functional.engine.apps import app, drained, graph, running

Point = Literal["before it is sent", "before its answer arrives", "after its answer"]
POINTS: list[Point] = ["before it is sent", "before its answer arrives", "after its answer"]

MANY = graph(
    "many",
    "{t: {type: trigger}, g: {type: worker, topic: gen}, n: {type: worker, topic: note, input: {maps: {n: '{g.output.data.n}'}}},"
    " e: {type: worker, topic: note, input: {maps: {n: '{$item}'}}}, j: {type: hook, join: all}, s: {type: hook, sleep: 0.05},"
    " h: {type: hook, sleep: 60}, k: {type: signal, topic: go, signal: {maps: {id: '{$job.metadata.jid}'}}},"
    " a: {type: await, topic: kid, job: {maps: {kid: '{$self.output.data.x}'}}}}",
    "{t: [{to: g}, {to: h}], g: [{to: n, conditions: {code: 202}}, {to: e, foreach: [7, 8]}], e: [{to: j}],"
    " j: [{to: s}], s: [{to: k}], k: [{to: a}]}",
    hooks="{go: [{to: h, conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.id}'}]}}]}",
)
KID = graph("kid", "{t: {type: trigger}, w: {type: worker, topic: note, input: {maps: {n: 9}}, job: {maps: {x: 9}}}}", "{t: [{to: w}]}")


async def gen(task: Any) -> AsyncIterator[Any]:
    for n in (1, 2):
        yield {"data": {"n": n}, "status": "pending", "metadata": {}}
    yield {"n": 3}


class Faults:
    """Breaks the commit number `at` of an engine at one point."""

    def __init__(self, mesh: HotMesh, point: Point, at: int) -> None:
        self.engine = mesh.node.engine
        self.point, self.at, self.count = point, at, 0
        self.commit, self.after = self.engine._committer.commit, self.engine.on_commit
        self.engine._committer.commit = self.broken_commit  # type: ignore[method-assign]
        self.engine.on_commit = self.broken_after

    def due(self, point: Point) -> bool:
        return self.point == point and self.count == self.at

    async def broken_commit(self, units: list[Unit], connection: Any = None) -> int:
        self.count += 1
        if self.due("before it is sent"):
            raise ConnectionResetError("before")
        epoch = await self.commit(units, connection)
        if self.due("before its answer arrives"):
            raise ConnectionResetError("between")
        return epoch

    async def broken_after(self, works: list[Work], epoch: int) -> None:
        if self.due("after its answer"):
            raise ConnectionResetError("after")
        await self.after(works, epoch)


@pytest.mark.parametrize("point", POINTS)
async def test_a_fault_at_any_commit_changes_nothing(dsn: str, app_id: str, admin: asyncpg.Connection, point: Point) -> None:
    seen: list[tuple[str, int]] = []

    async def note(task: Any) -> None:
        seen.append((task.metadata.jid, task.data["n"]))

    async with running(dsn, app_id, app(app_id, MANY, KID), {"gen": gen, "note": note}, lease_s=0.5, poll_s=0.1) as mesh:
        expected, at = await outcome(mesh, admin, app_id, "m0"), 0
        assert [name for name, *_ in expected].count("n") == 2
        while True:
            at += 1
            faults = Faults(mesh, point, at)
            got = await outcome(mesh, admin, app_id, f"m{at}")
            mesh.node.engine._committer.commit, mesh.node.engine.on_commit = faults.commit, faults.after  # type: ignore[method-assign]
            assert got == expected, f"commit {at}: {point}"
            if faults.count < at:
                break
        assert at > 8
        await drained(admin, app_id)


@pytest.mark.parametrize("point", ["before it is sent", "before its answer arrives"])
async def test_what_a_lost_answer_was_to_hand_over_waits_for_no_lease(
    dsn: str, app_id: str, admin: asyncpg.Connection, point: Point
) -> None:
    """Tasks and messages that such a commit has leased to its engine go on at once, though their leases are long."""

    async def note(task: Any) -> None:
        pass

    async with running(dsn, app_id, app(app_id, MANY, KID), {"gen": gen, "note": note}, lease_s=600, poll_s=0.1) as mesh:
        for at in range(1, 15):
            faults = Faults(mesh, point, at)
            await mesh.pubsub("many", {}, job_id=f"m{at}", timeout=10)
            mesh.node.engine._committer.commit, mesh.node.engine.on_commit = faults.commit, faults.after  # type: ignore[method-assign]
        await drained(admin, app_id)


async def outcome(mesh: HotMesh, admin: asyncpg.Connection, app_id: str, job_id: str) -> list[tuple[str, str, Any]]:
    """What has come of every instance of a job and its child."""
    await mesh.pubsub("many", {}, job_id=job_id, timeout=20)
    rows = await admin.fetch(
        f"""SELECT a.symbol, a.dimension, a.value ->> 'status' AS status, replace(a.value ->> 'input', $1, 'its id') AS input, a.ledger
            FROM "{app_id}".jobs_attributes a JOIN "{app_id}".jobs j ON j.id = a.job_id WHERE j.key = $1 ORDER BY 1, 2""",
        job_id,
    )
    return [tuple(row) for row in rows]
