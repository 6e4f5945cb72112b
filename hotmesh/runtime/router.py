"""The router: which topics this process serves, how many tasks of each may run, and running them."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from hotmesh.errors import JobPaused
from hotmesh.machine.dimension import to_text
from hotmesh.machine.events import Response
from hotmesh.machine.retry import RetryPolicy
from hotmesh.runtime.stream import AnswerError, Metadata, StreamData, StreamResponse, as_response, error_json
from hotmesh.runtime.work import DroppedEvent
from hotmesh.store.streams import ClaimedTask, Lease
from hotmesh.telemetry import Telemetry
from hotmesh.values import Json

logger = logging.getLogger("hotmesh.worker")

Callback = Callable[[StreamData], Any]

SUSPECT_CLAIMS = 3
"""So often may an attempt's lease run out among others; from then on a process has one such task at a time (see claim_tasks)."""
POISON_CLAIMS = 5
"""So often may an attempt's lease run out, its process dead each time, before the task goes to the dead letters."""


@dataclass(slots=True)
class Consumer:
    """The callback of one topic."""

    topic: str
    callback: Callback
    concurrency: int = 100
    retry: RetryPolicy | None = None
    transactional: bool = False
    inline: bool = False
    """Its tasks are answered in the engine's step loop, not by the callback."""
    running: int = 0
    throttle_ms: int = 0
    """-1 = paused"""
    next_at: float = 0.0
    counts: dict[str, int] = field(default_factory=lambda: {"done": 0, "failed": 0})
    is_awaited: bool = field(init=False)
    """The callback is a coroutine function; else it runs in a thread."""
    is_generator: bool = field(init=False)
    """The callback yields answers."""

    def __post_init__(self) -> None:
        call = getattr(self.callback, "__call__", None)  # noqa: B004  (an object with async __call__)
        self.is_awaited = inspect.iscoroutinefunction(self.callback) or inspect.iscoroutinefunction(call)
        self.is_generator = inspect.isasyncgenfunction(self.callback)

    @property
    def free(self) -> int:
        """How many more tasks may run now."""
        if self.throttle_ms < 0 or (self.throttle_ms > 0 and time.monotonic() < self.next_at):
            return 0
        return min(1, self.concurrency - self.running) if self.throttle_ms else self.concurrency - self.running


@dataclass(slots=True)
class Held:
    """A task that this process has: its lease and when that was taken or renewed, whether it is a suspect, its callback while that runs."""

    lease: Lease
    since: float
    suspect: bool
    callback: asyncio.Task[None] | None = None


class Beats(Protocol):
    """Where heartbeats are kept."""

    async def heartbeat(self, lease: Lease, details: Json, /) -> bool:
        """Keep what a task says of itself, and renew its lease; false when it was lost."""


@dataclass(frozen=True, slots=True)
class TaskLink:
    """A running task's link to the streams."""

    beats: Beats
    lease: Lease

    async def heartbeat(self, details: Json) -> bool:
        """Keep what it says of itself, and its lease; false when the lease was lost."""
        return await self.beats.heartbeat(self.lease, details)


class Answers(Protocol):
    """Where the router brings what callbacks answered."""

    def answer(self, task: ClaimedTask, response: Response, *, keep: bool = False) -> Awaitable[object] | None:
        """Take an answer; `keep` leaves the task with the worker, who has more to say."""

    def take_inline(self, task: ClaimedTask) -> None:
        """Have an inline worker answer a task that was claimed."""

    async def answer_within(self, task: ClaimedTask, work: Callable[[Any], Awaitable[Response]]) -> None:
        """Run `work` in a transaction and commit its answer with it."""


