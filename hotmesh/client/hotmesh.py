"""HotMesh: one process's connection to an app's mesh. It is an engine, a worker for the topics given, and the app's API in one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, ClassVar, Self, overload

from hotmesh import clock, codec, ids, settings
from hotmesh.client.inspection import Inspection
from hotmesh.client.listening import Listening
from hotmesh.client.output import JobOutput
from hotmesh.client.quorum import Quorum
from hotmesh.client.restricted import WorkerRoles
from hotmesh.client.termination import Termination
from hotmesh.client.versions import Versions
from hotmesh.client.worker import Worker, as_worker
from hotmesh.errors import DuplicateJobError, JobError, JobNotFound, JobTimeout, PayloadError, UnknownTopic
from hotmesh.machine.events import Cancelled, Event, Interrupted, Retried
from hotmesh.machine.job import JobState
from hotmesh.machine.run import Moment, job_key
from hotmesh.runtime.node import Node
from hotmesh.runtime.work import DroppedEvent, StartRequest
from hotmesh.store.address import resolve_dsn
from hotmesh.store.jobs import Found
from hotmesh.store.migrate import migrate
from hotmesh.store.pool import Pool, Source
from hotmesh.store.transactions import SAVEPOINT, transaction_of
from hotmesh.values import Json, copied, dumps, loads


class Guid:
    """`HotMesh.guid()` makes a fresh id; `mesh.guid` is the name of one process in its mesh."""

    @overload
    def __get__(self, mesh: None, owner: type[HotMesh]) -> Callable[[], str]: ...
    @overload
    def __get__(self, mesh: HotMesh, owner: type[HotMesh]) -> str: ...
    def __get__(self, mesh: HotMesh | None, owner: type[HotMesh]) -> Callable[[], str] | str:
        return ids.make_id if mesh is None else mesh._guid

    def __set__(self, mesh: HotMesh, value: str) -> None:
        mesh._guid = value


class HotMesh(Versions, Listening, Quorum, WorkerRoles, Inspection):
    """An app's mesh, seen from this process. Make one with `await HotMesh.init(…)` or `async with HotMesh(…) as mesh`."""

    _all: ClassVar[set[HotMesh]] = set()
    _guid: str
    guid = Guid()

    def __init__(
        self,
        *,
        app_id: str = "hotmesh",
        engine: Mapping[str, Any] | None = None,
        workers: Sequence[Worker | Mapping[str, Any]] = (),
        guid: str | None = None,
        **options: Any,
    ) -> None:
        """`engine["connection"]`: a DSN, an asyncpg pool or connection, or None (see Connections in the docs).

        `options`: any setting (`lease_s`, `poll_s`, …). Raises SettingsError and ValueError for what is none.
        """
        self.app_id = app_id
        self.namespace = app_id
        self.guid = guid or ids.make_guid()
        unknown = sorted((engine or {}).keys() - {"connection"})
        if unknown:
            raise ValueError(f"engine has no {unknown[0]!r}; it takes connection: a DSN, an asyncpg pool or connection, or None")
        self._settings = settings.load(**options)
        codec.register_from(self._settings.codec)
        self._source: Source | None = (engine or {}).get("connection")
        self._consumers = [as_worker(each).consumer() for each in workers]
        super().__init__()
        self._node: Node | None = None
        self._pool: Pool | None = None
        self._termination = Termination()

    # ---- life

    @classmethod
    async def init(
        cls,
        *,
        app_id: str = "hotmesh",
        engine: Mapping[str, Any] | None = None,
        workers: Sequence[Worker | Mapping[str, Any]] = (),
        guid: str | None = None,
        **options: Any,
    ) -> Self:
        """Join the mesh of `app_id`: connect, bring the tables up to date, begin to work.

        Raises ConnectionError, SchemaError, SettingsError; then nothing was started.
        """
        mesh = cls(app_id=app_id, engine=engine, workers=workers, guid=guid, **options)
        await mesh.start()
        return mesh

    async def start(self) -> None:
        """What `init` does; nothing when it is started already."""
        if self._node is not None:
            return
        source = self._source
        if source is None or isinstance(source, str):
            source = await asyncio.to_thread(resolve_dsn, source, self._settings)
        chosen = self._settings
        pool = Pool(source, prepared=chosen.prepared_statements, listen_dsn=chosen.listen_dsn)
        await pool.open()
        try:
            async with pool.acquire() as connection:
                await migrate(connection, self.app_id)
            node = Node(pool, self.app_id, self.guid, self._settings)
            for consumer in self._consumers:
                node.router.add(consumer)
            await node.start()
        except BaseException:
            await pool.close()
            raise
        self._pool, self._node = pool, node
        HotMesh._all.add(self)

    async def stop(self, grace_s: float = 10.0) -> None:
        """Leave the mesh: no new claims, running callbacks finish (at most `grace_s` seconds), leases are given back. Idempotent."""
        HotMesh._all.discard(self)
        node, pool, self._node, self._pool = self._node, self._pool, None, None
        if node is not None:
            await node.stop(grace_s)
        if pool is not None:
            await pool.close()

    @classmethod
    async def stop_all(cls) -> None:
        """Stop every mesh of this process."""
        await asyncio.gather(*(mesh.stop() for mesh in list(cls._all)))

    async def __aenter__(self) -> Self:
        self._termination.watch()
        try:
            await self.start()
        except BaseException as error:
            self._termination.unwatch(error)
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop. After a SIGTERM, which ends the block as Ctrl-C does, SystemExit(143)."""
        try:
            await self.stop()
        finally:
            self._termination.unwatch(error)

    @staticmethod
    def make_guid() -> str:
        """A fresh id."""
        return ids.make_id()

    @staticmethod
    def register_codec(chosen: codec.Codec | None) -> None:
        """Encode every payload that this process stores, and decode those it reads; None = plain JSON."""
        codec.register(chosen)

    @property
    def node(self) -> Node:
        """The running part. Raises RuntimeError before `init` and after `stop`."""
        if self._node is None:
            raise RuntimeError("this mesh is not started: `await HotMesh.init(…)`, or use `async with`.")
        return self._node

    async def serve(self, worker: Worker | Mapping[str, Any]) -> None:
        """Work for another topic from now on."""
        await self.node.serve(as_worker(worker).consumer())

    # ---- jobs

    async def pub(
        self,
        topic: str,
        data: Json = None,
        *,
        job_id: str | None = None,
        entity: str | None = None,
        context: Mapping[str, str] | None = None,
        tx: Any = None,
        on_duplicate: str = "reject",
    ) -> str:
        """Start a job; its id.

        `context`: trace and span ids (`trc`, `spn`). `tx`: the caller's connection, in whose transaction the job starts.
        `on_duplicate`: `reject`, `attach` (the running job's id is returned) or `replace_finished`.
        Raises UnknownTopic, NotActive, PayloadError, DuplicateJobError; then nothing was stored.
        """
        request = self._request(topic, data, job_id, entity, context, on_duplicate)
        if tx is not None:
            return await self._start_within(request, tx)
        try:
            await self.node.engine.submit(request.job_id, request)
        except DuplicateJobError:
            if on_duplicate != "attach":
                raise
        return request.key

    def _request(
        self, topic: str, data: Json, key: str | None, entity: str | None, context: Mapping[str, str] | None, on_duplicate: str
    ) -> StartRequest:
        if on_duplicate not in ("reject", "attach", "replace_finished"):
            raise ValueError(f"on_duplicate is reject, attach or replace_finished, not {on_duplicate!r}")
        payload = plain({} if data is None else data)
        node = self.node
        job_id = ids.make_id()
        moment = Moment(clock.now(), 0, ids.make_id)
        name = key if key is not None else job_key(node.programs.plan(), topic, payload, moment, job_id)
        if not name or "\0" in name or len(name) > 2_000:
            raise PayloadError("a job's id is a text of 1 to 2,000 characters without NUL")
        ids_of_trace = node.telemetry.start(topic, context)
        trace = dict(ids_of_trace) if ids_of_trace else None
        return StartRequest(topic, payload, job_id, name, entity=entity, origin=self.guid, trace=trace, on_duplicate=on_duplicate)

    async def _start_within(self, request: StartRequest, tx: Any) -> str:
        own = await transaction_of(tx)
        await own.execute(f"SAVEPOINT {SAVEPOINT}")
        try:
            await self.node.engine.start_within(request, own)
        except BaseException:
            await own.execute(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")
            raise
        await self.node.wake_after(own)
        return request.key

    async def pubsub(
        self,
        topic: str,
        data: Json = None,
        *,
        timeout: float = 30.0,
        job_id: str | None = None,
        entity: str | None = None,
        context: Mapping[str, str] | None = None,
        on_duplicate: str = "reject",
    ) -> JobOutput:
        """Start a job and wait for its end, at most `timeout` seconds.

        Raises what `pub` raises, JobError when the job fails, JobTimeout (504) when the wait ends first; the job goes on then.
        """
        request = self._request(topic, data, job_id, entity, context, on_duplicate)
        node = self.node
        waiter = node.expect_end(request.job_id)
        try:
            async with asyncio.timeout(timeout):
                job = await node.engine.submit(request.job_id, request)
                ended = job if job.done else await node.ended(request.job_id, waiter)
        except DuplicateJobError:
            if on_duplicate != "attach":
                raise
            return await self.result(request.key, timeout=timeout)
        except TimeoutError:
            raise JobTimeout(
                f"the job {request.key} has not ended within {timeout:g} s; it goes on: ask get_state({topic!r}, {request.key!r}) later"
            ) from None
        finally:
            node.expect_no_more(request.job_id, waiter)
        return self._output(ended or await self._state(request.job_id))

    async def result(self, job_id: str, *, timeout: float | None = None) -> JobOutput:
        """Wait for the end of a job. Raises JobNotFound, JobError, JobTimeout."""
        found = await self._find(job_id)
        waiter = self.node.expect_end(found.id)
        try:
            async with asyncio.timeout(timeout):
                done = found.done or (await self._find(job_id)).done
                ended = None if done else await self.node.ended(found.id, waiter)
        except TimeoutError:
            raise JobTimeout(f"the job {job_id} has not ended within {timeout:g} s; it goes on") from None
        finally:
            self.node.expect_no_more(found.id, waiter)
        return self._output(ended or await self._state(found.id))

    def _output(self, job: JobState) -> JobOutput:
        """A finished job's output. Raises JobError when it failed."""
        if job.error is not None:
            error, data = job.error, copied(job.data)
            raise JobError(error["message"], code=error["code"], job_id=job.key, stack=error.get("stack"), data=data, error=error)
        return JobOutput.of(job.data, self.node.metadata(job))

    async def get_state(self, topic: str, job_id: str) -> JobOutput:
        """A job's data so far and its metadata. Raises JobNotFound, also when the job is one of another topic."""
        found = await self._find(job_id, topic)
        job = await self._state(found.id)
        return JobOutput.of(job.data, self.node.metadata(job))

    async def get_status(self, job_id: str) -> int:
        """A job's semaphore: how many instances are open; 0 = complete, below 0 = failed or interrupted. Raises JobNotFound."""
        return (await self._find(job_id)).status

    async def _find(self, job_id: str, topic: str | None = None) -> Found:
        found = await self.node.jobs.find(job_id)
        if found is None or topic not in (None, found.topic):
            where = f" of {topic}" if topic else ""
            raise JobNotFound(f"there is no job {job_id!r}{where} in {self.app_id}; it may have expired")
        return found

    async def _state(self, row_id: str) -> JobState:
        """A job from its rows."""
        job = (await self.node.states([row_id])).get(row_id)
        if job is None:
            raise JobNotFound(f"the job {row_id} is gone; it may have expired")
        return job

    async def signal(self, topic: str, data: Json = None, *, status: str = "success", code: int = 200, tx: Any = None) -> str:
        """Send a signal to the hook that waits for it, or keep it for one that will; the signal's id.

        `code` 202 leaves the hook open for more. `tx`: the caller's connection, in whose transaction it is sent.
        Raises UnknownTopic when no hook of the active version waits on the topic; PayloadError when its `$expire` is no duration.
        """
        node = self.node
        if not node.programs.has_rule(topic):
            known = ", ".join(node.programs.plan().rules) or "none"
            raise UnknownTopic(f"no hook of {self.app_id} version {node.programs.active} waits for signals on {topic!r}; there is {known}")
        payload = plain({} if data is None else data)
        id_ = ids.make_id()
        keys = node.programs.signal_keys(topic, payload, clock.now())
        if tx is not None:
            own = await transaction_of(tx)
            await node.signals.send(id_, topic, keys, payload, status, code, tx=own)
            await node.wake_after(own)
            return id_
        token = None if node.engine.paused else ids.make_token()
        message = await node.signals.send(id_, topic, keys, payload, status, code, token=token)
        if message is not None:
            node.take_message(message)
        else:
            node.message_claims.alarm.ring()
        return id_

    async def interrupt(
        self,
        topic: str,
        job_id: str,
        *,
        reason: str | None = None,
        code: int = 410,
        throw: bool = True,
        descend: bool = False,
        expire: float | None = None,
    ) -> None:
        """End a job now. `throw` false = without error; `descend` = its children too; `expire` = seconds its rows stay.

        Interrupting a job that has ended changes nothing. Raises JobNotFound.
        """
        found = await self._find(job_id, topic)
        await self._act(found, Interrupted(reason or "interrupted", code, throw, descend, expire))

    async def cancel(self, job_id: str, *, reason: str = "cancelled") -> None:
        """End a job in its own time: waits end, what runs may finish, nothing new begins. Raises JobNotFound."""
        await self._act(await self._find(job_id), Cancelled(reason))

    async def retry(self, job_id: str) -> None:
        """Run the activity again that failed a job; let a paused one go on. Raises JobNotFound; JobError when it has not failed."""
        found = await self._find(job_id)
        if found.paused:
            await self.resume(job_id)
            return
        if not found.done or found.status == 0:
            raise JobError(f"the job {job_id} has not failed", code=409, job_id=job_id)
        await self.node.engine.submit(found.id, Retried())

    async def _act(self, found: Found, event: Event) -> None:
        if found.done:
            return
        if found.paused:
            await self.node.jobs.act("resume", found.id)
        try:
            await self.node.engine.submit(found.id, event)
        except DroppedEvent:
            return

    async def pause(self, job_id: str) -> None:
        """Stop a job where it is; what it waits for is kept. Raises JobNotFound."""
        found = await self._find(job_id)
        await self.node.jobs.pause(found.id)

    async def resume(self, job_id: str) -> None:
        """Let a paused job go on. Raises JobNotFound."""
        found = await self._find(job_id)
        await self.node.jobs.act("resume", found.id)
        self.node.message_claims.alarm.ring()
        self.node.task_claims.alarm.ring()
        self.node.bus.say("engine")
        self.node.bus.say("tasks")

    async def scrub(self, job_id: str) -> None:
        """Delete a finished job with everything it left. Raises JobNotFound; JobError while it runs."""
        found = await self._find(job_id)
        if not await self.node.jobs.act("scrub", found.id):
            raise JobError(f"the job {job_id} is still running: interrupt it first", code=409, job_id=job_id)


def plain(data: Json) -> Json:
    """A payload as it will be stored, whatever its sender does with it later. Raises PayloadError for what is not JSON."""
    try:
        return loads(dumps(data))
    except (TypeError, ValueError, RecursionError) as error:
        raise PayloadError(f"the payload is not JSON: {error}") from error
