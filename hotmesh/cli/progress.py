"""A job's progress on stderr: on a terminal a table that is drawn over, else a line for each change."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import datetime
from types import TracebackType
from typing import Any, NamedTuple, Self

import click

from hotmesh.export.execution import Execution, Instance, InstanceState
from hotmesh.export.why import wait_words

SIGNS = {"pending": "·", "running": "⟳", "waiting": "◷", "done": "✓", "failed": "✗", "skipped": "–", "interrupted": "■"}
COLORS = {"running": "cyan", "waiting": "yellow", "done": "green", "failed": "red", "interrupted": "magenta"}
LOUDEST: tuple[InstanceState, ...] = ("failed", "running", "waiting", "pending", "interrupted", "done", "skipped")
FEW = 20
"""An activity with more instances is told of in one line."""
MOST_ROWS = 30
REDRAWS_PER_S = 5


def progress(*, quiet: bool) -> Progress:
    """What fits where stderr goes."""
    if quiet:
        return Progress()
    return Table() if sys.stderr.isatty() else Lines()


class Progress:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Leave what was shown."""

    def show(self, execution: Execution) -> None:
        """The job has moved."""


class Row(NamedTuple):
    """One line: an instance, or all of an activity that has many."""

    key: str
    mark: object
    """Changes when the line is worth telling again."""
    state: InstanceState
    name: str
    told: str
    at_ms: int
    is_open: bool


def rows_of(execution: Execution) -> list[Row]:
    """What there is to tell of a job, in the order of its instances; triggers go without saying."""
    groups: dict[str, list[Instance]] = {}
    for instance in execution.instances:
        if instance.kind != "trigger":
            groups.setdefault(instance.activity_id, []).append(instance)
    many = {activity_id: _many(group) for activity_id, group in groups.items() if len(group) > FEW}
    rows: dict[str, Row] = {}
    for instance in execution.instances:
        if instance.activity_id in groups:
            row = many.get(instance.activity_id) or _one(instance, execution.read_ms)
            rows.setdefault(row.key, row)
    return list(rows.values())


def _one(instance: Instance, now_ms: int) -> Row:
    key, mark = f"{instance.activity_id}{instance.dimension}", (instance.state, instance.attempts)
    return Row(key, mark, instance.state, instance.name, details(instance, now_ms), instance.updated_ms, instance.is_open)


def _many(instances: list[Instance]) -> Row:
    counts = Counter(each.state for each in instances)
    state = next(each for each in LOUDEST if each in counts)
    told = ", ".join(f"{counts[each]:,} {each}" for each in LOUDEST if each in counts)
    first = instances[0].activity_id
    at_ms = max(each.updated_ms for each in instances)
    return Row(first, told, state, f"{first} ×{len(instances):,}", told, at_ms, any(each.is_open for each in instances))


class Lines(Progress):
    """One line for each change."""

    def __init__(self) -> None:
        self._shown: dict[str, object] = {}

    def show(self, execution: Execution) -> None:
        for row in rows_of(execution):
            if self._shown.get(row.key) != row.mark:
                self._shown[row.key] = row.mark
                click.echo(f"{datetime.fromtimestamp(row.at_ms / 1000):%H:%M:%S} {SIGNS[row.state]} {row.name} {row.told}", err=True)


def details(instance: Instance, now_ms: int) -> str:
    """What an instance is at, in words."""
    again = f", attempt {instance.attempts}" if instance.attempts > 1 else ""
    if instance.is_open:
        waits = "; ".join(wait_words(each, now_ms) for each in instance.waits_for if each.kind not in ("engine", "task"))
        return f"{instance.state}{again}" + (f" for {waits}" if waits else "")
    error = f": {instance.error['code']} {instance.error['message']}" if instance.error and instance.state == "failed" else ""
    code = f" {instance.code}" if instance.code not in (0, 200) and not error else ""
    return f"{instance.state}{code} in {milliseconds(instance.updated_ms - instance.created_ms)}{again}{error}"


def milliseconds(number: int) -> str:
    """`12 ms`, `3.4 s`, `2 min 5 s`"""
    if number < 1000:
        return f"{max(0, number)} ms"
    if number < 60_000:
        return f"{number / 1000:.1f} s"
    minutes, seconds = divmod(number // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


class Table(Progress):
    """A table that is drawn over while the job moves."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True, highlight=False)
        self._live = Live(console=console, refresh_per_second=REDRAWS_PER_S, transient=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.stop()

    def show(self, execution: Execution) -> None:
        self._live.update(drawing(execution))


def drawing(execution: Execution) -> Any:
    """The job as a rich table; of many instances those that are open and the latest."""
    from rich.table import Table as RichTable
    from rich.text import Text

    table = RichTable(box=None, show_header=False, padding=(0, 1), title_justify="left")
    rows = rows_of(execution)
    if len(rows) > MOST_ROWS:
        table.add_row("", Text(f"… {len(rows) - MOST_ROWS} more", style="dim"), "")
        rows = sorted(rows, key=lambda each: (each.is_open, each.at_ms))[-MOST_ROWS:]
    for each in rows:
        style = COLORS.get(each.state, "")
        table.add_row(Text(SIGNS[each.state], style=style), Text(each.name), Text(each.told, style=style))
    return table
