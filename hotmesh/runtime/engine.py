"""The engine: events in, steps computed in memory, committed together, effects handed on.

The events of a job that are ready together become one step; steps that are ready while a commit is in flight go into the next commit
together. A job is in one commit at a time. When a commit is refused, the states it was computed from are thrown away, and the events are
taken again to what the rows say.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from hotmesh import clock
from hotmesh.errors import DuplicateJobError, HotMeshError, JobPaused
from hotmesh.ids import make_id, make_token
from hotmesh.machine.dimension import to_text
from hotmesh.machine.effects import Message, Step, Task
from hotmesh.machine.events import Event, Interrupted, Response, RetryDue
from hotmesh.machine.job import JobState, Parent
from hotmesh.machine.plan import Plan
from hotmesh.machine.restore import restore
from hotmesh.machine.run import Moment
from hotmesh.machine.step import start, step
from hotmesh.runtime.cache import Cache
from hotmesh.runtime.inline import InlineWorker, PauseJob
from hotmesh.runtime.programs import Programs
from hotmesh.runtime.service import Service
from hotmesh.store.commit import Committer, Reason, Refused, Unit
from hotmesh.store.jobs import Jobs, Loaded
from hotmesh.store.pool import LOST, Pool, is_passing
from hotmesh.store.streams import ClaimedMessage, ClaimedTask, Lease, MessageLease, Streams
from hotmesh.values import Json

logger = logging.getLogger("hotmesh.engine")

MAX_INBOX = 2_000
"""Jobs with events at hand; while there are more, no messages are claimed."""


@dataclass(slots=True)
class StartRequest:
    """A job to be started. `version` None = the active one."""

    topic: str
    payload: Json
    job_id: str
    key: str
    version: str | None = None
    entity: str | None = None
    parent: Parent | None = None
    origin: str | None = None
    trace: Json = None
    on_duplicate: str = "reject"


@dataclass(slots=True)
class InlineTask:
    """A task of an inline worker that was claimed from the stream: asked for by another process, or left by one that died."""

    task: Task


@dataclass(slots=True)
class Pending:
    """An event on its way to its job, with the lease of the task or message that brought it."""

    event: Event | StartRequest | InlineTask
    task: Lease | None = None
    message: MessageLease | None = None
    keep: bool = False
    """The answer doesn't consume its task."""
    done: asyncio.Future[JobState] | None = None
    surely_late: bool = False
    """A signal has beaten this timer: only its message is to be consumed."""
    alone: bool = False
    """Something of a step that this event was in can't be stored: it is tried without the job's other events."""
    settled_waits: tuple[str, ...] = ()
    """The waits that this timer settles, as of the last try."""

    @property
    def lease(self) -> Lease | None:
        """The message's lease, when it has one."""
        if self.message is None or self.message[1] is None:
            return None
        return self.message[0], self.message[1]


@dataclass(slots=True)
class Work:
    """One job's part of the commit in the making."""

    unit: Unit
    pendings: list[Pending]
    handed: list[Task | Message] = field(default_factory=list)
    late: list[Pending] = field(default_factory=list)
    """Events that came too late, as far as this state of the job tells: true once the commit shows that the state is the stored one, or
    when it was just read."""
    from_memory: bool = False
    sent_at: float = 0.0
    """When the commit was sent, in the loop's time."""


class Counts:
    """What an engine has done since it started."""

    __slots__ = ("commits", "conflicts", "dropped", "events", "jobs_done", "jobs_started")

    def __init__(self) -> None:
        self.commits = self.conflicts = self.dropped = self.events = self.jobs_done = self.jobs_started = 0


