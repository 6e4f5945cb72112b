"""A clock that stands, and none of the developer's settings."""

from __future__ import annotations

import asyncio

import pytest
import textual.app
import textual.pilot

from hotmesh import clock
from tests.tui.fake import NOW


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the developer's, and a clock that stands."""
    for name in ("NO_COLOR", "HOTMESH_KEYS", "HOTMESH_THEME", "PAGER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOTMESH_KEYS", "/nonexistent")
    monkeypatch.setattr(clock, "now", lambda: NOW)


async def nothing_is_left_to_do(*_: float) -> None:
    """Until every task waits for the clock or for the outside. Textual itself guesses, from the processor time of 20 ms at a time."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0)
    while loop._ready:  # type: ignore[attr-defined]  # noqa: ASYNC110  # what asyncio will run next
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are pressed, and screens looked at, when the app has done all it has to do: at once, however busy the machine is."""
    for module in (textual.app, textual.pilot):
        monkeypatch.setattr(module, "wait_for_idle", nothing_is_left_to_do)
