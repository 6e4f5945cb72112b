"""The app over a client that holds still, driven by keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from hotmesh.tui.app import HotMeshApp
from hotmesh.tui.core.spans import plain
from hotmesh.tui.widgets.lines import Lines
from textual.pilot import Pilot

from tests.tui.fake import NOW_MS, FakeClient


class Driver:
    """The app, and what a user can do and see."""

    def __init__(self, app: HotMeshApp, client: FakeClient, pilot: Pilot[None]) -> None:
        self.app, self.client, self.pilot = app, client, pilot

    async def press(self, *keys: str) -> None:
        """Keys, one after the other, each with all that follows from it."""
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def type(self, text: str) -> None:
        """A text into the field that has the focus."""
        await self.pilot.press(*(_KEYS.get(character, character) for character in text))
        await self.settle()

    async def settle(self) -> None:
        """Until everything that was heard of is on the screen."""
        for _ in range(2):
            await self.pilot.pause()
            await self.app.feed.quiet.wait()
            orders = [worker for worker in self.app.workers if worker.group == "orders"]
            if orders:
                await self.app.workers.wait_for_complete(orders)
        await self.pilot.pause()

    async def until(self, shows: Callable[[], bool]) -> None:
        """Until something is so that Textual does by the clock, as its palette."""
        async with asyncio.timeout(10):
            while not shows():
                await self.app.animator.wait_for_idle()
                await asyncio.sleep(0)

    def screen(self) -> str:
        """All that the lines of the screen in front say."""
        return "\n".join(self.lines(f"#{widget.id}") for widget in self.app.screen.query(Lines) if widget.display)

    def lines(self, selector: str) -> str:
        """What one widget says, with its header."""
        widget = self.app.screen.query_one(selector, Lines)
        header = [plain(widget.header)] if widget.header else []
        return "\n".join([*header, *map(plain, widget.lines)])


_KEYS = {" ": "space", ":": "colon", "/": "slash", ".": "full_stop", "*": "asterisk", "<": "less_than_sign", "-": "minus", ",": "comma"}


@asynccontextmanager
async def opened(size: tuple[int, int] = (80, 24), *, folder: Path | None = None, readonly: bool = False) -> AsyncIterator[Driver]:
    """The app in a terminal of this size."""
    client = FakeClient(readonly=readonly)
    app = HotMeshApp(client, least_s=0, folder=folder, user="grace")
    async with app.run_test(size=size) as pilot:
        driver = Driver(app, client, pilot)
        await driver.settle()
        assert app.now_ms() == NOW_MS
        yield driver