class Engine:
    """One process's engine. Its owner sets the hooks `on_*` before `start`."""

    def __init__(
        self,
        pool: Pool,
        committer: Committer,
        jobs: Jobs,
        streams: Streams,
        programs: Programs,
        *,
        group_commit: int,
        cache_bytes: int,
        lanes: int = 2,
    ) -> None:
        self._pool = pool
        self._committer = committer
        self._jobs = jobs
        self._streams = streams
        self._programs = programs
        self._group = group_commit
        self._cache = Cache(cache_bytes, self._evicted)
        self._inbox: dict[str, list[Pending]] = {}
        self._in_flight: set[str] = set()
        self._ready = asyncio.Event()
        self._left = asyncio.Event()
        """Wakes, for a moment, those who wait for a job to leave its commit."""
        self._lanes = [Lane(self, number) for number in range(lanes)]
        self._quiet = asyncio.Event()
        self._quiet.set()
        self.counts = Counts()
        self.messages: dict[str, tuple[Lease, float]] = {}
        """Messages held, by id: lease and the moment it was taken or renewed."""
        self.inline: dict[str, InlineWorker] = {}
        self.paused = False
        self.reserve: Callable[[str], bool] = lambda topic: False
        self.unreserve: Callable[[str], None] = lambda topic: None
        self.on_task: Callable[[ClaimedTask], None] = lambda task: None
        self.on_settled_task: Callable[[str], None] = lambda task_id: None
        self.on_commit: Callable[[list[Work], int], Awaitable[None]] = _nothing

    # ---- life

    def start(self) -> None:
        """Begin to commit."""
        for lane in self._lanes:
            lane.start()

    async def drain(self) -> None:
        """Wait until every event at hand is committed."""
        await self._quiet.wait()

    async def stop(self) -> None:
        """Stop committing; events at hand stay leased and come back when their leases end."""
        for lane in self._lanes:
            await lane.stop()

    @property
    def load(self) -> int:
        """How many jobs have events at hand."""
        return len(self._inbox)

    # ---- events in

    def accept(self, job_id: str, pending: Pending) -> None:
        """Take an event for a job."""
        if (lease := pending.lease) is not None:
            self.messages[lease[0]] = (lease, asyncio.get_running_loop().time())
        self._inbox.setdefault(job_id, []).append(pending)
        self._quiet.clear()
        self._ready.set()

    def submit(self, job_id: str, event: Event | StartRequest) -> asyncio.Future[JobState]:
        """Take an event; the future gives the job's state once it is committed, or raises why it could not be."""
        done: asyncio.Future[JobState] = asyncio.get_running_loop().create_future()
        self.accept(job_id, Pending(event, done=done))
        return done

    def answer(self, task: ClaimedTask, response: Response, *, keep: bool = False) -> asyncio.Future[JobState] | None:
        """Take a worker's answer. With `keep`, the task stays leased, and the future tells when the answer is committed."""
        done: asyncio.Future[JobState] | None = asyncio.get_running_loop().create_future() if keep else None
        self.accept(task.job_id, Pending(response, task=(task.id, task.token), keep=keep, done=done))
        return done

    def take_inline(self, task: ClaimedTask) -> None:
        """Have an inline worker answer a claimed task in its job's next step."""
        asked = Task(task.id, task.topic, task.activity_id, task.dimension, task.input)
        self.accept(task.job_id, Pending(InlineTask(asked), task=(task.id, task.token)))

    async def answer_within(self, task: ClaimedTask, work: Callable[[Any], Awaitable[Response]]) -> None:
        """Run `work` in a transaction of the app's database and commit its answer in that transaction."""
        done: Work | None = None
        async with self._pool.acquire() as connection:
            try:
                async with connection.transaction():
                    response = await work(connection)
                    if response.status == "error":
                        raise _RolledBack(response)
                    done = await self._commit_within(connection, task, response)
            except _RolledBack as rolled_back:
                self.answer(task, rolled_back.response)
                return
            except BaseException:
                if done is not None:
                    self._give_up(done)
                self._forget(task.job_id)
                raise
            finally:
                self._leave(task.job_id)
        if done is not None:
            self._committed([done])
            await self.on_commit([done], 0)
        self.on_settled_task(task.id)

    async def start_within(self, request: StartRequest, connection: Any) -> Work:
        """Start a job in the caller's own transaction. Raises what a start raises."""
        moment = _moment()
        plan = self._programs.plan(request.version)
        job, first = _start(plan, request, moment)
        work = Work(Unit(job, first, _more(request, job)), [])
        self._sign(work)
        await self._commit_or_raise(work, connection)
        return work

    # ---- the batch

    async def commit_ready(self) -> None:
        """Wait for events, then compute and commit one batch."""
        await self._ready.wait()
        batch = self._take()
        if not batch:
            self._ready.clear()
            return
        try:
            works = await self._compute_all(batch)
            await self._commit(works)
        except BaseException:
            for job_id in batch:
                self._forget(job_id)
            self._requeue(batch)
            raise
        finally:
            for job_id in batch:
                self._leave(job_id)

    def _take(self) -> dict[str, list[Pending]]:
        batch: dict[str, list[Pending]] = {}
        if self._in_flight:
            for job_id in self._inbox:
                if job_id not in self._in_flight:
                    batch[job_id] = self._inbox[job_id]
                    if len(batch) == self._group:
                        break
            for job_id in batch:
                del self._inbox[job_id]
        elif len(self._inbox) <= self._group:
            batch, self._inbox = self._inbox, {}
        else:
            for job_id in list(self._inbox)[: self._group]:
                batch[job_id] = self._inbox.pop(job_id)
        self._in_flight.update(batch)
        return batch

    def _leave(self, job_id: str) -> None:
        self._in_flight.discard(job_id)
        self._left.set()
        self._left.clear()
        if self._inbox:
            self._ready.set()
        elif not self._in_flight:
            self._quiet.set()

    def _requeue(self, batch: dict[str, list[Pending]]) -> None:
        for job_id, pendings in batch.items():
            waiting = [each for each in pendings if not (each.done and each.done.done())]
            if waiting:
                self._inbox[job_id] = waiting + self._inbox.get(job_id, [])
        self._ready.set()

    async def _compute_all(self, batch: dict[str, list[Pending]]) -> list[Work]:
        held = {job_id: self._cache.get(job_id) for job_id in batch}
        missing = [job_id for job_id, pendings in batch.items() if held[job_id] is None and not isinstance(pendings[0].event, StartRequest)]
        loaded = await self._jobs.load(missing) if missing else {}
        await self._programs.want({each.job.version for each in loaded.values()})
        works = []
        for job_id, pendings in batch.items():
            work = self._compute(job_id, pendings, held[job_id] or loaded.get(job_id))
            if work is not None:
                works.append(work)
        return works

    def _compute(self, job_id: str, pendings: list[Pending], held: JobState | Loaded | None) -> Work | None:
        """One job's step over all its events; None when nothing changes."""
        if pendings[0].alone and len(pendings) > 1:
            self._inbox[job_id] = pendings[1:] + self._inbox.get(job_id, [])
            del pendings[1:]
        try:
            return self._step(job_id, pendings, held)
        except PauseJob as pause:
            self._forget(job_id)
            self.spawn(self._pause(job_id, pendings, pause.reason))
        except Exception as error:
            logger.exception("job %s: a step could not be computed", job_id)
            self._forget(job_id)
            self._poisoned(job_id, pendings, f"a step could not be computed: {type(error).__name__}: {error}")
        return None

    async def _pause(self, job_id: str, pendings: list[Pending], reason: str) -> None:
        """An inline worker can't go on: pause the job as it was before these events, which wait until it is resumed."""
        logger.error("job %s is paused: %s", job_id, reason)
        await self._jobs.pause(job_id, reason)
        if isinstance(pendings[0].event, StartRequest):
            self._refuse_start(pendings[0].event, pendings, HotMeshError(reason))
        else:
            await self._park(job_id, pendings)

    def _step(self, job_id: str, pendings: list[Pending], held: JobState | Loaded | None) -> Work | None:
        first = pendings[0].event
        if isinstance(first, StartRequest):
            return self._compute_start(first, pendings)
        if held is None:
            self._drop(pendings, HotMeshError(f"there is no job {job_id}"))
            return None
        if isinstance(held, JobState):
            return self._apply(held, Work(Unit(held, Step()), [], from_memory=True), pendings)
        if held.paused:
            self.spawn(self._park(job_id, pendings))
            return None
        job = held.job
        restore(self._programs.plan(job.version).graph_of(job.topic), job, held.rows)
        return self._apply(job, Work(Unit(job, Step()), []), pendings)

    def _compute_start(self, request: StartRequest, pendings: list[Pending]) -> Work | None:
        try:
            job, first = _start(self._programs.plan(request.version), request, _moment())
        except HotMeshError as error:
            self._refuse_start(request, pendings, error)
            return None
        work = Work(Unit(job, first, _more(request, job)), [pendings[0]])
        if pendings[0].message is not None:
            work.unit.messages.append(pendings[0].message)
        self._run_inline(work)
        return self._apply(job, work, pendings[1:])

    def _apply(self, job: JobState, work: Work, pendings: list[Pending]) -> Work | None:
        plan = self._programs.plan(job.version)
        unit = work.unit
        for pending in pendings:
            if pending.surely_late:
                self._drop([pending], None)
                continue
            before, settled = unit.step.dropped, len(unit.step.settled_waits)
            step(plan, job, self._event_of(job, pending), _moment(), unit.step)
            if unit.step.dropped > before:
                work.late.append(pending)
                continue
            pending.settled_waits = tuple(unit.step.settled_waits[settled:])
            _consume(unit, pending)
            work.pendings.append(pending)
            self._run_inline(work)
        if work.pendings:
            self._sign(work)
            return work
        if work.from_memory and work.late:
            self._forget(job.id)
            self._requeue({job.id: work.late})
        else:
            self._drop(work.late, None)
        return None

    def _event_of(self, job: JobState, pending: Pending) -> Event:
        """The event; for an inline worker's task, its answer."""
        event = pending.event
        assert not isinstance(event, StartRequest)
        if not isinstance(event, InlineTask):
            return event
        task = event.task
        if (task.activity_id, task.dimension) not in job.open:
            return RetryDue(task.activity_id, task.dimension)
        return self.inline[task.topic].call(job, task)

    def _run_inline(self, work: Work) -> None:
        """Answer the tasks of inline workers at once, in the same step. One that can't be answered is stored, and pauses its job later."""
        if not self.inline:
            return
        unit = work.unit
        plan = self._programs.plan(unit.job.version)
        waiting = deque(unit.step.tasks)
        kept: list[Task] = []
        while waiting:
            task = waiting.popleft()
            worker = self.inline.get(task.topic)
            if worker is None or unit.job.done:
                kept.append(task)
                continue
            try:
                response = worker.call(unit.job, task)
            except PauseJob:
                kept.append(task)
                continue
            unit.step.tasks = []
            step(plan, unit.job, response, _moment(), unit.step)
            waiting.extend(unit.step.tasks)
        gone = set(unit.step.removed_tasks)
        unit.step.tasks = [task for task in kept if task.id not in gone]

    def _sign(self, work: Work) -> None:
        """Decide which tasks and messages are handed over in memory, and find the keys of signals."""
        unit, token = work.unit, make_token()
        if unit.leased:
            return
        _withdraw(unit.step)
        for signal in unit.step.signals:
            unit.signal_keys[signal.id] = self._programs.signal_keys(signal.topic, signal.data, clock.now())
        for task in unit.step.tasks:
            if not self.paused and work.pendings and self.reserve(task.topic):
                unit.leased[task.id] = token
                work.handed.append(task)
        for message in unit.step.messages:
            if message.delay_s is None and not self.paused and work.pendings and len(self._inbox) < self._group:
                unit.leased[message.id] = token
                work.handed.append(message)

    # ---- the commit

    async def _commit(self, works: list[Work]) -> None:
        """Commit as much of `works` as goes, together where possible."""
        while works:
            now = asyncio.get_running_loop().time()
            for work in works:
                work.sent_at = now
            try:
                epoch = await self._committer.commit([work.unit for work in works])
            except Refused as refused:
                works = self._handle_refusal(works, refused)
            except LOST as error:
                await self._after_loss(works, error)
                return
            except (asyncpg.PostgresError, asyncpg.DataError, TypeError, ValueError, OverflowError) as error:
                if len(works) == 1:
                    await self._failed(works[0], error)
                    return
                for work in works:
                    await self._commit([work])
                return
            else:
                self._committed(works)
                await self.on_commit(works, epoch)
                return

    def _committed(self, works: list[Work]) -> None:
        self.counts.commits += 1
        for work in works:
            unit = work.unit
            job = unit.job
            job.revision += 1
            self.counts.events += len(work.pendings)
            self.counts.jobs_started += job.revision == 1
            self.counts.jobs_done += job.done
            if unit.step.pause:
                self._cache.drop(job.id)
            else:
                self._cache.put(job)
            for worker in self.inline.values():
                worker.committed(job)
            for pending in work.pendings:
                self._settle(pending, job)
            self._drop(work.late, None)
            self._hand_over(work)

    def _settle(self, pending: Pending, job: JobState) -> None:
        if pending.task is not None and not pending.keep:
            self.on_settled_task(pending.task[0])
        if pending.message is not None:
            self.messages.pop(pending.message[0], None)
        if pending.done is not None and not pending.done.done():
            pending.done.set_result(job)

    def _hand_over(self, work: Work) -> None:
        job = work.unit.job
        for each in work.handed:
            token = work.unit.leased[each.id]
            if isinstance(each, Message):
                claimed = ClaimedMessage(each.id, token, each.kind, each.job_id, each.activity_id, each.dimension, each.payload, 1)
                self.take_message(claimed)
                continue
            self.on_task(
                ClaimedTask(
                    each.id,
                    token,
                    each.topic,
                    job.id,
                    each.activity_id,
                    each.dimension,
                    1,
                    1,
                    each.input,
                    job.key,
                    job.topic,
                    job.version,
                    job.trace,
                )
            )

    take_message: Callable[[ClaimedMessage], None]

    def _handle_refusal(self, works: list[Work], refused: Refused) -> list[Work]:
        """Send the refused jobs back to where their rows are; what is left of the batch."""
        self.counts.conflicts += 1
        bad = refused.job_ids
        if not bad and len(works) > 1:
            first, *rest = works
            for work in rest:
                self._give_up(work)
                self._requeue({work.unit.job.id: work.pendings})
            return [first]
        for work in works:
            if not bad or work.unit.job.id in bad:
                self._retry_later(work, refused)
        return [work for work in works if bad and work.unit.job.id not in bad]

    def _retry_later(self, work: Work, refused: Refused) -> None:
        self._give_up(work)
        again = []
        for pending in work.pendings:
            if refused.reason is Reason.DUPLICATE and isinstance(pending.event, StartRequest):
                error = DuplicateJobError(f"a job with the id {pending.event.key!r} is alive already")
                self._refuse_start(pending.event, [pending], error)
            elif refused.reason is Reason.LEASE and not refused.lost.isdisjoint(_ids(pending)):
                self._drop([pending], None)
            else:
                if refused.reason is Reason.VERSION:
                    self._programs.outdated = True
                pending.surely_late = pending.surely_late or not refused.lost.isdisjoint(pending.settled_waits)
                again.append(pending)
        self._requeue({work.unit.job.id: again})

    def _give_up(self, work: Work) -> None:
        """The step of this work is void."""
        self._forget(work.unit.job.id)
        if work.late:
            self._requeue({work.unit.job.id: work.late})
            work.late = []
        for each in work.handed:
            if isinstance(each, Task):
                self.unreserve(each.topic)
        work.handed.clear()

    def _forget(self, job_id: str) -> None:
        self._cache.drop(job_id)
        for worker in self.inline.values():
            worker.drop(job_id)

    def _evicted(self, job_id: str) -> None:
        for worker in self.inline.values():
            worker.drop(job_id)

    async def _after_loss(self, works: list[Work], error: BaseException) -> None:
        """The connection was lost: find out by the revisions which of the starts were stored; take the other events again."""
        logger.warning("the database was lost during a commit (%s); it is tried again", error)
        stored = await self._revisions_when_back([work.unit.job.id for work in works])
        for work in works:
            job = work.unit.job
            was_start = job.revision == 0
            self._give_up(work)
            if was_start and job.id in stored:
                job.revision = stored[job.id]
                for pending in work.pendings:
                    self._settle(pending, job)
            else:
                self._requeue({job.id: work.pendings})

    async def _revisions_when_back(self, ids: list[str]) -> dict[str, int]:
        pause_s = 0.05
        while True:
            try:
                return await self._jobs.revisions(ids)
            except LOST:
                await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
                pause_s = min(2 * pause_s, 2.0)

    async def _failed(self, work: Work, error: Exception) -> None:
        """One step could not be committed: what passes is tried again, what its content is to blame for fails its event."""
        self._give_up(work)
        job = work.unit.job
        if is_passing(error):
            logger.warning("job %s: a commit failed (%s); it is tried again", job.key, error)
            await asyncio.sleep(random.uniform(0.01, 0.1))
            self._requeue({job.id: work.pendings})
            return
        logger.error("job %s: what a step stores can't be stored: %s", job.key, error)
        self._poisoned(job.id, work.pendings, f"what this step stores can't be stored: {error}")

    def _poisoned(self, job_id: str, pendings: list[Pending], message: str) -> None:
        """A step can't be: its event fails, nobody else is disturbed. Of several events each is tried alone first."""
        if len(pendings) > 1:
            for pending in pendings:
                pending.alone = True
            self._requeue({job_id: pendings})
            return
        pending, event = pendings[0], pendings[0].event
        if isinstance(event, StartRequest):
            self._refuse_start(event, pendings, HotMeshError(message))
        elif isinstance(event, Interrupted):
            self._drop(pendings, HotMeshError(message))
        else:
            if isinstance(event, Response) and event.status != "error":
                failed = {"code": 500, "message": message}
                pending.event = Response(event.activity_id, event.dimension, "error", 500, None, failed, retryable=False)
                pending.keep = False
            else:
                pending.event = Interrupted(message, 500)
            self._requeue({job_id: pendings})

    # ---- what changes nothing

    def _refuse_start(self, request: StartRequest, pendings: list[Pending], error: HotMeshError) -> None:
        """A job can't be started: tell the caller, or the parent."""
        for pending in pendings:
            if pending.done is not None and not pending.done.done():
                pending.done.set_exception(error)
            elif pending.lease is not None:
                self.on_refused_start(request, pending.lease, error)

    on_refused_start: Callable[[StartRequest, Lease, HotMeshError], None]

    def _drop(self, pendings: list[Pending], error: HotMeshError | None) -> None:
        """Consume events that change nothing."""
        self.counts.dropped += len(pendings)
        tasks = [each.task for each in pendings if each.task is not None and not each.keep]
        messages = [each.lease for each in pendings if each.lease is not None]
        for pending in pendings:
            if pending.done is not None and not pending.done.done():
                pending.done.set_exception(error or DroppedEvent("the event came too late: its job has moved on"))
            if pending.message is not None:
                self.messages.pop(pending.message[0], None)
        for task in tasks:
            self.on_settled_task(task[0])
        if tasks or messages:
            self.spawn(self._streams.drop(tasks, messages))

    async def _park(self, job_id: str, pendings: list[Pending]) -> None:
        """The job is paused: set its messages aside, and answers as messages, so that no callback runs again for them."""
        for pending in pendings:
            if pending.done is not None and not pending.done.done():
                pending.done.set_exception(JobPaused("the job is paused; resume it first"))
            if pending.message is not None:
                self.messages.pop(pending.message[0], None)
            if pending.task is not None:
                self.on_settled_task(pending.task[0])
        answers = [(each.task, each.event) for each in pendings if each.task and isinstance(each.event, Response) and not each.keep]
        for lease, event in answers:
            await self._streams.park_answer(lease, event)
        await self._streams.park(
            job_id,
            [each.task for each in pendings if each.task is not None and (each.keep or isinstance(each.event, InlineTask))],
            [each.lease for each in pendings if each.lease is not None],
        )

    spawn: Callable[[Any], None]

    # ---- transactions of others

    async def _commit_within(self, connection: Any, task: ClaimedTask, response: Response) -> Work | None:
        await self._enter(task.job_id)
        self._forget(task.job_id)
        await self._jobs.lock([task.job_id], connection)
        loaded = (await self._jobs.load([task.job_id], connection)).get(task.job_id)
        if loaded is None:
            raise DroppedEvent(f"there is no job {task.job_id}")
        await self._programs.want({loaded.job.version})
        restore(self._programs.plan(loaded.job.version).graph_of(loaded.job.topic), loaded.job, loaded.rows)
        work = self._apply(loaded.job, Work(Unit(loaded.job, Step()), []), [Pending(response, task=(task.id, task.token))])
        if work is None:
            raise DroppedEvent("the answer came too late: its job has moved on")
        try:
            await self._committer.commit([work.unit], connection)
        except BaseException:
            self._give_up(work)
            raise
        return work

    async def _enter(self, job_id: str) -> None:
        """Keep a job out of the batches."""
        while job_id in self._in_flight:
            await self._left.wait()
        self._in_flight.add(job_id)

    async def _commit_or_raise(self, work: Work, connection: Any) -> None:
        try:
            await self._committer.commit([work.unit], connection)
        except Refused as refused:
            if refused.reason is Reason.DUPLICATE:
                raise DuplicateJobError(f"a job with the id {work.unit.job.key!r} is alive already") from refused
            raise


