"""A job's timeline: a row per activity instance, waits hatched, attempts as segments, a line for now.

The ledger counts attempts but keeps no time for each, so that the segments of one bar are of equal length.
"""

from __future__ import annotations

from hotmesh.export.execution import Execution, Instance

from .spans import SIGNS, Line, Role, Span, line, padded
from .words import age, clock_time

WORK, WAIT, SPLIT = "█", "░", "▌"
NOW, SCRUBBED = "│", "┆"
NAME_WIDTH, TIME_WIDTH = 22, 7


def timeline_lines(execution: Execution, width: int, cursor_ms: int | None = None) -> tuple[Line, list[Line]]:
    """The axis and the rows. `cursor_ms`: where the time traveller stands."""
    room = max(10, width - NAME_WIDTH - TIME_WIDTH - 4)
    start, end = execution.created_ms, max(execution.completed_ms or execution.read_ms, execution.created_ms + 1)
    scale = _Scale(start, end, room)
    axis: Line = (
        (padded("activity", NAME_WIDTH + 2), "header"),
        (_axis(scale), "header"),
        (padded("took", TIME_WIDTH + 2, "right"), "header"),
    )
    return axis, [_row(each, execution, scale, cursor_ms) for each in execution.instances] or [line("nothing has happened yet", "dim")]


class _Scale:
    def __init__(self, start: int, end: int, width: int) -> None:
        self.start, self.end, self.width = start, end, width

    def cell(self, ms: int) -> int:
        """The cell of a moment."""
        return min(self.width - 1, max(0, (ms - self.start) * self.width // (self.end - self.start)))


def _axis(scale: _Scale) -> str:
    first = clock_time(scale.start)
    last = "+" + age(scale.end - scale.start)
    middle = "+" + age((scale.end - scale.start) / 2)
    half = scale.width // 2
    text = first.ljust(half) + middle
    return padded(text.ljust(scale.width - len(last)) + last, scale.width)


def _row(instance: Instance, execution: Execution, scale: _Scale, cursor_ms: int | None) -> Line:
    sign, role = SIGNS[instance.state]
    end_ms = execution.read_ms if instance.is_open else instance.updated_ms
    bar = _bar(instance, scale.cell(instance.created_ms), scale.cell(end_ms), scale.width, role)
    marked = bar if execution.is_done else _marked(bar, scale.width - 1, NOW)
    shown = marked if cursor_ms is None else _marked(marked, scale.cell(cursor_ms), SCRUBBED)
    name = padded(instance.name + (f" ({instance.attempts})" if instance.attempts > 1 else ""), NAME_WIDTH)
    return ((f"{sign} ", role), (name, "text"), *shown, (padded(age(end_ms - instance.created_ms), TIME_WIDTH + 2, "right"), "dim"))


def _bar(instance: Instance, first: int, last: int, width: int, role: Role) -> list[Span]:
    waits = instance.kind in ("hook", "await") or instance.state == "waiting"
    cells = [WAIT if waits else WORK] * (last - first + 1)
    for attempt in range(1, instance.attempts if not waits else 0):
        place = len(cells) * attempt // instance.attempts
        if 0 < place < len(cells):
            cells[place] = SPLIT
    return [(" " * first, "text"), ("".join(cells), role), (" " * (width - last - 1), "text")]


def _marked(spans: list[Span], cell: int, sign: str) -> list[Span]:
    """The spans with a sign put into one cell."""
    marked, place = list[Span](), 0
    for text, role in spans:
        inside = cell - place
        if 0 <= inside < len(text):
            marked += [(text[:inside], role), (sign, "accent"), (text[inside + 1 :], role)]
        else:
            marked.append((text, role))
        place += len(text)
    return marked
