"""The engine: events in, steps computed in memory, committed together, effects handed on.

The events of a job that are ready together become one step; steps that are ready while a commit is in flight go into the next commit
together. A job is in one commit at a time. When a commit is refused, the states it was computed from are thrown away, and the events are
taken again to what the rows say. Its parts: work (what it works on), state (what it holds), computing (events to steps), refusing (what
goes wrong).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any

import asyncpg

from hotmesh.errors import DuplicateJobError
from hotmesh.machine.effects import Message, Step, Task
from hotmesh.machine.events import Event, Response
from hotmesh.machine.job import JobState
from hotmesh.machine.restore import restore
from hotmesh.runtime.computing import Computing, moment, more, start_job
from hotmesh.runtime.service import Service
from hotmesh.runtime.work import DroppedEvent, InlineTask, Pending, StartRequest, Work
from hotmesh.store.commit import Reason, Refused, Unit
from hotmesh.store.jobs import Loaded
from hotmesh.store.pool import LOST
from hotmesh.store.streams import ClaimedMessage, ClaimedTask
from hotmesh.values import copied

logger = logging.getLogger("hotmesh.engine")

UNSTORABLE = (asyncpg.PostgresError, asyncpg.DataError, TypeError, ValueError, OverflowError)
"""What a commit raises when something in one of its steps can't be stored."""

TOGETHER = 32
"""So many steps share a commit; of more, some are left to the next one."""

TURNS = 2
"""So many steps wait for other transactions at once, each with a connection of the pool."""

NOT_COMMITTED: tuple[type[BaseException], ...] = (Refused, *LOST, *UNSTORABLE)


class Engine(Computing):
    """One process's engine. Its owner sets the hooks `on_*` before `start`."""

    def __init__(self, *arguments: Any, lanes: int = 2, **options: Any) -> None:
        """As EngineState; `lanes`: commits in flight at once."""
        super().__init__(*arguments, **options)
        self._lanes = [Lane(self, number) for number in range(lanes)]
        self._turns = asyncio.Semaphore(TURNS)

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
        """Run `work` in a transaction of the app's database and commit its answer in that transaction.

        When the connection is lost the task goes back at once: either it is gone with the commit, or nothing of the transaction is there.
        """
        done: Work | None = None
        async with self._pool.lend() as connection:
            try:
                async with connection.transaction():
                    response = await work(connection)
                    if response.status == "error":
                        raise _RolledBack(response)
                    done = await self._commit_within(connection, task, response)
            except _RolledBack as rolled_back:
                self.answer(task, rolled_back.response)
                return
            except BaseException as error:
                if done is not None:
                    self._give_up(done)
                self._forget(task.job_id)
                if isinstance(error, LOST):
                    self.spawn(self._give_back([(task.id, task.token), *(done.unit.leased.items() if done is not None else ())]))
                raise
            finally:
                self._leave(task.job_id)
        if done is not None:
            self._committed([done])
            await self.on_commit([done], 0)
        self.on_settled_task((task.id, task.token))

    async def start_within(self, request: StartRequest, connection: Any) -> Work:
        """Start a job in the caller's own transaction. Raises what a start raises."""
        now = moment()
        plan = self._programs.plan(request.version)
        job, first = start_job(plan, request, now)
        work = Work(Unit(job, first, more(request, job)), [])
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
        for job_id in self._contended & batch.keys():
            self.spawn(self._commit_in_turn(job_id, batch.pop(job_id)))
        try:
            await self._commit(await self._compute_all(batch))
        except BaseException:
            for job_id in batch:
                self._forget(job_id)
            self._requeue(batch)
            raise
        finally:
            for job_id in batch:
                self._leave(job_id)

    def _take(self) -> dict[str, list[Pending]]:
        """What shares the next commit: all there is when it is little, else a part, so that one lane computes while the other commits."""
        count = min(self._group, max(TOGETHER, len(self._inbox) // 4))
        free = (job_id for job_id in self._inbox if job_id not in self._in_flight)
        batch = {job_id: self._inbox[job_id] for job_id in islice(free, count)}
        for job_id in batch:
            del self._inbox[job_id]
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

    # ---- the commit

    async def _commit(self, works: list[Work]) -> None:
        """Commit as much of `works` as goes, together where possible."""
        while works:
            try:
                epoch = await self._committer.commit([work.unit for work in works])
            except Refused as refused:
                works = self._handle_refusal(works, refused)
            except LOST as error:
                await self._after_loss(works, error)
                return
            except UNSTORABLE as error:
                if len(works) > 1:
                    for work in works:
                        await self._commit([work])
                elif isinstance(error, asyncpg.LockNotAvailableError):
                    self._wait_aside(works[0])
                else:
                    await self._failed(works[0], error)
                return
            else:
                self._committed(works)
                await self.on_commit(works, epoch)
                return

    async def _commit_in_turn(self, job_id: str, pendings: list[Pending]) -> None:
        """The step of a job that others work on too: wait for its row, then read, compute and commit while nobody else can."""
        self._contended.discard(job_id)
        self._forget(job_id)
        work: Work | None = None
        try:
            async with self._turns, self._pool.acquire() as connection, connection.transaction():
                work = self._compute(job_id, pendings, await self._load_locked(job_id, connection))
                epoch = await self._committer.commit([work.unit], connection) if work is not None else 0
        except NOT_COMMITTED as error:
            if work is None:
                self._requeue({job_id: pendings})
                raise
            await self._not_committed(work, error)
        else:
            if work is not None:
                self._committed([work])
                await self.on_commit([work], epoch)
        finally:
            self._leave(job_id)

    async def _not_committed(self, work: Work, error: BaseException) -> None:
        if isinstance(error, Refused):
            self._handle_refusal([work], error)
        elif isinstance(error, LOST):
            await self._after_loss([work], error)
        elif isinstance(error, Exception):
            await self._failed(work, error)

    async def _load_locked(self, job_id: str, connection: Any) -> Loaded | None:
        """A job as its rows are while `connection`'s transaction lasts."""
        await self._jobs.lock([job_id], connection)
        loaded = (await self._jobs.load([job_id], connection)).get(job_id)
        if loaded is not None:
            await self._programs.want({loaded.job.version})
        return loaded

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
                    copied(each.input),
                    job.key,
                    job.topic,
                    job.version,
                    job.trace,
                )
            )

    # ---- transactions of others

    async def _commit_within(self, connection: Any, task: ClaimedTask, response: Response) -> Work | None:
        await self._enter(task.job_id)
        self._forget(task.job_id)
        loaded = await self._load_locked(task.job_id, connection)
        if loaded is None:
            raise DroppedEvent(f"there is no job {task.job_id}")
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