class Router:
    """The consumers of this process."""

    def __init__(self, answers: Answers, telemetry: Telemetry, beats: Beats) -> None:
        self.consumers: dict[str, Consumer] = {}
        self.held: dict[str, Held] = {}
        self._answers = answers
        self._beats = beats
        self._telemetry = telemetry
        self._idle = asyncio.Event()
        self._idle.set()
        self.on_free: Callable[[], None] = lambda: None
        self.draining = False
        self.cut: list[Lease] = []
        """The tasks whose callbacks did not finish in time; they are to be given back."""

    def add(self, consumer: Consumer) -> None:
        """Serve a topic. Raises ValueError when it is served already."""
        if consumer.topic in self.consumers:
            raise ValueError(f"two workers for the topic {consumer.topic!r} in one process; give one of them another topic")
        self.consumers[consumer.topic] = consumer

    def reserve(self, topic: str) -> bool:
        """Take a slot for a task that is about to be committed, when one is free."""
        consumer = self.consumers.get(topic)
        if consumer is None or consumer.inline or self.draining or consumer.throttle_ms or consumer.free <= 0:
            return False
        consumer.running += 1
        return True

    def unreserve(self, topic: str) -> None:
        """Give back a slot of `reserve` unused."""
        self._free(self.consumers[topic])

    def _free(self, consumer: Consumer) -> None:
        """One task less runs, or was about to."""
        consumer.running -= 1
        if all(each.running == 0 for each in self.consumers.values()):
            self._idle.set()
        self.on_free()

    def wanted(self) -> dict[str, int]:
        """How many tasks of each topic could run now."""
        if self.draining:
            return {}
        return {topic: consumer.free for topic, consumer in self.consumers.items() if consumer.free > 0}

    def dispatch(self, task: ClaimedTask, *, reserved: bool = False) -> None:
        """Run a task's callback."""
        consumer = self.consumers[task.topic]
        former = self.held.get(task.id)
        if former is not None and former.callback is not None:
            former.callback.cancel()
        held = self.held[task.id] = Held((task.id, task.token), time.monotonic(), task.claims > SUSPECT_CLAIMS)
        if consumer.inline:
            self._answers.take_inline(task)
            return
        if not reserved:
            consumer.running += 1
        if consumer.throttle_ms > 0:
            consumer.next_at = time.monotonic() + consumer.throttle_ms / 1000
        self._idle.clear()
        held.callback = asyncio.create_task(self._work(consumer, task))

    def release(self, lease: Lease) -> None:
        """The task's answer is committed, or dropped: its lease needs no more care."""
        held = self.held.get(lease[0])
        if held is None or held.lease != lease:
            return
        del self.held[lease[0]]
        if held.suspect:
            self.on_free()

    def holds_suspect(self) -> bool:
        """Whether it has a task that processes died of: another such must wait."""
        return any(held.suspect for held in self.held.values())

    async def _work(self, consumer: Consumer, task: ClaimedTask) -> None:
        lease = (task.id, task.token)
        try:
            if task.claims > POISON_CLAIMS:
                self._answers.answer(task, _poisoned(task))
            elif consumer.transactional:
                await self._answers.answer_within(task, lambda tx: self._answer(consumer, task, tx))
            else:
                await self._stream(consumer, task)
        except asyncio.CancelledError:
            self.release(lease)
            raise
        except Exception:
            logger.exception("the task %s of %s could not be answered; its lease will run out", task.id, task.topic)
            self.release(lease)
        finally:
            held = self.held.get(task.id)
            if held is not None and held.lease == lease:
                held.callback = None
            self._free(consumer)

    async def _stream(self, consumer: Consumer, task: ClaimedTask) -> None:
        """Run a callback; one that yields answers several times."""
        if consumer.is_generator:
            await self._generate(consumer, task)
            return
        self._answers.answer(task, await self._answer(consumer, task, None))

    async def _generate(self, consumer: Consumer, task: ClaimedTask) -> None:
        answers: AsyncIterator[Any] = consumer.callback(_data(task, None, self._beats))
        last: Any = None
        number = 0
        try:
            async for result in answers:
                response = as_response(result)
                if response.status != "pending":
                    last = result
                    break
                number += 1
                waiting = self._answers.answer(task, _event(task, consumer, response)._replace(number=number), keep=True)
                if waiting is not None:
                    await _taken(waiting)
        except JobPaused:
            return
        except Exception as error:
            self._answers.answer(task, _failure(task, consumer, error))
            return
        self._answers.answer(task, _event(task, consumer, as_response(last)))

    async def _answer(self, consumer: Consumer, task: ClaimedTask, tx: Any) -> Response:
        began = time.monotonic()
        try:
            with self._telemetry.work(task.topic, task.trace, {"job.id": task.job_key, "activity.id": task.activity_id}):
                result = await _call(consumer, _data(task, tx, self._beats))
            response = _event(task, consumer, as_response(result))
        except Exception as error:
            consumer.counts["failed"] += 1
            self._telemetry.worked(task.topic, time.monotonic() - began, "error")
            return _failure(task, consumer, error)
        consumer.counts["done"] += 1
        self._telemetry.worked(task.topic, time.monotonic() - began, response.status)
        return response

    async def drain(self, grace_s: float) -> None:
        """Take no more; wait for what runs, at most `grace_s`, then cancel it."""
        self.draining = True
        try:
            await asyncio.wait_for(self._idle.wait(), grace_s)
        except TimeoutError:
            cut = [held for held in self.held.values() if held.callback is not None]
            self.cut += [held.lease for held in cut]
            running = [held.callback for held in cut if held.callback is not None]
            for callback in running:
                callback.cancel()
            if running:
                await asyncio.wait(running)


