"""A console: an app's mesh as seen by somebody who looks on and gives orders, but takes no part in its work.

It claims nothing, so it can come and go at any time. It hears of changes through NOTIFY (one connection reads, one listens); its orders
about jobs are messages that the engines carry out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from hotmesh import clock, codec, ids, settings
from hotmesh.client.views import Views
from hotmesh.errors import JobError, JobNotFound, SchemaError, UnknownTopic
from hotmesh.runtime.bus import Bus
from hotmesh.store.address import resolve_dsn
from hotmesh.store.apps import Apps
from hotmesh.store.mesh import Member
from hotmesh.store.migrate import schema_of
from hotmesh.store.pool import LOST, Pool, Source
from hotmesh.values import UNDEFINED, Json

if TYPE_CHECKING:
    from hotmesh.export.execution import Execution
    from hotmesh.runtime.programs import Programs
    from hotmesh.store.jobs import Found, Jobs
    from hotmesh.store.signals import Signals

WATCH_S = 30.0
"""For how long an engine tells of changes after it was asked to."""

Heard = Callable[[str], None]
"""Called with `jobs`, `mesh`, `connected` or `lost`."""


class MeshView(NamedTuple):
    """Who takes part and how they are held back."""

    members: tuple[Member, ...]
    throttles: dict[str, int]
    version: str | None


class Console(Views):
    """One app, watched. `await Console.open(…)`, then `close()`."""

    def __init__(self, pool: Pool, app_id: str, *, readonly: bool = False) -> None:
        schema = schema_of(app_id)
        super().__init__(pool, schema, app_id)
        self.readonly = readonly
        self.guid = ids.make_guid()
        self.heard: Heard = lambda kind: None
        self._ear = _Ear(pool, schema, self.guid)
        self._ear.on_message = self._on_message
        self._ear.on_connected = self._on_connected
        self._ear.on_lost = lambda: self.heard("lost")
        self._asking: asyncio.Task[None] | None = None
        self._profiles: dict[str, Json] = {}
        """What members said of themselves when they were last asked, by guid."""

    # ---- life

    @classmethod
    async def open(cls, app_id: str | None = None, source: Source | None = None, *, readonly: bool = False) -> Self:
        """Connect to an app; None = the only one there is.

        Raises ConnectionError, and SchemaError when there is no such app, or several and none is named.
        """
        chosen = settings.load()
        codec.register_from(chosen.codec)
        if source is None or isinstance(source, str):
            source = await asyncio.to_thread(resolve_dsn, source, chosen)
        pool = Pool(source, max_size=1)
        await pool.open()
        try:
            return cls(pool, _chosen(await Apps(pool).names(), app_id), readonly=readonly)
        except BaseException:
            await pool.close()
            raise

    def listen(self, heard: Heard) -> None:
        """Begin to hear of changes."""
        self.heard = heard
        self._ear.start()
        self._asking = asyncio.create_task(self._keep_asking(), name="hotmesh watch")

    async def close(self) -> None:
        """Listen no more and disconnect. Idempotent."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])
            self._asking = None
        await self._ear.stop()
        await self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._ear.flush()
        await self.close()

    async def _keep_asking(self) -> None:
        while True:
            self._ear.say("watch", WATCH_S)
            await asyncio.sleep(WATCH_S / 2)

    async def _on_connected(self) -> None:
        self._ear.say("watch", WATCH_S)
        self.heard("connected")

    async def _on_message(self, kind: str, body: Json, sender: str) -> None:
        match kind:
            case "jobs":
                self.heard("jobs")
            case "pong" if body is not None:
                self._profiles[sender] = body["profile"]
            case "joined" | "left" | "changed":
                self._ear.say("watch", WATCH_S)
                self.heard("mesh")

    # ---- reading

    async def read(self, job_id: str) -> Execution:
        """One job, whole. Raises JobNotFound."""
        return await self.execution(job_id)

    async def mesh(self) -> MeshView:
        """Who takes part, what is held back, which version is active. Asks all how it goes; the answers are in the next view."""
        members = [each._replace(profile=self._profiles.get(each.guid, each.profile)) for each in await self.members()]
        self._ear.say("ping", self.guid)
        return MeshView(tuple(members), await self.throttles(), (await self._mesh.state()).version)

    # ---- orders: what only they need is loaded with the first one

    @cached_property
    def _jobs(self) -> Jobs:
        from hotmesh.store.jobs import Jobs

        return Jobs(self._pool, self._schema)

    @cached_property
    def _signals(self) -> Signals:
        from hotmesh.store.signals import Signals

        return Signals(self._pool, self._schema, self.guid, 30.0)

    @cached_property
    def _programs(self) -> Programs:
        from hotmesh.runtime.programs import Programs

        return Programs(self._mesh, self.app_id)

    async def signal(self, topic: str, data: Json) -> None:
        """Send a signal to the hook that waits for it, or keep it for one that will. Raises UnknownTopic, PayloadError."""
        await self._programs.refresh()
        if not self._programs.has_rule(topic):
            raise UnknownTopic(f"no hook of {self.app_id} version {self._programs.active} waits for signals on {topic!r}")
        keys = self._programs.signal_keys(topic, data, clock.now())
        await self._signals.send(ids.make_id(), topic, keys, data, "success", 200)
        self._wake()

    async def cancel(self, job_id: str, reason: str) -> None:
        """End a job in its own time. Raises JobNotFound; JobError when it has ended."""
        await self._order("cancel", await self._open_job(job_id), {"reason": reason})

    async def interrupt(self, job_id: str, reason: str) -> None:
        """End a job now. Raises JobNotFound; JobError when it has ended."""
        await self._order("interrupt", await self._open_job(job_id), {"reason": reason, "code": 410, "throw": True, "descend": False})

    async def pause(self, job_id: str) -> None:
        """Stop a job where it is. Raises JobNotFound; JobError when it has ended."""
        await self._jobs.pause((await self._open_job(job_id)).id)
        self._ear.say("jobs")

    async def resume(self, job_id: str) -> None:
        """Let a paused job go on. Raises JobNotFound; JobError when it has ended."""
        await self._jobs.act("resume", (await self._open_job(job_id)).id)
        self._wake()

    async def retry(self, job_id: str) -> None:
        """Run the activity again that failed a job. Raises JobNotFound; JobError when it has not failed."""
        found = await self._job(job_id)
        if not found.done or found.status == 0:
            raise JobError(f"the job {job_id} has not failed", code=409, job_id=job_id)
        await self._order("retried", found, {})

    async def rerun(self, job_id: str) -> str:
        """Start another job with what this one was started with; its id. Raises JobNotFound."""
        execution = await self.execution(job_id)
        payload = execution.instances[0].output
        new_id = ids.make_id()
        data = {} if payload is UNDEFINED else payload
        await self._queues.ask("start", None, {"topic": execution.topic, "data": data, "key": new_id, "entity": execution.entity})
        self._wake()
        return new_id

    async def throttle(self, scope: str, ms: int) -> None:
        """Brake `all`, `topic:<topic>` or `guid:<guid>`: milliseconds per message, -1 = pause, 0 = let go."""
        await self._mesh.throttle(scope, ms)
        self._ear.say("changed")

    async def activate(self, version: str) -> None:
        """Give new jobs this version. Raises VersionError when nobody deployed it."""
        await self._mesh.activate(version)
        self._ear.say("changed")

    async def resolve(self, id_: str, payload: Json, assignee: str) -> None:
        """Answer an escalation: its hook gets the payload. Raises EscalationError."""
        await self.escalations.resolve(id_, payload, assignee=assignee)
        self._wake()

    async def dismiss(self, id_: str, reason: str, assignee: str) -> None:
        """Close an escalation without an answer: its hook fails with the reason. Raises EscalationError."""
        await self.escalations.cancel(id_, reason=reason, assignee=assignee)
        self._wake()

    async def claim(self, id_: str, assignee: str) -> None:
        """Have an escalation for a quarter of an hour. Raises EscalationError."""
        await self.escalations.claim(id_, assignee)
        self._ear.say("jobs")

    async def release(self, id_: str, assignee: str) -> None:
        """Give one's escalation back. Raises EscalationError."""
        await self.escalations.release(id_, assignee)
        self._ear.say("jobs")

    async def _job(self, job_id: str) -> Found:
        found = await self._jobs.find(job_id)
        if found is None:
            raise JobNotFound(f"there is no job {job_id!r} in {self.app_id}; it may have expired")
        return found

    async def _open_job(self, job_id: str) -> Found:
        found = await self._job(job_id)
        if found.done:
            raise JobError(f"the job {job_id} has ended", code=409, job_id=job_id)
        return found

    async def _order(self, kind: str, found: Found, payload: Json) -> None:
        if found.paused:
            await self._jobs.act("resume", found.id)
        await self._queues.ask(kind, found.id, payload)
        self._wake()

    def _wake(self) -> None:
        for kind in ("engine", "tasks", "jobs"):
            self._ear.say(kind)


class _Ear(Bus):
    """The bus of somebody who only listens, and wants to know when that ends."""

    on_lost: Callable[[], None]

    async def run(self) -> None:
        try:
            await super().run()
        except LOST:
            self.on_lost()
            raise


def _chosen(names: list[str], app_id: str | None) -> str:
    if app_id is None and len(names) == 1:
        return names[0]
    if app_id in names:
        return app_id
    there = f"there is {', '.join(names)}" if names else "this database has none yet: deploy one with `hotmesh deploy`"
    raise SchemaError(f"no app {app_id!r} here; {there}." if app_id else f"which app? {there}; name one with --app.")
