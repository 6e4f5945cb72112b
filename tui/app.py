"""`hotmesh tui`: the app. It owns the feed and the screens; everything else is in them."""

from __future__ import annotations

import getpass
import os
import shlex
import subprocess
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.screen import Screen

from hotmesh import clock
from hotmesh.client.facts import EVERYTHING, JobFilter

from .core.keys import keys_of, remapped
from .core.orders import Order
from .feed import Client, Feed
from .messages import Done, Found, Looked, Lost, Trouble
from .screens.frame import Frame
from .screens.jobs import JobsScreen
from .themes import DARK, OWN, next_theme, shades

SCREENS: dict[str, str] = {
    "jobs": "jobs:JobsScreen",
    "graphs": "graphs:GraphsScreen",
    "mesh": "mesh:MeshScreen",
    "queues": "queues:QueuesScreen",
    "escalations": "escalations:EscalationsScreen",
    "job": "job:JobScreen",
}
"""Modules and classes; each is imported when it is first shown, as are questions and help, so that the list of jobs is there at once."""


class HotMeshApp(App[None]):
    """The terminal app of one app's mesh."""

    CSS_PATH = "hotmesh.tcss"
    ENABLE_COMMAND_PALETTE = True
    TITLE = "HotMesh"
    NOTICE_S: ClassVar[float] = 6.0

    def __init__(self, client: Client, *, least_s: float = 0.2, folder: Path | None = None, user: str | None = None) -> None:
        super().__init__()
        self.app_id = client.app_id
        self.readonly = client.readonly
        self.lost = ""
        """Why the database can't be reached; empty while it can."""
        self._trouble = ""
        """What was told to keep the screen in front from being read."""
        self.remapped = remapped()
        self.folder = folder or Path.cwd()
        self.feed = Feed(client, self.post_message, user=user or getpass.getuser(), least_s=least_s)
        for theme in OWN:
            self.register_theme(theme)
        self.theme = os.environ.get("HOTMESH_THEME") or DARK.name

    def on_mount(self) -> None:
        if self.remapped:
            self.set_keymap(self.remapped)
        self.push_screen(JobsScreen())
        self.run_worker(self.feed.run(), name="feed")

    def get_css_variables(self) -> dict[str, str]:
        """The theme's colors, and our shades of them."""
        variables = super().get_css_variables()
        return variables | shades(variables)

    def now_ms(self) -> int:
        """The time, as far as ages are concerned."""
        return int(clock.now().timestamp() * 1000)

    # ---- what the feed tells

    @property
    def frame(self) -> Frame | None:
        """The screen that shows what is read: the one in front, or the one below a question."""
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Frame)), None)

    def on_looked(self, message: Looked) -> None:
        if self.frame is not None and self.frame.is_whole:
            if self._trouble:
                self._trouble = ""
                self.frame.notice("")
            self.frame.take(message.seen)

    def on_trouble(self, message: Trouble) -> None:
        if self.frame is not None:
            self._trouble = message.text
            self.frame.trouble(message.text)

    def on_lost(self, message: Lost) -> None:
        self.lost = message.text
        self._reframe()

    def on_found(self, _message: Found) -> None:
        self.lost = ""
        self._reframe()

    def _reframe(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, Frame) and screen.is_whole:
                screen.frame_it()

    def on_done(self, message: Done) -> None:
        verb, done = message.order.kind.verb, len(message.done)
        text = f"{verb}: {message.done[0] if done == 1 else f'{done} done'}." if done else ""
        text = " ".join([text, *message.errors[:1], f"({len(message.errors)} refused)" if len(message.errors) > 1 else ""]).strip()
        if self.frame is not None:
            self.frame.notice(text, "failed" if message.errors else "completed")
            self.set_timer(self.NOTICE_S, lambda: self.frame.notice("") if self.frame else None)

    def carry_out(self, order: Order) -> None:
        """Give an order; what came of it is told in a moment."""
        self.run_worker(self.feed.carry_out(order), group="orders")

    # ---- screens

    def action_show(self, name: str) -> None:
        """One of the screens that have a number."""
        self._replace(_screen(name)())

    def show_jobs(self, chosen: JobFilter = EVERYTHING) -> None:
        """The jobs that match."""
        self._replace(JobsScreen(chosen))

    def open_job(self, job_id: str) -> None:
        """One job, on top of what is there."""
        self.push_screen(_screen("job")(job_id))

    def _replace(self, screen: Frame) -> None:
        while len(self.screen_stack) > 2:
            self.pop_screen()
        self.switch_screen(screen)

    def go_back(self) -> None:
        """To the screen below, at last to the jobs."""
        if len(self.screen_stack) > 2:
            self.pop_screen()
        elif not isinstance(self.frame, JobsScreen):
            self.show_jobs()

    # ---- keys

    def action_command(self) -> None:
        from .screens.command import command_bar, perform

        self.push_screen(command_bar(), lambda text: perform(self, text))

    def action_help(self) -> None:
        from .core.helping import help_lines
        from .screens.reader import ReaderScreen

        frame = self.frame
        if frame is not None and not isinstance(frame, ReaderScreen):
            self.push_screen(ReaderScreen(frame.tab, lambda width: help_lines(frame.place, self.remapped)))

    def action_next_theme(self) -> None:
        self.theme = next_theme(self.theme, frozenset(self.available_themes))
        if self.frame is not None:
            self.frame.notice(f"Theme {self.theme}; HOTMESH_THEME={self.theme} keeps it.", "dim")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every key of the screen in front, by name."""
        place = self.frame.place if self.frame else "all"
        for key in keys_of(place, "all"):
            yield SystemCommand(f"{key.label.capitalize()}", key.help, lambda action=key.action: self.call_later(self._run, action))

    async def _run(self, action: str) -> None:
        frame = self.frame
        if frame is not None:
            await self.run_action(action, frame)

    # ---- the world outside

    def open_pager(self, text: str) -> None:
        """Show a text in $PAGER."""
        with self.suspend():
            subprocess.run(shlex.split(os.environ.get("PAGER") or "less -R"), input=text.encode(), check=False)

    def write_file(self, name: str, content: bytes) -> str:
        """Write what is shown; a sentence about it."""
        path = self.folder / name.replace("/", "_")
        try:
            path.write_bytes(content)
        except OSError as error:
            return f"{path} can't be written: {error.strerror}"
        return f"Wrote {path}"


def _screen(name: str) -> Callable[..., Frame]:
    module, _, cls = SCREENS[name].partition(":")
    found: Callable[..., Frame] = getattr(import_module(f".screens.{module}", __package__), cls)
    return found
