"""A worker under a role answers in every way that an ordinary one does: the same cases through both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import pytest

from hotmesh import Fatal, HotMesh, JobError, RestrictedWorker, StreamData, StreamResponse
from hotmesh.errors import RoleError
from hotmesh.store.roles import Credentials
from hotmesh.values import Json
from tests.functional.engine.apps import until

APP = """
app:
  id: {app}
  version: '1'
  graphs:
    - subscribes: asked
      activities:
        ask: {{type: trigger}}
        work:
          type: worker
          topic: work
          retry: {{'500': [2]}}
          job: {{maps: {{last: '{{$self.output.data.n}}'}}}}
        part: {{type: worker, topic: note, input: {{maps: {{n: '{{work.output.data.n}}'}}}}}}
      transitions:
        ask: [{{to: work}}]
        work: [{{to: part, conditions: {{code: 202}}}}]
"""
Callback = Callable[[StreamData], Any]
Running = Callable[..., Any]


class Noted(list[int]):
    """What the parts were given."""

    async def __call__(self, task: StreamData) -> None:
        self.append(task.data["n"])


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
async def mesh(dsn: str, app_id: str, noted: Noted) -> AsyncIterator[HotMesh]:
    """The engine, which serves the parts."""
    parts = {"topic": "note", "callback": noted.__call__, "concurrency": 1}
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[parts], poll_s=0.2, lease_s=2) as mesh:
        await mesh.deploy(APP.format(app=app_id))
        await mesh.activate("1")
        yield mesh


@pytest.fixture
async def credentials(mesh: HotMesh) -> AsyncIterator[Credentials]:
    made = await mesh.provision_worker_role(["work"])
    yield made
    await mesh.revoke_worker_role(made.role)


@pytest.fixture(params=["ordinary", "under a role"])
def serving(request: pytest.FixtureRequest, mesh: HotMesh, dsn: str, credentials: Credentials) -> Running:
    """Serves `work` with a callback, in one way or the other."""

    @asynccontextmanager
    async def serve(callback: Callback, **options: Any) -> AsyncIterator[None]:
        workers = [{"topic": "work", "callback": callback}]
        settings = {"lease_s": 2, "poll_s": 0.2, **options}
        async with AsyncExitStack() as stack:
            if request.param == "ordinary":
                await stack.enter_async_context(HotMesh(app_id=mesh.app_id, engine={"connection": dsn}, workers=workers, **settings))
            else:
                restricted = RestrictedWorker(app_id=mesh.app_id, connection=dsn, credentials=credentials, workers=workers, **settings)
                await stack.enter_async_context(restricted)
            yield

    return serve


async def plain(task: StreamData) -> Json:
    return {"n": task.data["n"] + 1}


async def response(task: StreamData) -> StreamResponse:
    return StreamResponse({"n": task.data["n"] + 1}, code=201)


def in_a_thread(task: StreamData) -> Json:
    return {"data": {"n": task.data["n"] + 1}, "status": "success", "code": 200}


async def twice_wrong(task: StreamData) -> Json:
    if task.metadata.attempt < 3:
        raise RuntimeError(f"attempt {task.metadata.attempt}")
    return {"n": task.data["n"] + 1}


async def longer_than_a_lease(task: StreamData) -> Json:
    await asyncio.sleep(1.6)
    assert task.metadata.attempt == 1
    return {"n": task.data["n"] + 1}


GOOD: list[Callback] = [plain, response, in_a_thread, twice_wrong]


@pytest.mark.parametrize("callback", GOOD, ids=lambda each: each.__name__)
async def test_good_answers(mesh: HotMesh, serving: Running, callback: Callback, admin: asyncpg.Connection) -> None:
    async with serving(callback):
        assert (await mesh.pubsub("asked", {"n": 41}, timeout=20)).data == {"last": 42}
    await drained(mesh)


async def test_a_lease_is_renewed_while_a_callback_runs(mesh: HotMesh, serving: Running) -> None:
    async with serving(longer_than_a_lease, lease_s=1):
        assert (await mesh.pubsub("asked", {"n": 41}, timeout=20)).data == {"last": 42}


async def fatal(_: StreamData) -> Json:
    raise Fatal("never again")


async def always(_: StreamData) -> Json:
    raise RuntimeError("not today")


async def error_with_a_code(_: StreamData) -> StreamResponse:
    return StreamResponse({"message": "no such thing"}, "error", 404)


async def not_json(_: StreamData) -> Any:
    return {"n": object()}


BAD: list[tuple[Callback, str, int]] = [
    (fatal, "never again", 598),
    (always, "not today", 500),
    (error_with_a_code, "no such thing", 404),
    (not_json, "a worker returned what is not JSON", 500),
]


@pytest.mark.parametrize(("callback", "message", "code"), BAD, ids=[callback.__name__ for callback, *_ in BAD])
async def test_bad_answers(mesh: HotMesh, serving: Running, callback: Callback, message: str, code: int) -> None:
    async with serving(callback):
        with pytest.raises(JobError, match=message) as raised:
            await mesh.pubsub("asked", {"n": 1}, timeout=20)
    assert raised.value.code == code
    await drained(mesh)


async def test_pending_answers_come_in_their_order(mesh: HotMesh, serving: Running, noted: Noted) -> None:
    async def count(task: StreamData) -> AsyncIterator[Any]:
        for n in range(1, 6):
            yield StreamResponse({"n": n}, "pending")
        yield {"n": 99}

    async with serving(count):
        assert (await mesh.pubsub("asked", {}, timeout=20)).data == {"last": 99}
    assert noted == [1, 2, 3, 4, 5]
    await drained(mesh)


async def test_pending_answers_given_before_a_crash_are_not_taken_again(
    mesh: HotMesh, serving: Running, noted: Noted, admin: asyncpg.Connection
) -> None:
    """The lease is taken away in the middle, as from a process that hangs: the next attempt says everything once more."""
    runs: list[int] = []

    async def count(task: StreamData) -> AsyncIterator[Any]:
        runs.append(len(runs))
        for n in range(1, 5):
            yield StreamResponse({"n": n}, "pending")
            if n == 2 and len(runs) == 1:
                await take_lease_away(admin, mesh)
                await asyncio.sleep(60)
        yield {"n": 99}

    async with serving(count, lease_s=0.6):
        assert (await mesh.pubsub("asked", {}, timeout=20)).data == {"last": 99}
    assert len(runs) == 2
    assert noted == [1, 2, 3, 4], "an answer was taken twice, or not at all"
    await drained(mesh)


async def take_lease_away(admin: asyncpg.Connection, mesh: HotMesh) -> None:
    """As if the lease had run out and somebody else had begun to look at it."""
    await admin.execute(f"UPDATE {mesh.node.schema}.worker_streams SET token = 7, visible_at = now() + '0.3 s' WHERE topic = 'work'")


async def test_the_last_answer_may_be_pending_too(mesh: HotMesh, serving: Running, noted: Noted) -> None:
    async def open_end(task: StreamData) -> StreamResponse:
        return StreamResponse({"n": 7}, "pending")

    async with serving(open_end):
        job_id = await mesh.pub("asked", {})
        await until(lambda: true(noted == [7]))
        assert await mesh.get_status(job_id) > 0, "a pending answer closed its activity"


async def true(value: bool) -> bool:
    return value


async def drained(mesh: HotMesh) -> None:
    """Wait until the streams are empty."""

    async def empty() -> bool:
        return await mesh.node.streams.depths() == []

    await until(empty)


# ---- as a member of the mesh


@asynccontextmanager
async def restricted(mesh: HotMesh, dsn: str, credentials: Credentials, callback: Callback, **options: Any) -> AsyncIterator[None]:
    workers = [{"topic": "work", "callback": callback}]
    async with RestrictedWorker(app_id=mesh.app_id, connection=dsn, credentials=credentials, workers=workers, **options):
        yield


async def test_it_is_seen_and_woken(mesh: HotMesh, dsn: str, credentials: Credentials) -> None:
    async with restricted(mesh, dsn, credentials, plain, poll_s=60):
        member = next(each for each in await mesh.views.members() if not each.is_engine)
        assert member.guid.startswith(f"role:{credentials.role}:")
        assert next(each.consumers for each in await mesh.views.queues() if each.topic == "work") == 1
        assert next(each.consumers for each in await mesh.views.queues() if each.topic == "") == 1, "it is no engine"
        await until(lambda: true("work" in mesh.node.peers.topics))
        assert (await mesh.pubsub("asked", {"n": 1}, timeout=10)).data == {"last": 2}, "it was not woken"
        answers = {each["guid"] for each in await mesh.roll_call(delay_s=5)}
        assert answers == {mesh.guid, member.guid}
        assert await mesh.activate("1", delay_s=5), "one who can't confirm was waited for"
    assert all(each.is_engine for each in await mesh.views.members())


async def test_it_obeys_a_brake(mesh: HotMesh, dsn: str, credentials: Credentials) -> None:
    async with restricted(mesh, dsn, credentials, plain, poll_s=0.1):
        await mesh.throttle(-1, topic="work")
        job_id = await mesh.pub("asked", {"n": 1})
        with pytest.raises(Exception, match="has not ended"):
            await mesh.result(job_id, timeout=0.6)
        await mesh.throttle(0, topic="work")
        assert (await mesh.result(job_id, timeout=10)).data == {"last": 2}


async def test_a_connection_that_is_cut_loses_no_answer(
    mesh: HotMesh, dsn: str, credentials: Credentials, admin: asyncpg.Connection
) -> None:
    async def cut(task: StreamData) -> Json:
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", credentials.role)
        return {"n": 5}

    async with restricted(mesh, dsn, credentials, cut, poll_s=0.1, lease_s=30):
        assert (await mesh.pubsub("asked", {"n": 1}, timeout=15)).data == {"last": 5}, "the answer waited for its lease to end"


async def refused(work: Awaitable[Any], error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        await work


async def test_what_it_may_not_is_told_at_once(mesh: HotMesh, dsn: str, credentials: Credentials) -> None:
    def worker(**more: Any) -> RestrictedWorker:
        one = {"topic": "work", "callback": plain, **more}
        return RestrictedWorker(app_id=mesh.app_id, connection=dsn, credentials=credentials, workers=[one])

    await refused(worker(topic="secret").start(), RoleError, "may not work for all of {secret}")
    with pytest.raises(ValueError, match="the worker of 'work' is transactional, which a restricted worker can't be"):
        worker(transactional=True)


async def test_a_role_that_was_revoked_says_so(mesh: HotMesh, dsn: str) -> None:
    made = await mesh.provision_worker_role(["work"])
    await mesh.revoke_worker_role(made.role)
    one = {"topic": "work", "callback": plain}
    worker = RestrictedWorker(app_id=mesh.app_id, connection=dsn, credentials=made, workers=[one])
    await refused(worker.start(), Exception, "role|password|refused")
