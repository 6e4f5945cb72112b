"""`Durable.workflow`: what a workflow function calls. Every call is recorded; a replay gets the same answers."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random as random_numbers
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, TypeVar, overload

from hotmesh.durable.activity_calls import execute_activity as execute_activity
from hotmesh.durable.activity_calls import proxy_activities as proxy_activities
from hotmesh.durable.call import call
from hotmesh.durable.cancellation import CancellationScope as CancellationScope
from hotmesh.durable.cancellation import CancelledFailure as CancelledFailure
from hotmesh.durable.cancellation import is_cancellation as is_cancellation
from hotmesh.durable.children import ChildHandle as ChildHandle
from hotmesh.durable.children import execute_child as execute_child
from hotmesh.durable.children import start_child as start_child
from hotmesh.durable.commands import Event
from hotmesh.durable.definition import SIGNAL_JOB_TOPIC, SIGNAL_TOPIC, name_of, signal_payload
from hotmesh.durable.ending import ContinueAsNew
from hotmesh.durable.escalating import escalation_json
from hotmesh.durable.job_data import Entity, Search
from hotmesh.durable.run import WorkflowInfo as WorkflowInfo
from hotmesh.durable.running import current, running
from hotmesh.durable.values import decode, encode, encode_call
from hotmesh.duration import Duration, parse_duration
from hotmesh.errors import ActivityError as ActivityError
from hotmesh.errors import ChildError as ChildError
from hotmesh.errors import EscalationCancelled as EscalationCancelled
from hotmesh.values import Json

T = TypeVar("T")
D = TypeVar("D")


class _Missing:
    """No default was given."""


MISSING: Final = _Missing()


async def sleep(duration: Duration) -> float:
    """Sleep durably; the seconds slept. `duration`: seconds, `"1 hour"`, timedelta.

    Raises ValueError for a text without unit, an empty one, or one that is no duration.
    """
    seconds = parse_duration(duration, bare=False)
    current("sleep")
    await asyncio.sleep(seconds)
    return max(seconds, 0.0)


async def sleep_until(moment: datetime) -> float:
    """Sleep until a moment (without a time zone: UTC); the seconds slept, 0 when it is past."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return await sleep(max(0.0, round(aware.timestamp() - current("sleep_until").loop.time(), 3)))


def now() -> datetime:
    """The time, in UTC: that of the event which the function goes on with."""
    return datetime.fromtimestamp(current("now").loop.time(), UTC)


def random() -> float:
    """A number in [0, 1), the same in every replay, different in every execution and call."""
    return random_numbers.Random(_chance("random")).random()


def uuid4() -> uuid.UUID:
    """A random UUID, the same in every replay, different in every execution and call."""
    return uuid.UUID(bytes=hashlib.sha256(_chance("uuid4").encode()).digest()[:16], version=4)


def _chance(name: str) -> str:
    run = current(name)
    return f"{run.info.chance}:{run.loop.next_operation()}:{name}"


@overload
def condition(
    signal_id: str, type: type[T], *, timeout: Duration | None = ..., escalation: Mapping[str, Any] | None = ...
) -> Coroutine[Any, Any, T]: ...
@overload
def condition(
    signal_id: str, type: type[T], *, timeout: Duration | None = ..., default: D, escalation: Mapping[str, Any] | None = ...
) -> Coroutine[Any, Any, T | D]: ...
@overload
def condition(
    signal_id: str, *, timeout: Duration | None = ..., default: Any = ..., escalation: Mapping[str, Any] | None = ...
) -> Coroutine[Any, Any, Any]: ...
def condition(
    signal_id: str,
    type: Any = Any,
    *,
    timeout: Duration | None = None,
    default: Any = MISSING,
    escalation: Mapping[str, Any] | None = None,
) -> Coroutine[Any, Any, Any]:
    """Wait for a signal; its payload, read as `type`.

    `timeout`: how long; then TimeoutError is raised, or `default` returned when one is given. `escalation`: fields of a claimable row for
    people (role, type, priority, description, metadata, …), who resolve it in the signal's place; EscalationCancelled when they cancel it.
    """
    if not isinstance(signal_id, str) or not signal_id:
        raise TypeError(f"a signal's id is a text, not {signal_id!r}")
    fields: dict[str, Json] = {"signal": signal_id}
    if timeout is not None:
        fields["seconds"] = max(0.001, parse_duration(timeout, bare=False))
    if escalation is not None:
        fields["escalation"] = escalation_json(escalation)

    def read(event: Event) -> Any:
        if event.error is not None:
            raise EscalationCancelled(f"the escalation of {signal_id} was cancelled: {event.error['message']}")
        if event.value is not None:
            return decode(event.value.get("data"), type, f"the payload of {signal_id}")
        if default is MISSING:
            raise TimeoutError(f"no signal {signal_id} within {fields['seconds']:g} s")
        return default

    return call(current("condition"), "wait" if escalation is None else "task", signal_id, fields, read)


