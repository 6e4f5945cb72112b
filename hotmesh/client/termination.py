"""SIGTERM in a process of the user's own: `async with HotMesh(…)` ends as by Ctrl-C: what runs finishes, leases are given back."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import Any

TERMINATED = 128 + signal.SIGTERM


class Termination:
    """Cancels a task at the first SIGTERM, and ends the process at the second. Nothing is done where SIGTERM is handled already."""

    def __init__(self) -> None:
        self.received = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def watch(self) -> None:
        """Begin, for the running task."""
        task = asyncio.current_task()
        if (
            task is None
            or threading.current_thread() is not threading.main_thread()
            or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        ):
            return
        loop = asyncio.get_running_loop()
        try:
            loop.add_signal_handler(signal.SIGTERM, self._receive, task)
        except NotImplementedError:
            return
        self._loop = loop

    def unwatch(self, error: BaseException | None) -> None:
        """Leave SIGTERM to Python again. Raises SystemExit (143) when it was SIGTERM that ended the block."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.remove_signal_handler(signal.SIGTERM)
        if self.received and isinstance(error, asyncio.CancelledError):
            raise SystemExit(TERMINATED) from None

    def _receive(self, task: asyncio.Task[Any]) -> None:
        if self.received:
            os._exit(TERMINATED)
        self.received = True
        task.cancel()
