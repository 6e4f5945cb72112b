"""A real terminal: tmux, whose output wakes the test. The screen is what tmux would show."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil

AVAILABLE = shutil.which("tmux") is not None


class Terminal:
    """One program in a terminal of its own."""

    def __init__(self, folder: Path, command: list[str], *, columns: int = 100, rows: int = 30) -> None:
        self._socket = f"hotmesh-{uuid.uuid4().hex[:10]}"
        self._pipe = folder / "output"
        self._command, self._columns, self._rows = command, columns, rows
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Terminal:
        os.mkfifo(self._pipe)
        self._output = os.open(self._pipe, os.O_RDONLY | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._output, self._read)
        size = ("-x", str(self._columns), "-y", str(self._rows))
        environment = {"PYTHONPATH": str(Path(__file__).parents[3]), "TERM": "xterm-256color", "HOTMESH_KEYS": os.devnull}
        settings = [word for pair in environment.items() for word in ("-e", "=".join(pair))]
        self._tmux("new-session", "-d", *size, *settings, shlex.join(self._command))
        self._tmux("pipe-pane", f"cat > {shlex.quote(str(self._pipe))}")
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._output)
        os.close(self._output)
        self._tmux("kill-server")

    def _tmux(self, *words: str) -> str:
        return subprocess.run(["tmux", "-L", self._socket, *words], capture_output=True, text=True, check=False).stdout

    def _read(self) -> None:
        try:
            os.read(self._output, 1 << 20)
        except BlockingIOError:
            return
        self._changed.set()

    def screen(self) -> str:
        """What is shown."""
        return self._tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        """Keys, as tmux names them."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """A text, as it is."""
        self._tmux("send-keys", "-l", text)

    def process(self) -> psutil.Process:
        """The program."""
        return psutil.Process(int(self._tmux("list-panes", "-F", "#{pane_pid}").strip()))

    async def until(self, shows: Callable[[str], bool], within_s: float = 15) -> str:
        """The screen, as soon as it shows something. Fails with what it shows instead."""
        screen = ""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    self._changed.clear()
                    screen = self.screen()
                    if shows(screen):
                        return screen
                    await self._changed.wait()
        except TimeoutError:
            screen = self.screen()
            assert shows(screen), f"after {within_s} s the screen still shows:\n{screen}"
            return screen


def command(dsn: str, app_id: str, *more: str) -> list[str]:
    """The command line of the app."""
    return [sys.executable, "-m", "hotmesh", "tui", "--dsn", dsn, "--app", app_id, *more]