def signal(signal_id: str, data: Any = None, *, workflow_id: str | None = None) -> Coroutine[Any, Any, None]:
    """Send a signal, exactly once: to the workflow with that id, or to whoever waits under `signal_id` in the namespace."""
    topic = SIGNAL_TOPIC if workflow_id is None else SIGNAL_JOB_TOPIC
    fields = {"topic": topic, "payload": signal_payload(signal_id, data, workflow_id)}
    return call(current("signal"), "signal", signal_id, fields, lambda event: None)


def terminate(job_id: str, *, reason: str = "terminated", code: int = 410) -> Coroutine[Any, Any, None]:
    """End another workflow at once."""
    return call(current("terminate"), "order", job_id, {"target": job_id, "reason": reason, "code": code}, lambda event: None)


def hook(function: Callable[..., Awaitable[T]], args: Sequence[Any] = ()) -> asyncio.Task[T]:
    """Run another function inside this job, beside the main one, sharing its data; its task, which need not be awaited."""
    run = current("hook")
    run.check_commands()

    async def hooked() -> T:
        return await function(*args)

    return run.loop.create_task(hooked(), name=f"hook {name_of(function)}")


async def exec_hook(function: Callable[..., Awaitable[T]], args: Sequence[Any] = ()) -> T:
    """Run another function inside this job and wait for it: its value, or its error raised."""
    return await hook(function, args)


async def exec_hook_batch(hooks: Sequence[tuple[Callable[..., Awaitable[Any]], Sequence[Any]]]) -> list[Any]:
    """Run several functions inside this job at once; their values in order. Raises the first error."""
    return list(await asyncio.gather(*(hook(function, args) for function, args in hooks)))


def continue_as_new(*args: Any) -> NoReturn:
    """End this run; the job starts afresh with these arguments: same id, empty history, search and entity data kept.

    Updates and hooks that run are answered first, and what they do to the arguments counts; requests that come meanwhile are left to the
    next run. Raises SerializationError.
    """
    name = current("continue_as_new").info.name
    encode_call(args, {}, name)
    raise ContinueAsNew(lambda: encode_call(args, {}, name))


def patched(change_id: str) -> bool:
    """Whether this execution takes the new way: true for those that come here first with the new code, and for ever then."""
    return current("patched").is_patched(change_id)


def deprecate_patch(change_id: str) -> None:
    """The old way is gone from the code; executions that recorded the patch go on."""
    current("deprecate_patch")


def did_interrupt(error: BaseException) -> bool:
    """For code written for the older API: whether an error is the system's own. No workflow is suspended by exceptions here."""
    return isinstance(error, (ContinueAsNew, GeneratorExit))


async def emit(events: Mapping[str, Any]) -> None:
    """Publish payloads by topic, once, with this step's commit."""
    run = current("emit")
    run.check_commands()
    run.answer.emissions.update(encode(dict(events), "emit"))


async def trace(attributes: Mapping[str, Any]) -> None:
    """Put attributes on this execution's span, once."""
    run = current("trace")
    run.check_commands()
    run.answer.trace.update(encode(dict(attributes), "trace"))


async def enrich(fields: Mapping[str, Any]) -> None:
    """Set searchable fields, once."""
    await search().set(fields)


def search() -> Search:
    """The job's own searchable fields."""
    return Search(current("search"))


def entity() -> Entity:
    """The job's own JSON document."""
    return Entity(current("entity"))


async def all(*awaitables: Awaitable[T]) -> list[T]:
    """Wait for all; their values in order. Raises the first error."""
    return list(await asyncio.gather(*awaitables))


def workflow_info() -> WorkflowInfo:
    """Who this execution is."""
    return current("workflow_info").info


def set_update_handler(name: str, handler: Callable[..., Any]) -> None:
    """Answer `handle.update(name, …)` with this function; it may use durable calls."""
    current("set_update_handler").requests.handlers["update", name] = handler


def set_query_handler(name: str, handler: Callable[..., Any]) -> None:
    """Answer `handle.query(name, …)` with this function; it only reads."""
    current("set_query_handler").requests.handlers["query", name] = handler


class _OncePerExecution(logging.LoggerAdapter[logging.Logger]):
    """Logs what workflow code says, silent while it is replayed."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802
        run = running()
        return not (run is not None and run.info.is_replaying) and self.logger.isEnabledFor(level)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        run = running()
        if run is not None:
            kwargs["extra"] = {**(kwargs.get("extra") or {}), "workflow_id": run.info.id, "workflow": run.info.name}
        return msg, kwargs


logger = _OncePerExecution(logging.getLogger("hotmesh.workflow"))
"""A logger for workflow code: each line once, however often the code is replayed."""
