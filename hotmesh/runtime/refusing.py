"""What an engine does when something can't be: commits refused or lost, steps that can't be stored, events too late, jobs paused."""

from __future__ import annotations

import asyncio
import logging
import random

from hotmesh.errors import DuplicateJobError, HotMeshError, JobPaused
from hotmesh.machine.effects import Task
from hotmesh.machine.events import Interrupted, Posted, Response
from hotmesh.runtime.state import EngineState
from hotmesh.runtime.work import DroppedEvent, InlineTask, Pending, StartRequest, Work
from hotmesh.store.commit import Reason, Refused
from hotmesh.store.jobs import Loaded
from hotmesh.store.pool import LOST, is_passing
from hotmesh.store.streams import Lease

logger = logging.getLogger("hotmesh.engine")


class Refusing(EngineState):
    """The part of an engine that handles what goes wrong."""

    def _handle_refusal(self, works: list[Work], refused: Refused) -> list[Work]:
        """Send the refused jobs back to where their rows are; what is left of the batch."""
        self.counts.conflicts += 1
        bad = refused.job_ids
        if refused.reason is Reason.STALE:
            self._contended |= bad
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

    def _wait_aside(self, work: Work) -> None:
        """It waits for a transaction that may take long, such as a caller's that has started a job of the same id: in its turn, so that
        nobody else waits with it."""
        self._give_up(work)
        self._contended.add(work.unit.job.id)
        self._requeue({work.unit.job.id: work.pendings})

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

    async def _after_loss(self, works: list[Work], error: BaseException) -> None:
        """The connection was lost: find out by the rows which of the starts and requests were stored; take the other events again.

        What the commit has leased to this engine, if it was carried out, is given back, since nobody here was handed it.
        """
        logger.warning("the database was lost during a commit (%s); it is tried again", error)
        asked = [work.unit.job.id for work in works if any(isinstance(each.event, (StartRequest, Posted)) for each in work.pendings)]
        stored = await self._load_when_back(asked)
        leases = [lease for work in works for lease in work.unit.leased.items()]
        for work in works:
            self._give_up(work)
            self._requeue({work.unit.job.id: self._settle_stored(work, stored.get(work.unit.job.id))})
        if leases:
            self.spawn(self._give_back(leases))

    def _settle_stored(self, work: Work, loaded: Loaded | None) -> list[Pending]:
        """Tell of what was stored in spite of the loss; the other events."""
        if loaded is None:
            return work.pendings
        again = []
        work.unit.job.revision = loaded.job.revision
        for pending in work.pendings:
            if _is_stored(pending.event, loaded):
                self._settle(pending, work.unit.job)
            else:
                again.append(pending)
        return again

    async def _load_when_back(self, ids: list[str]) -> dict[str, Loaded]:
        pause_s = 0.05
        while True:
            try:
                return await self._jobs.load(ids)
            except LOST:
                await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
                pause_s = min(2 * pause_s, 2.0)

    async def _give_back(self, leases: list[Lease]) -> None:
        """Return tasks and messages unused, as soon as the database is there again."""
        while True:
            try:
                return await self._streams.give_back(leases, leases)
            except LOST:
                await asyncio.sleep(random.uniform(0.05, 0.2))

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

    def _refuse_start(self, request: StartRequest, pendings: list[Pending], error: HotMeshError) -> None:
        """A job can't be started: tell the caller, or the parent."""
        for pending in pendings:
            if pending.done is not None and not pending.done.done():
                pending.done.set_exception(error)
            elif pending.lease is not None:
                self.on_refused_start(request, pending.lease, error)

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
            self.on_settled_task(task)
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
                self.on_settled_task(pending.task)
        answers = [(each.task, each.event) for each in pendings if each.task and isinstance(each.event, Response) and not each.keep]
        for lease, event in answers:
            await self._streams.park_answer(lease, event)
        await self._streams.park(
            job_id,
            [each.task for each in pendings if each.task is not None and (each.keep or isinstance(each.event, InlineTask))],
            [each.lease for each in pendings if each.lease is not None],
        )


def _is_stored(event: object, loaded: Loaded) -> bool:
    """Whether a start, or a request that has an id, is among what is stored. Of other events their instances tell when they come again."""
    if isinstance(event, StartRequest):
        return True
    request = event.payload.get("id") if isinstance(event, Posted) and isinstance(event.payload, dict) else None
    return isinstance(request, str) and any(request in text for _, _, text, _ in loaded.rows)


def _ids(pending: Pending) -> list[str]:
    """The ids of the task and the message that brought an event."""
    return [lease[0] for lease in (pending.task, pending.message) if lease is not None]
