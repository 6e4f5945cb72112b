"""A node: one process's part in an app's mesh. It joins the engine, the router, the claims, the leases and the bus.

The data's way: the API or a message gives the engine an event; the engine commits a step; `_after_commit` hands its tasks to the router,
its messages to the engine, and tells the others what they wait for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

from hotmesh import clock, codec
from hotmesh.errors import DuplicateJobError, HotMeshError, PayloadError, UnknownTopic
from hotmesh.ids import make_id, make_token
from hotmesh.machine.events import ChildAnswered, TimerFired
from hotmesh.machine.job import JobState
from hotmesh.machine.restore import restore
from hotmesh.runtime.adoption import meet
from hotmesh.runtime.bus import Bus, channel_of
from hotmesh.runtime.claims import Leases, MessageClaims, TaskClaims
from hotmesh.runtime.engine import Engine
from hotmesh.runtime.listening import Finished, Listener, call, listens
from hotmesh.runtime.messages import POISON_CLAIMS, PoisonousMessage, answered_task, event_of, start_request
from hotmesh.runtime.profile import Heartbeat, profile
from hotmesh.runtime.programs import Programs
from hotmesh.runtime.router import Consumer, Router
from hotmesh.runtime.service import Service
from hotmesh.runtime.telling import tell
from hotmesh.runtime.timers import OwnTimers, Timer
from hotmesh.runtime.waiting import Waiters
from hotmesh.runtime.watching import Watching
from hotmesh.runtime.work import MAX_INBOX, Pending, StartRequest, Work
from hotmesh.settings import Settings
from hotmesh.store.commit import Committer
from hotmesh.store.jobs import Jobs
from hotmesh.store.mesh import Member, Mesh
from hotmesh.store.migrate import schema_of
from hotmesh.store.pool import LOST, Pool
from hotmesh.store.queries import paragraphs
from hotmesh.store.signals import Signals
from hotmesh.store.streams import ClaimedMessage, Lease, Streams
from hotmesh.store.transactions import Transaction
from hotmesh.telemetry import Telemetry
from hotmesh.values import Json, dumps

logger = logging.getLogger("hotmesh.node")

CLAIM_AT_ONCE = 256
DONE_AT_ONCE = 150
"""Ends told in one notification; more would not fit."""


@dataclass(slots=True)
class Peers:
    """What the other members want to hear of."""

    topics: set[str] = field(default_factory=set)
    patterns: set[str] = field(default_factory=set)
    guids: set[str] = field(default_factory=set)


class Node(Waiters):
    """One process in the mesh of one app."""

    def __init__(self, pool: Pool, app_id: str, guid: str, settings: Settings) -> None:
        schema = schema_of(app_id)
        self.app_id = app_id
        self.schema = schema
        self.guid = guid
        self.settings = settings
        self.pool = pool
        super().__init__(Jobs(pool, schema), settings.poll_s)
        self.mesh = Mesh(pool, schema)
        self.streams = Streams(pool, schema, guid, settings.lease_s)
        self.signals = Signals(pool, schema, guid, settings.lease_s)
        self.programs = Programs(self.mesh, app_id)
        committer = Committer(pool, schema, guid, settings.lease_s, settings.expire_s)
        self.engine = Engine(
            pool, committer, self.jobs, self.streams, self.programs, group_commit=settings.group_commit, cache_bytes=settings.cache_bytes
        )
        self.telemetry = Telemetry(app_id, enabled=settings.telemetry)
        self.router = Router(self.engine, self.telemetry, self.streams)
        self.bus = Bus(pool, schema, guid)
        self.leases = Leases(self.streams, settings.lease_s, self.router, self.engine.messages)
        self.message_claims = MessageClaims(self.streams, settings.poll_s, self._room, self.take_message, self.leases)
        self.task_claims = TaskClaims(self.streams, settings.poll_s, self.router, self.leases)
        self.timers = OwnTimers(self._fire)
        self.heartbeat = Heartbeat(self)
        self.watching = Watching(self.bus)
        self.peers = Peers()
        self.members: list[Member] = []
        self.started_at = clock.now()
        self.listeners: dict[str, list[Listener]] = {}
        """By topic pattern."""
        self.quorum_listeners: list[Callable[[str, Json, str], None]] = []
        self._looking = asyncio.Lock()
        self._background: set[asyncio.Task[Any]] = set()
        self._started = False
        self._wire()

    def _wire(self) -> None:
        engine = self.engine
        engine.reserve = self.router.reserve
        engine.unreserve = self.router.unreserve
        engine.on_task = lambda task: self.router.dispatch(task, reserved=True)
        engine.on_settled_task = self.router.release
        engine.on_commit = self._after_commit
        engine.on_refused_start = self._refused_start
        engine.take_message = self.take_message
        engine.spawn = self.spawn
        self.bus.on_message = self._on_message
        self.bus.on_connected = self._on_connected

    # ---- life

    async def start(self) -> None:
        """Join the mesh and begin."""
        await self.refresh()
        await self.announce()
        self.engine.start()
        for service in self.services():
            service.start()
        self._started = True
        await self.bus.begun()

    def services(self) -> list[Service]:
        """Every loop but the commit lanes."""
        return [self.bus, self.message_claims, self.task_claims, self.leases, self.timers, self.heartbeat, self.lookout]

    async def stop(self, grace_s: float) -> None:
        """Leave the mesh: no new claims, running callbacks finish within `grace_s`, leases are given back."""
        if not self._started:
            return
        self._started = False
        await self.task_claims.stop()
        await self.message_claims.stop()
        await self.router.drain(grace_s)
        try:
            async with asyncio.timeout(max(1.0, grace_s)):
                await self.engine.drain()
                await self._wait_for_background()
        except TimeoutError:
            logger.warning("not everything was committed in time; what is left comes back when its lease ends")
        await self.engine.stop()
        self.watching.stop()
        await self._leave()
        for service in self.services():
            await service.stop()

    async def _leave(self) -> None:
        try:
            tasks = [*(held.lease for held in self.router.held.values()), *self.router.cut]
            messages = [lease for lease, _ in self.engine.messages.values()]
            if tasks or messages:
                await self.streams.give_back(tasks, messages)
            await self.mesh.leave(self.guid)
            self.bus.say("left")
            await self.bus.flush()
        except LOST as error:
            logger.warning("the database was lost while leaving (%s); what is held comes back when its lease ends", error)

    async def _wait_for_background(self) -> None:
        while self._background:
            await asyncio.wait(set(self._background))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something on the side; its errors are logged."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("%s: %s", type(error).__name__, error)

    # ---- the mesh

    async def refresh(self) -> None:
        """Look at what the mesh has become: versions, members, brakes. One look at a time, so that an older one can't end last."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        await self.programs.refresh()
        self.members = await self.mesh.members()
        others = [member for member in self.members if member.guid != self.guid]
        self.peers = Peers(
            {topic for member in others for topic in member.topics},
            {pattern for member in others for pattern in member.subscriptions},
            {member.guid for member in others},
        )
        self._brake(await self.mesh.throttles())

    def _brake(self, throttles: dict[str, int]) -> None:
        everywhere = _strictest(throttles.get("all", 0), throttles.get(f"guid:{self.guid}", 0))
        self.engine.paused = everywhere < 0
        for consumer in self.router.consumers.values():
            consumer.throttle_ms = _strictest(everywhere, throttles.get(f"topic:{consumer.topic}", 0))
        self.message_claims.alarm.ring()
        self.task_claims.alarm.ring()

    async def announce(self) -> None:
        """Tell the mesh who this is and what it wants to hear of."""
        await self.mesh.join(self.guid, list(self.router.consumers), list(self.listeners), profile(self))
        self.bus.say("joined")

    async def serve(self, consumer: Consumer) -> None:
        """Serve a topic from now on."""
        self.router.add(consumer)
        if self._started:
            await self.announce()
            await self.refresh()
            self.task_claims.alarm.ring()

    # ---- messages in

    def _room(self) -> int:
        return 0 if self.engine.paused else min(CLAIM_AT_ONCE, MAX_INBOX - self.engine.load)

    def _fire(self, timer: Timer) -> None:
        """A timer of this process is due."""
        if not self.engine.paused:
            event = TimerFired(timer.activity_id, timer.dimension, int(clock.now().timestamp() * 1000))
            self.engine.accept(timer.job_id, Pending(event, message=(timer.message_id, None)))

    def take_message(self, message: ClaimedMessage) -> None:
        """Bring a claimed message to its job."""
        lease = (message.id, message.token)
        try:
            if message.claims > POISON_CLAIMS:
                self._bury(message, lease)
            else:
                self._take(message, lease)
        except (KeyError, TypeError, ValueError) as error:
            logger.error("a message of the kind %s is none of ours: %s", message.kind, error)
            reason = {"code": 500, "message": f"not a message: {type(error).__name__} {error}"}
            self.spawn(self.streams.refuse_start(lease, message.job_id or message.id, message.kind, reason))

    def _bury(self, message: ClaimedMessage, lease: Lease) -> None:
        """A message that was never dealt with: nobody takes it again."""
        error = PoisonousMessage(message.kind)
        logger.error("the message %s of the job %s: %s", message.id, message.job_id, error)
        if message.kind == "start":
            self._refused_start(start_request(message, self.guid), lease, error)
        else:
            self.spawn(self.streams.bury(lease, error.code, str(error)))

    def _take(self, message: ClaimedMessage, lease: Lease) -> None:
        if message.kind == "start":
            request = start_request(message, self.guid)
            self.engine.accept(request.job_id, Pending(request, message=lease))
        elif message.kind == "send":
            self.spawn(self._send(message, lease))
        elif message.kind in ("overdue", "recall"):
            self.spawn(self._untaken(message, lease))
        elif message.job_id is None:
            self.spawn(self._find_and_take(message, lease))
        else:
            self.engine.accept(message.job_id, Pending(event_of(message), task=answered_task(message), message=lease))

    async def _find_and_take(self, message: ClaimedMessage, lease: Lease) -> None:
        """An interrupt names its job by the id its user knows."""
        found = await self.jobs.find(message.payload["key"])
        if found is None or found.done:
            await self.streams.drop([], [lease])
        else:
            self.engine.accept(found.id, Pending(event_of(message), message=lease))

    async def _untaken(self, message: ClaimedMessage, lease: Lease) -> None:
        """A task should have been taken by now, or its job is cancelled: when nobody has it, it fails."""
        task = await self.streams.take_back(message, make_token())
        if task is None:
            if not await self.streams.take_back_later(message):
                await self.streams.drop([], [lease])
        else:
            self.engine.accept(message.job_id or "", Pending(event_of(message), task=task, message=lease))

    async def _send(self, message: ClaimedMessage, lease: Lease) -> None:
        """A signal from SQL: consumed and sent in one transaction."""
        topic, data, status, code = (message.payload[name] for name in ("topic", "data", "status", "code"))
        try:
            if not self.programs.has_rule(topic):
                raise UnknownTopic(f"no hook of the active version waits for signals on {topic!r}")
            keys = self.programs.signal_keys(topic, data, clock.now())
            async with self.pool.acquire() as connection, connection.transaction():
                if await self.streams.consume(lease, connection):
                    await self.signals.send(make_id(), topic, keys, data, status, code, tx=connection)
        except (UnknownTopic, PayloadError) as error:
            logger.error("a signal on %s from SQL: %s", topic, error)
            await self.streams.refuse_start(lease, message.id, topic, {"code": error.code, "message": str(error)})
            return
        self.message_claims.alarm.ring()

    async def wake_after(self, tx: Transaction) -> None:
        """Have every member look into the streams when a caller's transaction commits."""
        for kind in ("engine", "tasks"):
            await tx.fetchval(paragraphs("connection")["notify_one"], channel_of(self.schema), dumps({"kind": kind}))

    def _refused_start(self, request: StartRequest, lease: Lease, error: HotMeshError) -> None:
        self.engine.messages.pop(lease[0], None)
        if isinstance(error, DuplicateJobError):
            self.spawn(meet(self, request, lease, error))
        else:
            self.give_up_start(request, lease, error)

    def give_up_start(self, request: StartRequest, lease: Lease, error: HotMeshError) -> None:
        """A child that can't be started is its parent's error."""
        parent = request.parent
        if parent is None or not parent.waits:
            message = f"the job {request.key} can't be started: {error}"
            logger.error("%s", message)
            self.spawn(self.streams.refuse_start(lease, request.job_id, request.topic, {"code": error.code, "message": message}))
            return
        detail = {"code": error.code, "message": str(error)}
        event = ChildAnswered(parent.activity_id, parent.dimension, request.job_id, "error", error.code, None, detail)
        self.engine.accept(parent.job_id, Pending(event, message=lease))

    # ---- effects out

    async def _after_commit(self, works: list[Work], epoch: int) -> None:
        if epoch > self.programs.epoch:
            await self.refresh()
        self.watching.note(work.unit.job.id for work in works)
        if self.telemetry.enabled:
            tell(self.telemetry, works, asyncio.get_running_loop().time() - works[0].unit.sent_at)
        topics: set[str] = set()
        for work in works:
            step, leased = work.unit.step, work.unit.leased
            for task in step.tasks:
                if task.id not in leased:
                    topics.add(task.topic)
            if step.messages or step.signals or step.waits or step.descend:
                self._wake_engine(work)
            if step.retries:
                self.task_claims.alarm.set(min(retry.delay_s for retry in step.retries))
            if step.publications or work.unit.job.done:
                self._publish(work)
        self._wake_workers(topics)
        done = [work.unit.job.id for work in works if work.unit.job.done and work.unit.job.origin in self.peers.guids]
        for first in range(0, len(done), DONE_AT_ONCE):
            self.bus.say("done", done[first : first + DONE_AT_ONCE])

    def _wake_engine(self, work: Work) -> None:
        step = work.unit.step
        for message in step.messages:
            if message.id in work.unit.leased:
                continue
            if message.delay_s is None:
                self.message_claims.alarm.ring()
            elif message.kind != "timer" or not self.timers.set(message, work.unit.stored_at):
                self.message_claims.alarm.set(message.delay_s)
        if step.signals or step.waits or step.descend:
            self.message_claims.alarm.ring()

    def _wake_workers(self, topics: set[str]) -> None:
        if topics & self.router.consumers.keys():
            if self.router.wanted().keys() & topics:
                self.task_claims.alarm.ring()
            else:
                self.task_claims.starved = True
        abroad = topics & self.peers.topics
        if abroad:
            self.bus.say("tasks", sorted(abroad))

    def _publish(self, work: Work) -> None:
        job = work.unit.job
        for publication in work.unit.step.publications:
            finished = Finished(publication.topic, job.id, job.key, publication.final, publication.data, self.metadata(job))
            self.tell(finished)
            if self.peers.patterns and any(listens(pattern, finished) for pattern in self.peers.patterns):
                told = codec.encoded([publication.data, finished.metadata])
                self.bus.say("published", [publication.topic, job.id, job.key, publication.final, told])
        if job.done:
            self.wake_waiters(job.id, job)

    def metadata(self, job: JobState) -> dict[str, Json]:
        """A job's metadata as its output carries it."""
        return {**job.metadata(), "app": self.app_id}

    def tell(self, finished: Finished) -> None:
        """Call this process's listeners."""
        for pattern, callbacks in list(self.listeners.items()):
            if listens(pattern, finished):
                for callback in callbacks:
                    self.spawn(call(callback, finished))

    # ---- the bus

    async def _on_message(self, kind: str, body: Json, sender: str) -> None:
        match kind:
            case "tasks":
                self.task_claims.alarm.ring()
            case "engine":
                self.message_claims.alarm.ring()
            case "done":
                await self._on_done(body)
            case "published":
                await self._on_published(body)
            case "joined" | "left" | "changed":
                await self.refresh()
                self.bus.say("confirmed", {"epoch": self.programs.epoch, "version": self.programs.active})
            case "watch":
                self.watching.wanted(body)
            case "ping":
                self.bus.say("pong", {"nonce": body, "profile": profile(self)})
        for listener in list(self.quorum_listeners):
            listener(kind, body, sender)

    async def _on_done(self, body: Json) -> None:
        if body is None:
            await self.look()
        else:
            self.ended_elsewhere(body)

    async def states(self, job_ids: Iterable[str]) -> dict[str, JobState]:
        """The jobs with these row ids, from their rows."""
        loaded = await self.jobs.load(job_ids)
        await self.programs.want({each.job.version for each in loaded.values()})
        for each in loaded.values():
            restore(self.programs.plan(each.job.version).graph_of(each.job.topic), each.job, each.rows)
        return {job_id: each.job for job_id, each in loaded.items()}

    async def _on_published(self, body: Json) -> None:
        """A publication of another member."""
        *what, told = body
        readable = codec.decoded(told)
        if isinstance(readable, str):
            logger.warning("a publication on %s is encoded; register the codec of its sender to hear of it", what[0])
            return
        self.tell(Finished(*what, *readable))

    async def _on_connected(self) -> None:
        """Whatever was said while nobody listened is looked up."""
        await self.refresh()
        await self.look()


def _strictest(*brakes: int) -> int:
    return -1 if min(brakes) < 0 else max(brakes)