async def _taken(waiting: Awaitable[object]) -> None:
    """Wait until a pending answer is committed; one that was taken before, or comes too late, needs no more care."""
    try:
        await waiting
    except DroppedEvent as dropped:
        logger.debug("%s", dropped)


async def _call(consumer: Consumer, data: StreamData) -> Any:
    """An async callback is awaited; a plain one runs in a thread."""
    if consumer.is_awaited:
        return await consumer.callback(data)
    result = await asyncio.to_thread(consumer.callback, data)
    return await result if inspect.isawaitable(result) else result


def _data(task: ClaimedTask, tx: Any, beats: Beats) -> StreamData:
    trace = task.trace or {}
    metadata = Metadata(
        task.id,
        task.job_key,
        task.job_id,
        task.activity_id,
        to_text(task.dimension),
        task.topic,
        task.attempt,
        trace.get("trc"),
        trace.get("spn"),
        task.claims,
    )
    return StreamData(task.input, metadata, tx, TaskLink(beats, (task.id, task.token)), task.details)


def _event(task: ClaimedTask, consumer: Consumer, response: StreamResponse) -> Response:
    error = response.error
    if response.status == "error" and error is None:
        detail = response.data if isinstance(response.data, dict) else {}
        message = detail.get("message") or (response.data if isinstance(response.data, str) else "the worker answered with an error")
        error = {"code": response.answer_code, "message": message, **({"stack": detail["stack"]} if "stack" in detail else {})}
    return Response(
        task.activity_id,
        task.dimension,
        response.status,
        response.answer_code,
        response.data,
        error,
        response.retry or consumer.retry,
        retryable=response.retryable,
        task_id=task.id,
    )


def _failure(task: ClaimedTask, consumer: Consumer, error: Exception) -> Response:
    code = getattr(error, "code", None)
    code = code if isinstance(code, int) and not isinstance(code, bool) and 100 <= code <= 999 else 500
    return Response(
        task.activity_id,
        task.dimension,
        "error",
        code,
        None,
        error_json(error, code),
        consumer.retry,
        retryable=not isinstance(error, AnswerError),
        task_id=task.id,
    )


def _poisoned(task: ClaimedTask) -> Response:
    message = f"the task's process died {POISON_CLAIMS} times while it ran; see `hotmesh dead`"
    error = {"code": 598, "message": message}
    return Response(task.activity_id, task.dimension, "error", 598, None, error, None, retryable=False, task_id=task.id, dead=True)
