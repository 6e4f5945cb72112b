"""Large, deep, long and odd: a result or a clear error, and the others undisturbed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from hotmesh import HotMesh, JobError
from hotmesh.errors import PayloadError
from tests.functional.engine.apps import app, graph, running

ONE = graph("one", "{t: {type: trigger}, w: {type: worker, topic: work, job: {maps: {got: '{$self.output.data}'}}}}", "{t: [{to: w}]}")
FAN = graph(
    "fan",
    "{t: {type: trigger}, w: {type: worker, topic: work, input: {maps: {n: '{$item}'}}},"
    " j: {type: hook, join: all, job: {maps: {all: '{w.output.data.n}'}}}}",
    "{t: [{to: w, foreach: '{t.output.data.items}'}], w: [{to: j}]}",
)
SPIN = graph(
    "spin",
    "{t: {type: trigger}, p: {type: hook, input: {maps: {n: 1}}}, c: {type: cycle, ancestor: p, input: {maps: {n: {'@pipe':"
    " [['{p.output.metadata.dad}', ',', -1], ['{@string.split}']]}}}}}",
    "{t: [{to: p}], p: [{to: c, conditions: {match: [{expected: true, actual: {'@pipe': [['{p.output.metadata.dad}', ',0,9999'],"
    " ['{@string.endsWith}'], ['{@logical.not}']]}}]}}]}",
)


async def echo(task: Any) -> Any:
    return task.data


@pytest.fixture
async def mesh(dsn: str, app_id: str) -> AsyncIterator[HotMesh]:
    async with running(dsn, app_id, app(app_id, ONE, FAN), {"work": echo}) as mesh:
        yield mesh


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "payload",
    [
        {"x": "a" * 5_000_000},
        {"x": "\0 and \u2028"},
        {"": {"": ""}},
        {"x": nested(200)},
        {"x": [None, "", [], {}, 1e300, -0.5, 2**53]},
        {"'; --": '"'},
    ],
    ids=["5 MB", "NUL", "empty keys", "deep", "values", "quotes"],
)
async def test_a_payload_comes_back_as_it_was(mesh: HotMesh, payload: Any) -> None:
    assert (await mesh.pubsub("one", payload)).data["got"] == payload


@pytest.mark.parametrize("payload", [{"x": nested(2_000)}, {"x": float}, {"x": {1, 2}}, {"x": "\ud800"}, {"x": 2**70}])
async def test_what_is_not_json_is_refused(mesh: HotMesh, payload: Any) -> None:
    with pytest.raises(PayloadError):
        await mesh.pub("one", payload)


@pytest.mark.parametrize("job_id", ["x" * 1_000, "a'b\"c\nd\te", "'; DROP TABLE jobs; --", "ид-🎉", " ", "{}", "%s $1"])
async def test_any_text_is_a_job_id(mesh: HotMesh, job_id: str) -> None:
    done = await mesh.pubsub("one", {"x": 1}, job_id=job_id)
    assert done.metadata.jid == job_id
    assert await mesh.get_status(job_id) == 0


@pytest.mark.parametrize("job_id", ["", "a\0b", "x" * 2_001])
async def test_what_cannot_be_a_job_id_is_refused(mesh: HotMesh, job_id: str) -> None:
    with pytest.raises(PayloadError, match="id"):
        await mesh.pub("one", {}, job_id=job_id)


@pytest.mark.parametrize(
    "garbage", [object(), {1: object()}, {"x": {1, 2}}, "\ud800", float, {"data": 1, "status": "fine", "metadata": {}}]
)
async def test_a_worker_that_returns_garbage_fails_with_500(dsn: str, app_id: str, garbage: Any) -> None:
    async def work(task: Any) -> Any:
        return garbage if task.data else {"ok": True}

    async with running(dsn, app_id, app(app_id, ONE), {"work": work}) as mesh:
        with pytest.raises(JobError) as raised:
            await mesh.pubsub("one", {"x": 1})
        assert raised.value.code == 500
        assert (await mesh.pubsub("one", {})).data["got"] == {"ok": True}


async def test_a_fan_of_ten_thousand(mesh: HotMesh, admin: asyncpg.Connection, app_id: str) -> None:
    done = await mesh.pubsub("fan", {"items": list(range(10_000))}, timeout=50)
    assert done.data["all"] == list(range(10_000))
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".worker_streams') == 0


async def test_a_cycle_of_9999(dsn: str, app_id: str) -> None:
    async with running(dsn, app_id, app(app_id, SPIN)) as mesh:
        done = await mesh.pubsub("spin", {}, job_id="s", timeout=50)
        assert done.metadata.js == 0


async def test_one_jobs_trouble_is_its_own(mesh: HotMesh) -> None:
    good = [mesh.pubsub("one", {"n": n}) for n in range(50)]
    bad = [mesh.pubsub("fan", {"items": n}) for n in range(1, 20)]
    outcomes = await asyncio.gather(*good, *bad, return_exceptions=True)
    assert [each.data["got"]["n"] for each in outcomes[:50] if not isinstance(each, BaseException)] == list(range(50))
    assert {each.code for each in outcomes[50:] if isinstance(each, JobError)} == {590}
