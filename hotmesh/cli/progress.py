"""A job's progress on stderr: on a terminal a table that is drawn over, else a line for each change."""

from __future__ import annotations

import sys
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import click

from hotmesh.export.execution import Execution, Instance
from hotmesh.export.why import wait_words

SIGNS = {"pending": "·", "running": "⟳", "waiting": "◷", "done": "✓", "failed": "✗", "skipped": "–", "interrupted": "■"}
COLORS = {"running": "cyan", "waiting": "yellow", "done": "green", "failed": "red", "interrupted": "magenta"}
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


class Lines(Progress):
    """One line for each change of an instance."""

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str], tuple[str, int]] = {}

    def show(self, execution: Execution) -> None:
        for instance in execution.instances:
            key, now = (instance.activity_id, instance.dimension), (instance.state, instance.attempts)
            if instance.kind != "trigger" and self._shown.get(key) != now:
                self._shown[key] = now
                click.echo(line(instance, execution.read_ms), err=True)


def line(instance: Instance, now_ms: int) -> str:
    """`04:51:40 ✓ checkInventory done in 12 ms`"""
    moment = datetime.fromtimestamp(instance.updated_ms / 1000).strftime("%H:%M:%S")
    return f"{moment} {SIGNS[instance.state]} {instance.name} {details(instance, now_ms)}"


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
    rows = [each for each in execution.instances if each.kind != "trigger"]
    if len(rows) > MOST_ROWS:
        table.add_row("", Text(f"… {len(rows) - MOST_ROWS} more", style="dim"), "")
        rows = sorted(rows, key=lambda each: (each.is_open, each.updated_ms))[-MOST_ROWS:]
    for each in rows:
        style = COLORS.get(each.state, "")
        table.add_row(Text(SIGNS[each.state], style=style), Text(each.name), Text(details(each, execution.read_ms), style=style))
    return table
