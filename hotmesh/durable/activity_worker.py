"""The consumer of a task queue's activities: finds the function, reads its arguments, keeps its times, tells how it went."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import ModuleType
from typing import Any

from hotmesh import clock
from hotmesh.durable.activity import ActivityContext, DurableActivity, context, run_function
from hotmesh.durable.activity_calls import SCHEDULE_TO_START, TIMEOUT_CODE, overdue
from hotmesh.durable.heartbeats import ActivityOverTime, Heart
from hotmesh.durable.interception import ActivityCall, Interceptor, around
from hotmesh.durable.remote import text_of
from hotmesh.durable.values import decode_call, encode
from hotmesh.errors import ActivityTimeout, Fatal, SerializationError
from hotmesh.machine.retry import RetryPolicy
from hotmesh.runtime.stream import Metadata, StreamData, StreamResponse
from hotmesh.values import Json

Functions = Mapping[str, Callable[..., Any]]


def functions_of(source: Any) -> dict[str, Callable[..., Any]]:
    """Activities by name: of a module (its own public functions), a mapping, a list of functions or modules, or one function.

    Raises ValueError for two of one name, TypeError for what is no function or has no name.
    """
    found: dict[str, Callable[..., Any]] = {}
    for name, function in _named(source):
        if found.setdefault(name, function) is not function:
            raise ValueError(f"two activities are named {name!r}; give one of them another name")
    return found


def _named(source: Any) -> list[tuple[str, Callable[..., Any]]]:
    if source is None:
        return []
    if isinstance(source, Mapping):
        return [(name, function) for name, function in source.items() if callable(function)]
    if isinstance(source, ModuleType):
        own = [each for name, each in vars(source).items() if not name.startswith("_") and _is_activity_of(source, each)]
        return [_name_and_function(each) for each in own]
    if isinstance(source, Sequence) and not isinstance(source, str):
        return [each for part in source for each in _named(part)]
    if callable(source):
        return [_name_and_function(source)]
    raise TypeError(f"activities are a module, a mapping, functions or a list of them, not a {type(source).__name__}")


def _is_activity_of(module: ModuleType, value: Any) -> bool:
    if isinstance(value, DurableActivity):
        return True
    return callable(value) and not isinstance(value, type) and getattr(value, "__module__", None) == module.__name__


def _name_and_function(value: Any) -> tuple[str, Callable[..., Any]]:
    name = getattr(value, "activity_name", getattr(value, "__name__", "<lambda>"))
    if name == "<lambda>":
        raise TypeError("an activity needs a name by which workflows call it: write it as `def`, or pass {name: function}")
    return name, value


class ActivityWorker:
    """The callback of a queue's activity topic."""

    def __init__(self, functions: Functions, interceptors: Sequence[Interceptor] = ()) -> None:
        self.functions = dict(functions)
        self.interceptors = interceptors
        self.transactional = any(getattr(each, "transactional", False) for each in self.functions.values())

    async def __call__(self, data: StreamData) -> StreamResponse:
        """Run one activity."""
        told: dict[str, Json] = data.data
        name = told["name"]
        function = self.functions.get(name)
        if function is None:
            known = ", ".join(sorted(self.functions)) or "none"
            return _failed(LookupError(f"no activity {name!r} on this worker; it has {known}"), told)
        late = _late(told, data.metadata)
        if late is not None:
            return late
        try:
            result = await self._run(getattr(function, "function", function), told, data)
            return StreamResponse(encode(result, f"the result of {name}"))
        except ActivityOverTime as over:
            return _failed(over, told, code=TIMEOUT_CODE)
        except asyncio.CancelledError as error:
            if _is_cancelled():
                raise
            broken = RuntimeError(f"it raised {error!r}, though nobody has cancelled it")
            broken.__cause__ = error
            return _failed(broken, told)
        except Exception as error:
            return _failed(error, told)

    async def _run(self, function: Callable[..., Any], told: dict[str, Json], data: StreamData) -> Any:
        meta = data.metadata
        about = ActivityContext(told["name"], told["args"], meta.jid, meta.attempt, told.get("headers") or {}, meta.guid, data.tx)
        about.heartbeat_details = about.details = data.details
        positional, keywords = decode_call(function, told["args"])
        call = ActivityCall(told["name"], tuple(positional), keywords, about.headers)
        token = context.set(about)
        heart = Heart(about, data.link)
        failed = True
        try:
            work = around(self.interceptors, call, lambda given: run_function(function, given.args, given.keywords))
            result = await _within(work, told, about, heart)
            failed = False
            return result
        except asyncio.CancelledError:
            about.is_cancelled = True
            raise
        finally:
            context.reset(token)
            await heart.stop(failed=failed)


