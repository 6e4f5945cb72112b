"""Interceptors: functions around the workflow (inbound), around each proxied call (outbound), around an activity's execution.

An interceptor is `async def intercept(call, proceed)`: it looks at the call, may `replace` it, and returns `await proceed(call)`. The first
registered is outermost. Those of workflows run inside the workflow and may use durable calls.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from hotmesh.durable.activity_calls import ActivityOptions

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class InboundCall:
    """A workflow function that begins."""

    name: str
    args: tuple[Any, ...]
    keywords: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutboundCall:
    """A workflow that calls an activity."""

    name: str
    args: tuple[Any, ...]
    keywords: Mapping[str, Any]
    options: ActivityOptions


@dataclass(frozen=True, slots=True)
class ActivityCall:
    """An activity that begins on its worker."""

    name: str
    args: tuple[Any, ...]
    keywords: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)


Interceptor: TypeAlias = Callable[[Any, Callable[[Any], Awaitable[Any]]], Awaitable[Any]]


def around(interceptors: Sequence[Interceptor], call: C, core: Callable[[C], Coroutine[Any, Any, Any]]) -> Coroutine[Any, Any, Any]:
    """`core(call)` with the interceptors around it."""
    if not interceptors:
        return core(call)
    outermost, *rest = interceptors

    async def intercepted() -> Any:
        return await outermost(call, lambda given: around(rest, given, core))

    return intercepted()


@dataclass(slots=True)
class Interceptors:
    """The interceptors of a worker, by what they are around."""

    inbound: list[Interceptor] = field(default_factory=list)
    outbound: list[Interceptor] = field(default_factory=list)
    activity: list[Interceptor] = field(default_factory=list)

    def copy(self) -> Interceptors:
        """Another set with the same."""
        return Interceptors(list(self.inbound), list(self.outbound), list(self.activity))


defaults = Interceptors()
"""What `Durable.register_…_interceptor` has registered; workers created afterwards begin with a copy."""
