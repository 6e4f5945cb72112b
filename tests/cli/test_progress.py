"""Progress: a line for each change, one line for an activity of many instances."""

from __future__ import annotations

import re

import pytest

from hotmesh.cli.progress import Lines, drawing, milliseconds, rows_of
from hotmesh.export.execution import Execution
from hotmesh.machine.events import Response
from tests.export.rows import Played
from tests.export.test_execution import ENOUGH, ORDER

MANY = """
subscribes: go
activities:
  t: {type: trigger}
  each: {type: worker, topic: each}
transitions: {t: [{to: each, foreach: '{t.output.data.items}'}]}
"""


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in capsys.readouterr().err.splitlines()]


def test_each_change_has_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    played, lines = Played(ORDER), Lines()
    for _ in range(2):
        lines.show(played.execution())
    assert told(capsys) == ["⟳ check running"]
    played.take(ENOUGH)
    lines.show(played.execution())
    assert told(capsys) == ["✓ check done in 1.0 s", "⟳ reserve running"]
    played.take(Response("reserve", (0, 0, 0), "error", 500, None, {"code": 500, "message": "no luck"}))
    lines.show(played.execution())
    assert told(capsys) == ["✗ reserve failed in 1.0 s: 500 no luck"]


def many(finished: int) -> Execution:
    played = Played(MANY, {"items": list(range(100))})
    for number in range(finished):
        played.take(Response("each", (0, number), "success", 200, {}))
    return played.execution()


def test_many_instances_have_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    for finished in (0, 2, 100):
        lines.show(many(finished))
    assert told(capsys) == ["⟳ each ×100 100 running", "⟳ each ×100 98 running, 2 done", "✓ each ×100 100 done"]


def test_the_table_for_a_terminal() -> None:
    from rich.console import Console

    console = Console(width=60)
    with console.capture() as captured:
        console.print(drawing(many(2)))
    assert captured.get().split() == ["⟳", "each", "×100", "98", "running,", "2", "done"]
    assert [row.name for row in rows_of(Played(ORDER).execution())] == ["check"]


@pytest.mark.parametrize(
    ("number", "words"), [(-3, "0 ms"), (12, "12 ms"), (3_400, "3.4 s"), (125_000, "2 min 5 s"), (3_720_000, "1 h 2 min")]
)
def test_durations(number: int, words: str) -> None:
    assert milliseconds(number) == words
