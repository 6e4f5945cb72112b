"""Answers as tables for people, as JSON for programs (schemas/cli.schema.json)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from hotmesh.values import Json, dumps

STATE_COLORS = {
    "running": "cyan",
    "waiting": "yellow",
    "paused": "magenta",
    "completed": "green",
    "failed": "red",
    "interrupted": "magenta",
    "cancelled": "magenta",
}


SHORT = 11
"""Columns up to this width are never cut on a narrow terminal; the first one never is."""


def answer(output: str, value: Json, text: Any) -> None:
    """Print `value` as JSON, or call `text` to print it for people."""
    if output == "json":
        click.echo(dumps(value))
    else:
        text()


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """Print rows under their columns; a state gets its color, a number stands to the right. Nothing is cut where stdout is no terminal."""
    if not rows:
        click.echo(empty, err=True)
        return
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for number, name in enumerate(columns):
        right = all(isinstance(row[number], (int, float)) or row[number] in ("", None) for row in rows)
        last = number == len(columns) - 1
        needs = max(len(str(row[number] or "")) for row in rows)
        widest = max(needs, len(name)) if number == 0 or needs <= SHORT else None
        drawn.add_column(
            name, justify="right" if right else "left", no_wrap=not last, overflow="fold" if last else "ellipsis", min_width=widest
        )
    for row in rows:
        drawn.add_row(*(Text("" if cell is None else str(cell), style=STATE_COLORS.get(str(cell), "")) for cell in row))
    show(drawn)


def show(drawn: object) -> None:
    """Print something of rich's; nothing is cut or wrapped where stdout is no terminal."""
    from rich.console import Console

    context = click.get_current_context(silent=True)
    plain = context is not None and context.color is False
    width = None if sys.stdout.isatty() else 10_000
    console = Console(file=sys.stdout, highlight=False, no_color=plain or None, width=width, soft_wrap=width is not None)
    with console.capture() as captured:
        console.print(drawn)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def iso(moment: datetime | None) -> str | None:
    """A moment as ISO 8601 text in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_ms(epoch_ms: int | None) -> str | None:
    """The same of epoch milliseconds."""
    return None if epoch_ms is None else iso(datetime.fromtimestamp(epoch_ms / 1000, UTC))


def now_s() -> float:
    """Seconds since 1970."""
    return datetime.now(UTC).timestamp()


def ago(moment: datetime | None) -> str:
    """How long ago, in one unit."""
    return "" if moment is None else age((datetime.now(UTC) - moment).total_seconds())


def age(seconds: float | None) -> str:
    """`12s`, `5m`, `3h`, `2d`"""
    if seconds is None:
        return ""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"
