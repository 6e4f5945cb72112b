"""A durable call: the future of something that the engine does, known to it as a command."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from hotmesh.durable.commands import SILENT, Command, Event, Kind, Withdrawal

if TYPE_CHECKING:
    from hotmesh.durable.run import WorkflowRun

R = TypeVar("R")


class DurableCall(asyncio.Future[R], Coroutine[Any, Any, R]):
    """Await it, gather it, or make a task of it: it is a future and a coroutine. Cancelling it takes the command back."""

    def __init__(self, run: WorkflowRun, command: Command, read: Callable[[Event], R]) -> None:
        self.serial = run.loop.next_serial()
        self.run = run
        self.command = command
        self.read = read
        self.withdrawal: Withdrawal = "release"
        """What becomes of what it has started when it is cancelled."""
        self._iterator: Generator[Any, None, R] | None = None
        super().__init__(loop=run.loop)

    def __hash__(self) -> int:
        return self.serial

    def cancel(self, msg: Any = None) -> bool:
        """Wait no more for it; whether it was still waited for."""
        cancelled = super().cancel(msg)
        if cancelled:
            self.run.withdraw(self.command, how=self.withdrawal)
        return cancelled

    def settle(self, event: Event) -> None:
        """Take the event that ends it."""
        if self.done():
            return
        try:
            self.set_result(self.read(event))
        except Exception as error:
            self.set_exception(error)

    def send(self, value: Any) -> Any:
        """Go on, as a coroutine does."""
        if self._iterator is None:
            self._iterator = self.__await__()
        return self._iterator.send(value)

    def throw(self, kind: Any, value: Any = None, traceback: TracebackType | None = None, /) -> Any:
        """Raise at the `await`, as in a coroutine."""
        if self._iterator is None:
            self._iterator = self.__await__()
        return self._iterator.throw(kind if value is None else value)

    def close(self) -> None:
        """End, as a coroutine does."""
        if self._iterator is not None:
            self._iterator.close()


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