def _is_cancelled() -> bool:
    """Whether the running task is asked to end, as it is when its worker stops or nobody waits for it any more."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def _within(work: Coroutine[Any, Any, Any], told: dict[str, Json], about: ActivityContext, heart: Heart) -> Any:
    """Await `work` for as long as its times allow."""
    limit, silence = told.get("start_to_close_timeout"), told.get("heartbeat_timeout")
    if limit is None and silence is None:
        return await work
    begun = time.monotonic()
    task = asyncio.create_task(work)
    try:
        while not task.done():
            dues = [due for due in (limit and begun + limit, silence and heart.heard + silence) if due]
            left = min(dues) - time.monotonic()
            if left <= 0:
                raise ActivityOverTime(_reason(told, begun + (limit or float("inf")) <= time.monotonic(), about))
            await asyncio.wait([task], timeout=left)
        return task.result()
    finally:
        about.is_cancelled = about.is_cancelled or not task.done()
        task.cancel()


def _reason(told: dict[str, Json], over: bool, about: ActivityContext) -> str:
    if over:
        return f"{told['name']} took longer than its start_to_close_timeout of {told['start_to_close_timeout']:g} s"
    said = f"; its last heartbeat said {about.details!r}" if about.details is not None else ""
    return f"{told['name']} was silent for longer than its heartbeat_timeout of {told['heartbeat_timeout']:g} s{said}"


def _late(told: dict[str, Json], metadata: Metadata) -> StreamResponse | None:
    """The answer to a task that has waited for its first worker too long. The task's id says when it was made (UUID version 7)."""
    limit = told.get(SCHEDULE_TO_START)
    if limit is None or metadata.attempt > 1 or metadata.claims > 1:
        return None
    waited = clock.now().timestamp() - int(metadata.guid.replace("-", "")[:12], 16) / 1000
    if waited <= limit:
        return None
    return StreamResponse(None, "error", TIMEOUT_CODE, error=overdue(told["name"], limit), retryable=False)


def _failed(error: Exception, told: dict[str, Json], *, code: int | None = None, retryable: bool = True) -> StreamResponse:
    """An error with the type, message and traceback of its cause, and with the call's own retry policy."""
    shown: BaseException = error
    if isinstance(error, Fatal) and error.args and isinstance(error.args[0], BaseException):
        shown = error.args[0]
    retry = dict(told.get("retry") or {})
    names = {kind.__name__ for kind in type(shown).__mro__} - {"object", "BaseException"}
    final = isinstance(error, (Fatal, SerializationError)) or bool(names & set(retry.pop("non_retryable", ())))
    number = code if code is not None else getattr(error, "code", None)
    number = number if isinstance(number, int) and not isinstance(number, bool) and 100 <= number <= 999 else 500
    stack = "".join(traceback.format_exception(shown))[-4000:]
    detail = {"code": number, "message": text_of(shown), "type": _type_of(shown), "stack": stack}
    return StreamResponse(
        None, "error", number, error=detail, retry=RetryPolicy.parse(retry) or RetryPolicy(), retryable=retryable and not final
    )


def _type_of(error: BaseException) -> str:
    return ActivityTimeout.__name__ if isinstance(error, ActivityOverTime) else type(error).__name__
