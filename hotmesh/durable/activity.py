"""`Durable.activity`: functions that do the work. The decorator, the context inside, and how a worker runs one."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, Unpack, overload

from hotmesh.durable.activity_calls import ActivityOptions, ActivityProxy, ProxyOptions, call_activity
from hotmesh.durable.remote import text_of
from hotmesh.durable.running import running
from hotmesh.durable.values import encode
from hotmesh.values import Json

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True)
class ActivityContext:
    """What an activity knows of itself: `Durable.activity.get_context()`."""

    name: str
    args: list[Json]
    workflow_id: str
    attempt: int
    headers: Mapping[str, Json] = field(default_factory=dict)
    guid: str = ""
    """The same for all attempts: an idempotency key for the outside."""
    tx: Any = None
    """With `transactional=True`: the connection whose transaction the result is committed in."""
    heartbeat_details: Json = None
    """What the last heartbeat of the attempt before has said, so that this one can go on from there."""
    beat: Callable[[], None] = lambda: None
    details: Json = None
    """What the last heartbeat said."""
    is_cancelled: bool = False

    def heartbeat(self, details: Any = None) -> None:
        """Say that it goes on, and how far it is: the next attempt finds `details` as its `heartbeat_details`.

        With a `heartbeat_timeout`, silence ends the attempt. Details are stored once a second at most.
        Raises CancelledError when nobody waits for the activity any more, SerializationError for details that are not JSON.
        """
        if self.is_cancelled:
            raise asyncio.CancelledError("the workflow waits for this activity no more")
        self.details = encode(details, "the details of a heartbeat")
        self.beat()


context: contextvars.ContextVar[ActivityContext] = contextvars.ContextVar("hotmesh.activity")


class DurableActivity(Generic[P, R]):
    """A function that is a durable step when a workflow calls it, and itself when anybody else does."""

    def __init__(self, function: Callable[P, R], name: str | None, options: ActivityOptions, transactional: bool) -> None:
        self.function = function
        self.activity_name: str = name or str(getattr(function, "__name__", "activity"))
        self.transactional = transactional
        self._options = options
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call it: in a workflow durably, elsewhere directly."""
        if running() is None:
            return self.function(*args, **kwargs)
        return call_activity(self.activity_name, args, kwargs, self._options, self.function)  # type: ignore[return-value]


class AsyncActivity(DurableActivity[P, Coroutine[Any, Any, R]], Generic[P, R]):
    """An activity whose function is async."""

    def options(self, **options: Unpack[ProxyOptions]) -> ActivityProxy[P, R]:
        """The activity as a durable step with other options: `charge.options(retry={"maximum_attempts": 10})(order)`."""
        return ActivityProxy(self.activity_name, ActivityOptions.of(options, self._options), self.function)


class SyncActivity(DurableActivity[P, R]):
    """An activity whose function is plain; its worker runs it in a thread. In a workflow call it by `options()`, or await the call."""

    def options(self, **options: Unpack[ProxyOptions]) -> ActivityProxy[P, R]:
        """The activity as a durable step with other options."""
        return ActivityProxy(self.activity_name, ActivityOptions.of(options, self._options), self.function)


class ActivityDecorator(Protocol):
    """`@Durable.activity(…)`."""

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> AsyncActivity[P, R]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, function: Callable[P, R], /) -> SyncActivity[P, R]: ...
    def __call__(self, function: Any, /) -> Any:
        """The function as an activity."""


class ActivityNamespace:
    """`Durable.activity`: the decorator, and `get_context()`."""

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> AsyncActivity[P, R]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, function: Callable[P, R], /) -> SyncActivity[P, R]: ...
    @overload
    def __call__(
        self, function: None = ..., /, *, name: str | None = ..., transactional: bool = ..., **options: Unpack[ProxyOptions]
    ) -> ActivityDecorator: ...
    def __call__(
        self, function: Any = None, /, *, name: str | None = None, transactional: bool = False, **options: Unpack[ProxyOptions]
    ) -> Any:
        """Make a function an activity. `options`: those of `proxy_activities`. `transactional`: it gets `get_context().tx`."""
        chosen = ActivityOptions.of(options)

        def decorate(decorated: Callable[..., Any]) -> DurableActivity[..., Any]:
            kind = AsyncActivity if inspect.iscoroutinefunction(decorated) else SyncActivity
            return kind(decorated, name, chosen, transactional)

        return decorate if function is None else decorate(function)

    @staticmethod
    def get_context() -> ActivityContext:
        """What the running activity knows of itself. Raises LookupError outside of activities."""
        try:
            return context.get()
        except LookupError:
            raise LookupError("Durable.activity.get_context() is only there inside an activity that a worker runs") from None


activity = ActivityNamespace()


async def run_function(function: Callable[..., Any], args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    """Call an activity's function: an async one here, a plain one in a thread. One that would end the process fails instead."""
    try:
        if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004
            return await function(*args, **keywords)
        result = await asyncio.to_thread(functools.partial(function, *args, **keywords))
        return await result if isinstance(result, Awaitable) else result
    except SystemExit as error:
        raise RuntimeError(text_of(error)) from error
