"""A durable call: the future of something that the engine does, known to it as a command."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from hotmesh.durable.commands import SILENT, Command, Event, Kind, Withdrawal

if TYPE_CHECKING:
    from hotmesh.durable.run import WorkflowRun

R = TypeVar("R")


if TYPE_CHECKING:

    class _Call(asyncio.Future[R], Coroutine[Any, Any, R]):
        """What a durable call is to those who check types: as good as a coroutine."""

        def send(self, value: Any, /) -> Any: ...
        def throw(self, kind: Any, value: Any = None, traceback: Any = None, /) -> Any: ...

else:
    _Call = asyncio.Future


class DurableCall(_Call[R]):
    """Await it, gather it, wait for it, or make a task of it. Cancelling it takes the command back.

    It is a future, since what it stands for has begun; the loop makes tasks of it as of a coroutine.
    """

    def __init__(self, run: WorkflowRun, command: Command, read: Callable[[Event], R]) -> None:
        self.serial = run.loop.next_serial()
        self.run = run
        self.command = command
        self.read = read
        self.withdrawal: Withdrawal = "release"
        """What becomes of what it has started when it is cancelled."""
        self.watched = False
        """Somebody has awaited it, or waits for it."""
        super().__init__(loop=run.loop)

    def add_done_callback(self, callback: Any, /, *, context: Any = None) -> None:
        """Have somebody told of its end, as every `await` does."""
        self.watched = True
        super().add_done_callback(callback, context=context)

    def __hash__(self) -> int:
        return self.serial

    def cancel(self, msg: Any = None) -> bool:
        """Wait no more for it; whether it was still waited for."""
        cancelled = super().cancel(msg)
        if cancelled:
            self.run.withdraw(self.command, how=self.withdrawal)
        return cancelled

    def close(self) -> None:
        """As a coroutine that is closed before it began: it never happens."""
        self.cancel()

    def settle(self, event: Event) -> None:
        """Take the event that ends it."""
        if self.done():
            return
        try:
            self.set_result(self.read(event))
        except Exception as error:
            self.set_exception(error)


def place_of_caller() -> str:
    """The file and line of the workflow's own code that is making a durable call."""
    frame = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith(("hotmesh.durable", "asyncio", "contextlib")):
        if frame.f_back is None:
            break
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def call(run: WorkflowRun, kind: Kind, name: str, fields: dict[str, Any], read: Callable[[Event], R]) -> DurableCall[R]:
    """Ask the engine for something, now; the call's identity is taken here."""
    run.check_commands()
    command = Command(run.loop.next_operation(), kind, name, fields, place_of_caller())
    future = DurableCall(run, command, read)
    run.ask(command, future)
    if kind in SILENT:
        future.settle(Event(kind, command.id, run.loop.time()))
    return future