class DroppedEvent(HotMeshError):
    """An event came too late, or for a job that is paused or gone; nothing was changed."""

    code = 409


class _RolledBack(Exception):
    """A transactional worker answered with an error: its transaction is rolled back, the answer goes the ordinary way."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Lane(Service):
    """One commit in flight at a time; an engine has a few."""

    def __init__(self, engine: Engine, number: int) -> None:
        super().__init__(f"commit lane {number}")
        self._engine = engine

    async def run(self) -> None:
        """Commit batch after batch."""
        while True:
            await self._engine.commit_ready()


async def _nothing(works: list[Work], epoch: int) -> None:
    pass


def _moment() -> Moment:
    return Moment(clock.now(), random.getrandbits(32), make_id)


def _start(plan: Plan, request: StartRequest, moment: Moment) -> tuple[JobState, Step]:
    return start(
        plan,
        request.topic,
        request.payload,
        moment,
        job_id=request.job_id,
        key=request.key,
        entity=request.entity,
        parent=request.parent,
        origin=request.origin,
        trace=request.trace,
    )


def _more(request: StartRequest, job: JobState) -> dict[str, Json]:
    """What few starts have beside a job's columns."""
    more: dict[str, Json] = {}
    if request.on_duplicate == "replace_finished":
        more["on_duplicate"] = request.on_duplicate
    if request.version is not None:
        more["pinned"] = True
    if job.facets:
        more["facets"] = job.facets
    if job.trace:
        more["trace"] = job.trace
    if job.parent is not None:
        more |= {
            "parent_id": job.parent.job_id,
            "parent_key": job.parent.job_key,
            "parent_activity": job.parent.activity_id,
            "parent_dimension": to_text(job.parent.dimension),
            "parent_waits": job.parent.waits,
        }
    return more


def _ids(pending: Pending) -> list[str]:
    """The ids of the task and the message that brought an event."""
    return [lease[0] for lease in (pending.task, pending.message) if lease is not None]


def _withdraw(step: Step) -> None:
    """Don't even send what this very step has taken back."""
    gone = {*step.removed_tasks, *step.removed_messages}
    if gone:
        step.tasks = [task for task in step.tasks if task.id not in gone]
        step.messages = [message for message in step.messages if message.id not in gone]


def _consume(unit: Unit, pending: Pending) -> None:
    """Note what the event's message or task becomes: deleted under its token, or sent again."""
    if pending.message is not None:
        unit.messages.append(pending.message)
    if pending.task is None or pending.keep:
        return
    if any(retry.id == pending.task[0] for retry in unit.step.retries):
        unit.retry_tokens[pending.task[0]] = pending.task[1]
    else:
        unit.tasks.append(pending.task)
