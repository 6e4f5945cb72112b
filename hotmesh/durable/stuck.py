"""Reporting workflow code that blocks: a step takes microseconds, so one that takes seconds holds up every job of the process."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

log = logging.getLogger("hotmesh.durable")


class Watchdog:
    """One thread for the process, asleep unless a step is watched. It logs the stack of a step that takes too long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self.step: tuple[float, int, str, float] | None = None
        """The step that runs: its deadline, its thread, who it is and the limit in seconds."""

    def start(self) -> None:
        """Have the thread running."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, name="hotmesh-watchdog", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        reported: object = None
        while True:
            step = self.step
            if step is not None and step is not reported and time.monotonic() >= step[0]:
                reported = step
                _report(step)
            self._wake.wait(0.25)


def _report(step: tuple[float, int, str, float]) -> None:
    _, thread, who, limit = step
    frame = sys._current_frames().get(thread)
    stack = "".join(traceback.format_stack(frame)) if frame is not None else ""
    log.warning("workflow %s blocks its process for more than %g s; slow work belongs in an activity\n%s", who, limit, stack)


_watchdog = Watchdog()


@contextmanager
def watched(info: Any, limit_s: float | None) -> Iterator[None]:
    """Report this step when it takes longer than `limit_s`."""
    if limit_s is None:
        yield
        return
    if _watchdog._thread is None:
        _watchdog.start()
    outer, _watchdog.step = _watchdog.step, (time.monotonic() + limit_s, threading.get_ident(), f"{info.name} {info.id}", limit_s)
    try:
        yield
    finally:
        _watchdog.step = outer
