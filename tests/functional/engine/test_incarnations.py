"""A job id used again: what was under way for the job that had it before changes nothing in the one that has it now."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from hotmesh import HotMesh
from tests.functional.engine.apps import app, drained, graph, running, until

HERE = "conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.id}'}]}"
ALL = graph(
    "all",
    "{t: {type: trigger}, w: {type: worker, topic: work, job: {maps: {w: '{$self.output.data.call}'}}},"
    " h: {type: hook, sleep: 600, job: {maps: {h: '{$self.hook.data.x}'}}},"
    " a: {type: await, topic: kid, job: {maps: {kid: '{$self.output.data.x}'}}}}",
    "{t: [{to: w}, {to: h}, {to: a}]}",
    hooks=f"{{go: [{{to: h, {HERE}}}]}}",
)
KID = graph(
    "kid",
    "{t: {type: trigger}, k: {type: hook, job: {maps: {x: '{$self.hook.data.x}'}}}}",
    "{t: [{to: k}]}",
    hooks=f"{{kid.go: [{{to: k, {HERE}}}]}}",
)
SUCCESS = {"status": "success", "code": 200, "data": {"call": "stray"}, "error": None}
STRAYS: dict[str, tuple[str | None, Any]] = {
    "timer": ("h", None),
    "signal": ("h", {"data": {"x": "stray"}, "status": "success", "code": 200}),
    "child": ("a", {**SUCCESS, "child_id": "00000000-0000-0000-0000-000000000000"}),
    "retry": ("a", None),
    "response": ("w", {"task_id": "00000000-0000-0000-0000-000000000000", "response": {**SUCCESS, "retryable": True, "policy": None}}),
    "continue": (None, None),
    "interrupt": (None, {"reason": "stray"}),
    "cancel": (None, {"reason": "stray"}),
    "retried": (None, {}),
}
"""A message of every kind, to the activity that would take it."""


class Calls:
    """A worker whose first call, and second call, may answer when they are told to."""

    def __init__(self) -> None:
        self.begun, self.may_answer = [asyncio.Event(), asyncio.Event()], [asyncio.Event(), asyncio.Event()]
        self.count = 0

    async def __call__(self, task: Any) -> Any:
        number = self.count
        self.count += 1
        self.begun[number].set()
        await self.may_answer[number].wait()
        return {"call": number}


class Twice:
    """A job `j` that was ended and whose id has expired, and another job `j`, both waiting at the same places."""

    def __init__(self, mesh: HotMesh, admin: asyncpg.Connection, app_id: str) -> None:
        self.mesh, self.admin, self.schema, self.calls = mesh, admin, f'"{app_id}"', Calls()
        self.ids: list[str] = []
        self.children: list[str] = []

    async def begin(self) -> None:
        """Start the job, and wait until all of it waits."""
        await self.mesh.pub("all", {}, job_id="j")
        await self.calls.begun[len(self.ids)].wait()
        self.ids.append(str(await self.admin.fetchval(f"SELECT id FROM {self.schema}.jobs WHERE key = 'j' AND retired_at = 'infinity'")))
        find = f"SELECT key FROM {self.schema}.jobs WHERE parent_id = $1"

        async def has_child() -> bool:
            return await self.admin.fetchval(find, self.ids[-1]) is not None

        await until(has_child)
        self.children.append(await self.admin.fetchval(find, self.ids[-1]))

    async def now(self) -> list[Any]:
        """All that the rows say of the job as it is now."""
        job = await self.admin.fetch(f"SELECT revision, status, error::text FROM {self.schema}.jobs WHERE id = $1", self.ids[-1])
        rows = await self.admin.fetch(
            f"SELECT symbol, dimension, ledger, value::text FROM {self.schema}.jobs_attributes WHERE job_id = $1 ORDER BY 1", self.ids[-1]
        )
        return [tuple(row) for row in (*job, *rows)]

    async def dropped(self, count: int) -> None:
        """Wait until the engine has counted so many events that changed nothing."""
        await until(lambda: asyncio.sleep(0, self.mesh.node.engine.counts.dropped >= count))

    async def finish(self) -> Any:
        """Bring the job that is now to its end; its data."""
        self.calls.may_answer[-1].set()
        await self.mesh.signal("go", {"id": "j", "x": 2})
        await self.mesh.signal("kid.go", {"id": self.children[-1], "x": 3})
        return (await self.mesh.result("j", timeout=10)).data


@pytest.fixture
async def twice(dsn: str, app_id: str, admin: asyncpg.Connection) -> AsyncIterator[Twice]:
    calls = Calls()
    async with running(dsn, app_id, app(app_id, ALL, KID), {"work": calls}, poll_s=0.1) as mesh:
        jobs = Twice(mesh, admin, app_id)
        jobs.calls = calls
        await jobs.begin()
        await mesh.interrupt("all", "j", reason="the first")
        await admin.execute(f'UPDATE "{app_id}".jobs SET expired_at = hotmesh.now() WHERE key = $1', "j")
        await jobs.begin()
        yield jobs
        calls.may_answer[0].set()
        assert await jobs.finish() == {"w": 1, "h": 2, "kid": 3}
        if await mesh.get_status(jobs.children[0]) > 0:
            await mesh.signal("kid.go", {"id": jobs.children[0], "x": 0})
        await drained(admin, app_id)


async def test_the_worker_of_the_former_job_answers_late(twice: Twice) -> None:
    before = await twice.now()
    twice.calls.may_answer[0].set()
    await twice.dropped(1)
    assert await twice.now() == before


async def test_the_child_of_the_former_job_ends_late(twice: Twice) -> None:
    before = await twice.now()
    await twice.mesh.signal("kid.go", {"id": twice.children[0], "x": "stray"})
    assert (await twice.mesh.result(twice.children[0], timeout=10)).data == {"x": "stray"}
    await twice.dropped(1)
    assert await twice.now() == before


@pytest.mark.parametrize("kind", STRAYS)
async def test_a_message_to_the_former_job_comes_late(twice: Twice, kind: str) -> None:
    before = await twice.now()
    symbol, payload = STRAYS[kind]
    await twice.admin.execute(
        f"""INSERT INTO {twice.schema}.engine_streams (id, kind, job_id, symbol, dimension, payload)
            VALUES (hotmesh.make_id(), $1, $2, $3, $4, $5::json)""",
        kind,
        twice.ids[0],
        symbol,
        symbol and {"w": ",0,0", "h": ",0,1", "a": ",0,2"}[symbol],
        None if payload is None else json.dumps(payload),
    )
    await twice.dropped(1)
    assert await twice.now() == before
    ended = await twice.admin.fetchrow(f"SELECT status, error ->> 'message' FROM {twice.schema}.jobs WHERE id = $1", twice.ids[0])
    assert ended is not None
    assert tuple(ended) == (-1_000_000_000, "the first"), "the former job was changed"
