"""Cancellation: `handle.cancel()` raises CancelledFailure where the workflow function waits; scopes keep cleanup from being cut short."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

from hotmesh.durable.loop import WorkflowTask
from hotmesh.durable.running import current

R = TypeVar("R")

CancelledFailure = asyncio.CancelledError
"""What a cancellation raises: asyncio's own error, since `asyncio.timeout` and `TaskGroup` of Python 3.11 know no subclass of it."""


def is_cancellation(error: BaseException | None) -> bool:
    """Whether an error is a cancellation, or an activity's or child's failure that was caused by one."""
    if isinstance(error, asyncio.CancelledError):
        return True
    return getattr(error, "type", None) in ("CancelledFailure", "CancelledError", "WorkflowCancelled")


class Shield(Generic[R]):
    """A stretch of the function that a cancellation waits for: an async context manager, or awaited around a function."""

    def __init__(self, function: Callable[[], Awaitable[R]] | None) -> None:
        self._function = function
        self._task: WorkflowTask[Any] | None = None

    async def __aenter__(self) -> None:
        current("CancellationScope.non_cancellable")
        self._task = cast(WorkflowTask[Any], asyncio.current_task())
        self._task.shields += 1

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._task is not None
        self._task.leave_shield()

    def __await__(self) -> Generator[Any, Any, R]:
        return self._run().__await__()

    async def _run(self) -> R:
        if self._function is None:
            raise TypeError("await CancellationScope.non_cancellable(function), or use it in `async with`")
        async with self:
            return await self._function()


class CancellationScope:
    """Where cancellation reaches."""

    @staticmethod
    def non_cancellable(function: Callable[[], Awaitable[R]] | None = None) -> Shield[R]:
        """`async with CancellationScope.non_cancellable():`, or `await CancellationScope.non_cancellable(cleanup)`.

        A cancellation that comes meanwhile is raised at the first wait after it. A timeout inside it works; one around it, too.
        """
        return Shield(function)
