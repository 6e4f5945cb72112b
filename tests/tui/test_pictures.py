"""How the screens look, at the least size and at a usual one; three of them are the pictures of the docs."""

from __future__ import annotations

import pytest
from hotmesh.tui.widgets.lines import Lines

from tests.tui.driver import opened
from tests.tui.pictures import DOCS, compare

SCREENS: dict[str, list[str]] = {
    "jobs": [],
    "job-graph": ["j", "enter"],
    "job-timeline": ["j", "enter", "tab"],
    "job-events": ["j", "enter", "tab", "tab"],
    "job-data": ["j", "enter", "tab", "tab", "tab"],
    "job-error": ["j", "j", "j", "enter", "tab", "tab", "tab", "tab"],
    "job-then": ["j", "enter", "comma", "comma", "comma", "comma"],
    "job-opened": ["j", "enter", "k", "enter"],
    "graphs": ["2"],
    "graphs-diff": ["2", "d"],
    "mesh": ["3"],
    "queues": ["4"],
    "escalations": ["5"],
    "help": ["question_mark"],
    "cancel": ["space", "space", "c"],
    "signal": ["j", "enter", "s"],
}
SIZES = {"80x24": (80, 24), "120x40": (120, 40)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCREENS)
async def test_screens(name: str, size: str) -> None:
    async with opened(SIZES[size]) as driver:
        await driver.press(*SCREENS[name])
        compare(driver.app, f"{name}-{size}")


@pytest.mark.parametrize("name", ["jobs", "job-graph"])
async def test_without_colors(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened((80, 24)) as driver:
        await driver.press(*SCREENS[name])
        compare(driver.app, f"{name}-no-color")


@pytest.mark.parametrize("theme", ["hotmesh-light", "ansi-dark"])
async def test_themes(theme: str) -> None:
    async with opened((80, 24)) as driver:
        driver.app.theme = theme
        await driver.settle()
        compare(driver.app, f"jobs-{theme}")


DOC_PICTURES: dict[str, tuple[list[str], tuple[int, int]]] = {
    "tui-jobs": ([], (116, 17)),
    "tui-graph": (["j", "enter"], (132, 42)),
    "tui-timeline": (["j", "enter", "tab"], (116, 14)),
}
"""Sizes at which everything can be seen and little is empty."""


@pytest.mark.parametrize("name", DOC_PICTURES)
async def test_pictures_of_the_docs(name: str) -> None:
    keys, size = DOC_PICTURES[name]
    async with opened(size) as driver:
        await driver.press(*keys)
        compare(driver.app, name, DOCS)


async def test_the_picture_of_a_graph_shows_all_of_it() -> None:
    keys, size = DOC_PICTURES["tui-graph"]
    async with opened(size) as driver:
        await driver.press(*keys)
        pane = driver.app.screen.query_one("#pane", Lines)
        assert pane.max_scroll_x == pane.max_scroll_y == 0
