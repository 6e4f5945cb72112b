"""Every method of HotMesh: what it does, and every error that it tells; every form of a callback and of its answer."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from hotmesh import (
    CompileError,
    DuplicateJobError,
    HotMesh,
    JobError,
    JobNotFound,
    JobOutput,
    JobTimeout,
    StreamData,
    StreamResponse,
    Worker,
)
from hotmesh.errors import PayloadError, SchemaError, SettingsError, UnknownTopic, VersionError
from hotmesh.values import Json
from tests.functional.engine.apps import app, graph, until

APP = (
    graph(
        "asked",
        "{ask: {type: trigger, stats: {id: '{$self.output.data.id}'}},"
        " w: {type: worker, topic: work, input: {maps: {n: '{ask.output.data.n}'}}, job: {maps: {out: '{$self.output.data}'}}}}",
        "{ask: [{to: w}]}",
        more="input: {schema: {type: object, properties: {n: {type: integer}}}}",
    ),
    graph(
        "held",
        "{ask: {type: trigger}, h: {type: hook, job: {maps: {by: '{$self.hook.data.by}'}}}}",
        "{ask: [{to: h}]}",
        hooks="{release: [{to: h, conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.id}'}]}}]}",
    ),
    graph("family", "{ask: {type: trigger}, a: {type: await, topic: held}}", "{ask: [{to: a}]}"),
)


async def double(task: StreamData) -> Json:
    return {"n": task.data["n"] * 2}


@asynccontextmanager
async def joined(dsn: str, app_id: str, callback: Any = double, **more: Any) -> AsyncIterator[HotMesh]:
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[{"topic": "work", "callback": callback, **more}]) as mesh:
        await mesh.deploy(app(app_id, *APP))
        await mesh.activate("1")
        yield mesh


@pytest.fixture
async def mesh(dsn: str, app_id: str) -> AsyncIterator[HotMesh]:
    async with joined(dsn, app_id) as mesh:
        yield mesh


# ---- callbacks and their answers


class Called:
    """An object to call."""

    async def __call__(self, task: StreamData) -> Json:
        return {"n": task.data["n"] * 2}


def plain(task: StreamData) -> Json:
    return {"n": task.data["n"] * 2}


def in_shape(task: StreamData) -> Json:
    return {"metadata": {"x": 1}, "data": {"n": task.data["n"] * 2}, "status": "success", "code": 200}


async def a_response(task: StreamData) -> StreamResponse:
    return StreamResponse({"n": task.data["n"] * 2})


async def with_more(factor: int, task: StreamData) -> Json:
    return {"n": task.data["n"] * factor}


async def several(task: StreamData) -> AsyncIterator[Any]:
    yield StreamResponse({"n": 1}, "pending")
    yield {"n": task.data["n"] * 2}


CALLBACKS: dict[str, Any] = {
    "async": double,
    "plain, in a thread": plain,
    "an object": Called(),
    "partial": functools.partial(with_more, 2),
    "a lambda that gives an awaitable": lambda task: double(task),
    "a dict in stream shape": in_shape,
    "a StreamResponse": a_response,
    "a generator": several,
}


@pytest.mark.parametrize("callback", CALLBACKS.values(), ids=CALLBACKS)
async def test_forms_of_callbacks(dsn: str, app_id: str, callback: Any) -> None:
    async with joined(dsn, app_id, callback) as mesh:
        assert (await mesh.pubsub("asked", {"n": 21})).data == {"out": {"n": 42}}


ANSWERS: list[Json] = [
    None,
    7,
    "text",
    [1, [2]],
    {},
    {"data": 1},
    {"status": "shipped"},
    {"data": {"n": 1}, "note": "not in stream shape"},
    True,
]


@pytest.mark.parametrize("answer", ANSWERS, ids=repr)
async def test_what_is_not_in_stream_shape_is_the_data(dsn: str, app_id: str, answer: Json) -> None:
    async with joined(dsn, app_id, lambda _: answer) as mesh:
        assert (await mesh.pubsub("asked", {})).data.get("out") == answer


async def test_what_a_task_says_of_itself(dsn: str, app_id: str) -> None:
    given: list[Any] = []
    async with joined(dsn, app_id, lambda task: given.append(task.metadata)) as mesh:
        await mesh.pub("asked", {"n": 1}, job_id="j", context={"trc": "ab" * 16, "spn": "cd" * 8})
        await mesh.result("j", timeout=10)
        execution = await mesh.execution("j")
    (metadata,) = given
    assert (metadata.jid, metadata.gid, metadata.aid, metadata.dad, metadata.topic) == ("j", execution.id, "w", ",0,0", "work")
    assert (metadata.attempt, metadata.trc) == (1, "ab" * 16)
    assert len(metadata.guid) == 36


# ---- jobs


async def test_a_job_output_has_data_and_metadata(mesh: HotMesh) -> None:
    output = await mesh.pubsub("asked", {"n": 2, "id": "mine"}, entity="order")
    assert output.data == {"out": {"n": 4}}
    metadata = output.metadata
    assert (metadata.jid, metadata.tpc, metadata.app, metadata.vrs, metadata.js, metadata.err) == (
        "mine",
        "asked",
        mesh.app_id,
        "1",
        0,
        None,
    )
    assert metadata.ngn == mesh.guid
    state = await mesh.get_state("asked", "mine")
    assert (state.data, state.metadata.gid, state.metadata.js) == (output.data, metadata.gid, 0)
    assert (await mesh.export("mine", allow=["data", "status"])).to_json() == {"data": {"out": {"n": 4}}, "status": 0}


async def test_what_a_second_start_of_an_id_gives(mesh: HotMesh) -> None:
    assert await mesh.pub("held", {}, job_id="h") == "h"
    with pytest.raises(DuplicateJobError, match="'h' is alive already") as raised:
        await mesh.pub("held", {}, job_id="h")
    assert raised.value.code == 409
    with pytest.raises(DuplicateJobError):
        await mesh.pub("held", {}, job_id="h", on_duplicate="replace_finished")
    assert await mesh.pub("held", {}, job_id="h", on_duplicate="attach") == "h"
    waiting = asyncio.create_task(mesh.pubsub("held", {}, job_id="h", on_duplicate="attach"))
    await mesh.signal("release", {"id": "h", "by": "ann"})
    assert (await waiting).data == {"by": "ann"}
    assert await mesh.pub("held", {}, job_id="h", on_duplicate="replace_finished") == "h"
    assert await mesh.get_status("h") == 1


Do = Callable[[HotMesh], Awaitable[Any]]
REFUSED: dict[str, tuple[Do, type[Exception], str]] = {
    "pub, topic": (lambda m: m.pub("nope", {}), UnknownTopic, "no graph .* subscribes to 'nope'; there is asked, held, family"),
    "pub, payload": (
        lambda m: m.pub("asked", {"n": "x"}),
        PayloadError,
        "asked does not take this payload: n: 'x' is not of type 'integer'",
    ),
    "pub, no JSON": (lambda m: m.pub("asked", {"n": object()}), PayloadError, "the payload is not JSON"),
    "pub, id": (lambda m: m.pub("asked", {}, job_id=""), PayloadError, "a job's id is a text of 1 to 2,000 characters"),
    "pub, long id": (lambda m: m.pub("asked", {}, job_id="x" * 2_001), PayloadError, "a job's id is a text"),
    "pub, on_duplicate": (lambda m: m.pub("asked", {}, on_duplicate="no"), ValueError, "reject, attach or replace_finished"),
    "pub, tx": (lambda m: m.pub("asked", {}, tx=object()), TypeError, "tx is an asyncpg, psycopg or SQLAlchemy connection"),
    "pubsub, topic": (lambda m: m.pubsub("nope", {}), UnknownTopic, "subscribes to 'nope'"),
    "pubsub, timeout": (lambda m: m.pubsub("held", {}, timeout=0.05), JobTimeout, "it goes on: ask get_state"),
    "signal, topic": (lambda m: m.signal("nope", {}), UnknownTopic, "waits for signals on 'nope'; there is release"),
    "signal, no JSON": (lambda m: m.signal("release", {"id": {1}}), PayloadError, "the payload is not JSON"),
    "signal, kept": (
        lambda m: m.signal("release", {"id": 1, "$expire": "soon"}),
        PayloadError,
        "how long it is kept, but 'soon' is not a duration",
    ),
    "signal, less": (lambda m: m.signal("release", {"id": 1, "$expire": -1}), PayloadError, "-1 is less than nothing; .* nothing was sent"),
    "get_state": (lambda m: m.get_state("asked", "nope"), JobNotFound, "there is no job 'nope' of asked"),
    "get_status": (lambda m: m.get_status("nope"), JobNotFound, "there is no job 'nope'"),
    "result": (lambda m: m.result("nope"), JobNotFound, "there is no job 'nope'"),
    "export": (lambda m: m.export("nope"), JobNotFound, "there is no job 'nope'"),
    "execution": (lambda m: m.execution("nope"), JobNotFound, "there is no job 'nope'"),
    "interrupt": (lambda m: m.interrupt("asked", "nope"), JobNotFound, "there is no job 'nope' of asked"),
    "cancel": (lambda m: m.cancel("nope"), JobNotFound, "there is no job 'nope'"),
    "scrub": (lambda m: m.scrub("nope"), JobNotFound, "there is no job 'nope'"),
    "pause": (lambda m: m.pause("nope"), JobNotFound, "there is no job 'nope'"),
    "resume": (lambda m: m.resume("nope"), JobNotFound, "there is no job 'nope'"),
    "retry": (lambda m: m.retry("nope"), JobNotFound, "there is no job 'nope'"),
    "activate": (lambda m: m.activate(9), VersionError, "version 9 is not deployed"),
    "deploy": (lambda m: m.deploy("app: {}\n"), CompileError, "error"),
    "deploy, no file": (lambda m: m.deploy("nope.yaml"), FileNotFoundError, "nope.yaml"),
    "plan": (lambda m: m.plan("app: {}\n"), CompileError, "error"),
    "throttle": (lambda m: m.throttle(-2), ValueError, "milliseconds from -1"),
    "throttle, both": (lambda m: m.throttle(1, guid="a", topic="b"), ValueError, "a guid or a topic, not both"),
    "serve twice": (lambda m: m.serve({"topic": "work", "callback": double}), ValueError, "two workers for the topic 'work'"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused(mesh: HotMesh, name: str) -> None:
    do, error, told = REFUSED[name]
    with pytest.raises(error, match=told):
        await do(mesh)


async def test_export_names_the_sections_there_are(mesh: HotMesh) -> None:
    await mesh.pub("held", {}, job_id="h")
    with pytest.raises(ValueError, match="timeline"):
        await mesh.export("h", allow=["nope"])


async def test_ending_jobs(mesh: HotMesh) -> None:
    await mesh.pub("family", {}, job_id="f")
    await until(lambda: has_child(mesh))
    child = (await mesh.execution("f")).children[0].job_id
    with pytest.raises(JobError, match="still running: interrupt it first"):
        await mesh.scrub("f")
    await mesh.interrupt("family", "f", reason="enough", code=418, descend=True, expire=60)
    for job_id in ("f", child):
        with pytest.raises(JobError, match="enough") as raised:
            await mesh.result(job_id, timeout=10)
        assert (raised.value.code, raised.value.job_id) == (418, job_id)
    await mesh.interrupt("family", "f")
    await mesh.cancel("f")
    assert (await mesh.execution("f")).error["message"] == "enough", "what has ended was ended again"
    await mesh.scrub("f")
    with pytest.raises(JobNotFound):
        await mesh.get_status("f")
    await mesh.pub("held", {}, job_id="quiet")
    await mesh.interrupt("held", "quiet", throw=False)
    assert (await mesh.result("quiet")).data == {}


async def has_child(mesh: HotMesh) -> bool:
    return bool((await mesh.execution("f")).children)


# ---- listening


async def test_subscribers_may_be_async_come_and_go_and_raise(mesh: HotMesh, caplog: pytest.LogCaptureFixture) -> None:
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def slowly(topic: str, output: JobOutput) -> None:
        await asyncio.sleep(0)
        heard.put_nowait(("async", output.metadata.jid))

    def broken(topic: str, output: JobOutput) -> None:
        raise RuntimeError("a subscriber's own mistake")

    def once(topic: str, output: JobOutput) -> None:
        heard.put_nowait(("once", output.metadata.jid))

    for callback in (broken, slowly, once):
        await mesh.sub("asked.done", callback)
    with caplog.at_level(logging.WARNING, "hotmesh"):
        await mesh.pubsub("asked", {"n": 1, "id": "a"})
        assert {await heard.get(), await heard.get()} == {("async", "a"), ("once", "a")}
    assert "a subscriber's own mistake" in caplog.text
    await mesh.unsub("asked.done", once)
    await mesh.unsub("asked.done", once)
    await mesh.unsub("never.subscribed")
    await mesh.pubsub("asked", {"n": 1, "id": "b"})
    assert await heard.get() == ("async", "b")
    await mesh.unsub("asked.done")
    await mesh.pubsub("asked", {"n": 1, "id": "c"})
    assert heard.empty()


# ---- the quorum


async def test_members_hear_each_other(mesh: HotMesh, dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    async with HotMesh(app_id=mesh.app_id, engine={"connection": dsn}) as other:
        heard: asyncio.Queue[Json] = asyncio.Queue()

        async def listen(kind: str, body: Json) -> None:
            if kind == "user":
                heard.put_nowait(body)

        def broken(kind: str, body: Json) -> None:
            raise RuntimeError("a listener's own mistake")

        for callback in (broken, listen):
            await other.sub_quorum(callback)
        assert {each["guid"] for each in await mesh.roll_call(delay_s=5)} == {mesh.guid, other.guid}
        with caplog.at_level(logging.WARNING, "hotmesh"):
            for number in range(3):
                await mesh.pub_quorum("chat", {"n": number})
                assert await heard.get() == {"topic": "chat", "message": {"n": number}}
        assert "a listener's own mistake" in caplog.text
        assert "bus stopped" not in caplog.text, "a listener's mistake cut the connection"
        await other.unsub_quorum(listen)
        await other.unsub_quorum(listen)
        await mesh.pub_quorum("chat", "nobody hears it")
        await mesh.throttle(10, topic="work")
        await until(lambda: braked(other))
        assert heard.empty()
        await mesh.throttle(-1, guid=other.guid)
        await until(lambda: is_paused(other))
        assert not mesh.node.engine.paused


async def braked(mesh: HotMesh) -> bool:
    return (await mesh.views.throttles()).get("topic:work") == 10


async def is_paused(mesh: HotMesh) -> bool:
    return mesh.node.engine.paused


# ---- life


async def test_one_class_with_many_meshes(dsn: str, app_id: str) -> None:
    made = [await HotMesh.init(app_id=app_id, engine={"connection": dsn}) for _ in range(2)]
    assert made[0].guid != made[1].guid
    assert HotMesh.guid() != HotMesh.guid()
    assert (made[0].app_id, made[0].namespace) == (app_id, app_id)
    node = made[0].node
    await made[0].start()
    assert made[0].node is node, "a second start made a second engine"
    await HotMesh.stop_all()
    await made[0].stop()
    for mesh in made:
        with pytest.raises(RuntimeError, match="not started"):
            await mesh.pub("asked", {})


async def test_connections_that_the_caller_brings(dsn: str, app_id: str) -> None:
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=3)
    single = await asyncpg.connect(dsn)
    try:
        for source in (pool, single):
            async with HotMesh(app_id=app_id, engine={"connection": source}, workers=[Worker(topic="work", callback=double)]) as mesh:
                await mesh.deploy(app(app_id, *APP))
                await mesh.activate("1")
                assert (await mesh.pubsub("asked", {"n": 4})).data == {"out": {"n": 8}}
        assert await pool.fetchval("SELECT 1") == 1, "the caller's pool was closed"
        assert await single.fetchval("SELECT 1") == 1, "the caller's connection was closed"
    finally:
        await single.close()
        await pool.close()


NO_MESH: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "engine": ({"engine": {"conection": "x"}}, ValueError, "engine has no 'conection'; it takes connection"),
    "setting": ({"lease": 3}, SettingsError, "lease"),
    "value": ({"lease_s": "soon"}, SettingsError, "lease_s"),
    "worker": ({"workers": [{"topic": "x", "callbck": double}]}, TypeError, "callbck"),
    "callback": ({"workers": [{"topic": "x", "callback": 5}]}, ValueError, "the callback of 'x' is int, not something to call"),
    "concurrency": ({"workers": [Worker(topic="x", callback=double, concurrency=0)]}, ValueError, "a whole number from 1, not 0"),
    "retry": ({"workers": [{"topic": "x", "callback": double, "retry": {"times": 3}}]}, ValueError, "retry has no field 'times'"),
}


@pytest.mark.parametrize("name", NO_MESH)
async def test_what_makes_no_mesh(dsn: str, app_id: str, name: str) -> None:
    options, error, told = NO_MESH[name]
    with pytest.raises(error, match=told):
        HotMesh(**{"app_id": app_id, "engine": {"connection": dsn}, **options})


async def test_an_app_id_that_can_not_be(dsn: str) -> None:
    with pytest.raises(SchemaError, match="'9 lives' can't be an app's id"):
        await HotMesh.init(app_id="9 lives", engine={"connection": dsn})
