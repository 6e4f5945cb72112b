"""A program of a page that goes on running beside the others, as in a terminal of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path


class Background:
    """Starts at once; `wait_until_ready` returns when it has printed its word; `stop` ends it as Ctrl-C would, with all it started."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str], word: str) -> None:
        self._word = word
        self._printed = ""
        self._ready = threading.Event()
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._printed += line
                if self._word in self._printed:
                    self._ready.set()
        self._ready.set()

    def wait_until_ready(self, timeout_s: float) -> str | None:
        """None once the word was printed, else what was printed in its place."""
        if not self._word:
            return None
        self._ready.wait(timeout_s)
        return None if self._word in self._printed else self._printed

    def stop(self) -> None:
        """Interrupt the whole group, and wait until its output ends."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(20)
        self._reader.join(20)
