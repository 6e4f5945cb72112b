"""Tables as lines: columns that share the width there is, by their weight and their rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from hotmesh.graph.canvas import shortened, text_width

from .spans import Line, Role, Span, padded, width_of

Cell: TypeAlias = "str | Span | Line"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `rank`: the highest goes first when the width is too small for all; 0 stays."""

    title: str
    width: int
    """At least so many columns of the terminal."""
    weight: int = 0
    """Its share of what is left over."""
    align: str = "left"
    rank: int = 0


def table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int) -> tuple[Line, list[Line]]:
    """The header and the rows in exactly `width` columns."""
    kept, widths = _widths(columns, width)
    header: Line = tuple(
        _joined([[(padded(columns[n].title, size, columns[n].align), "header")] for n, size in zip(kept, widths, strict=True)])
    )
    lines = [tuple(_joined([_cell(row[n], size, columns[n]) for n, size in zip(kept, widths, strict=True)])) for row in rows]
    return header, lines


def _widths(columns: Sequence[Column], width: int) -> tuple[list[int], list[int]]:
    kept = list(range(len(columns)))
    while len(kept) > 1 and sum(columns[n].width for n in kept) + 2 * (len(kept) - 1) > width:
        worst = max(kept, key=lambda n: (columns[n].rank, n))
        if columns[worst].rank == 0:
            break
        kept.remove(worst)
    left = width - sum(columns[n].width for n in kept) - 2 * (len(kept) - 1)
    total = sum(columns[n].weight for n in kept) or 1
    widths = [columns[n].width + max(0, left) * columns[n].weight // total for n in kept]
    return kept, widths


def _cell(cell: Cell, width: int, column: Column) -> list[Span]:
    if isinstance(cell, str):
        return [(padded(cell, width, column.align), "text")]
    if cell and isinstance(cell[0], str):
        text, role = cell
        return [(padded(str(text), width, column.align), _role(role))]
    spans: list[Span] = [span for span in cell if isinstance(span, tuple)]
    return _fitted(spans, width)


def _role(role: object) -> Role:
    return role  # type: ignore[return-value]  # a Span's second part


def _fitted(spans: list[Span], width: int) -> list[Span]:
    left, fitted = width, list[Span]()
    for text, role in spans:
        cut = shortened(text, left) if left > 0 else ""
        fitted.append((cut, role))
        left -= text_width(cut)
    return [*fitted, (" " * max(0, width - width_of(tuple(fitted))), "text")]


def _joined(cells: list[list[Span]]) -> list[Span]:
    spans: list[Span] = []
    for number, cell in enumerate(cells):
        if number:
            spans.append(("  ", "text"))
        spans += cell
    return spans
