"""Running async work from a command: signals end it in order, faults of Postgres become sentences."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

TERMINATED = 143

IDLE_THREADS_LEAVE_S = 0.5
"""Threads that nothing runs in are gone by then."""


def run_async(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run to the end. The first SIGINT or SIGTERM cancels `work`, which may clean up; the second ends the process at once.

    Raises what `work` raises, as HotMeshError where it is a fault of Postgres or the network; KeyboardInterrupt after SIGINT, SystemExit
    (143) after SIGTERM.
    """
    from hotmesh.client.trouble import foreign

    signals = Signals()
    try:
        with asyncio.Runner() as runner:
            result = runner.run(_watched(work, signals))
            signals.leave_threads_behind()
            return result
    except Exception as error:
        told = foreign(error)
        if told is None:
            raise
        raise told from error


async def _watched(work: Callable[[], Coroutine[Any, Any, T]], signals: Signals) -> T:
    task = asyncio.current_task()
    assert task is not None
    signals.watch(task)
    try:
        return await work()
    except asyncio.CancelledError:
        if signals.received is None:
            raise
        signals.leave_threads_behind()
        raise signals.consequence() from None
    finally:
        signals.unwatch()


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Await what must not be left half done: a cancellation meanwhile comes after it."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


class Signals:
    """What the terminal and the supervisor say."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._threads = ThreadPoolExecutor(thread_name_prefix="hotmesh")

    def watch(self, task: asyncio.Task[Any]) -> None:
        """Cancel `task` at the first signal."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(self._threads)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._receive, number, task)

    def unwatch(self) -> None:
        """Leave signals to Python again."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    def _receive(self, number: int, task: asyncio.Task[Any]) -> None:
        if self.received is not None:
            _leave(128 + number)
        self.received = number
        task.cancel()

    def consequence(self) -> BaseException:
        """What a command raises after the signal."""
        return KeyboardInterrupt() if self.received == signal.SIGINT else SystemExit(TERMINATED)

    def leave_threads_behind(self) -> None:
        """A plain callback that still runs in a thread can't be stopped; after a signal nobody waits for it."""
        if self.received is None:
            return
        self._threads.shutdown(wait=False, cancel_futures=True)
        deadline = time.monotonic() + IDLE_THREADS_LEAVE_S
        for thread in threading.enumerate():
            if thread.name.startswith("hotmesh"):
                thread.join(max(0.0, deadline - time.monotonic()))
                if thread.is_alive():
                    _leave(128 + self.received)


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
