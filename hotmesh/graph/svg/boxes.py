"""The boxes of a picture: one for each activity, with its icon, name, lines and, with a run or a comparison, its state or its mark."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final

from hotmesh.graph.diagram import Mark, Node
from hotmesh.graph.layout import Rect
from hotmesh.graph.overlay import State, run_words
from hotmesh.graph.svg.markup import element, text, title
from hotmesh.graph.svg.text_width import fitted, text_width

PADDING: Final = 12
TILE: Final = 26
TEXT_X: Final = PADDING + TILE + 10
NAME_SIZE, LINE_SIZE = 14, 12
FIRST_BASELINE, LINE_STEP = 24, 18
MARK_WIDTH: Final = 17
SHEET: Final = 4
"""How far each of the sheets behind a box that stands for many sticks out."""

MAX_NAME: Final = 600
MAX_TEXT: Final = 340
"""Pixels beyond which a text is cut: a name only where nobody would call an activity so, other lines sooner; the tooltip has them whole."""

SIGNS: Final = {"added": "M-4 0h8M0-4v8", "removed": "M-4 0h8", "changed": "M-4.5 1c1.5-3 3-3 4.5-1s3 2 4.5-1"}
MARKED: Final = (Mark.SIGNAL, Mark.TIMER, Mark.ESCALATION, Mark.STARTS)
"""The lines that have an icon of their own."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of text in a box."""

    text: str
    class_: str
    icon: str | None = None
    href: str | None = None

    @property
    def width(self) -> float:
        return text_width(self.text, LINE_SIZE) + (MARK_WIDTH if self.icon else 0)


def box_size(node: Node) -> tuple[int, int]:
    """Width and height of a box in pixels."""
    rows = _rows(node, None)
    widest = max([text_width(_name(node), NAME_SIZE, bold=True), *(row.width for row in rows)])
    sheets = 2 * SHEET if node.each else 0
    return ceil(TEXT_X + widest + PADDING + 2) + sheets, FIRST_BASELINE + LINE_STEP * len(rows) + 12 + sheets


def draw_box(node: Node, rect: Rect, links: dict[str, str]) -> str:
    """The box of a node. `links`: the anchors of the graphs that are on the page too, by topic."""
    sheets = 2 * SHEET if node.each else 0
    width, height = rect.width - sheets, rect.height - sheets
    state = node.run.state if node.run else None
    classes = " ".join(part for part in ("node", node.kind, state, node.change) if part)
    rows = _rows(node, links.get(node.starts or ""))
    content = [
        title(node.tooltip),
        *(_card(node, width, height, offset) for offset in ((2 * SHEET, SHEET) if node.each else ())),
        _card(node, width, height, 0),
        _icon(node, height),
        text(_name(node), TEXT_X, FIRST_BASELINE, "name"),
        *(_row(row, FIRST_BASELINE + LINE_STEP * (index + 1)) for index, row in enumerate(rows)),
        _sign(node.change, width) if node.change else "",
    ]
    return element("g", *content, class_=classes, transform=f"translate({rect.x} {rect.y})")


def _name(node: Node) -> str:
    return fitted(node.id, MAX_NAME, NAME_SIZE, bold=True)


def _rows(node: Node, href: str | None) -> list[Row]:
    rows = []
    for line in node.lines:
        linked = href if line.mark is Mark.STARTS else None
        icon = f"mark-{line.mark}" if line.mark in MARKED else None
        rows.append(Row(fitted(line.text, MAX_TEXT, LINE_SIZE), "link" if linked else "line", icon, linked))
    if node.run and node.run.state not in (State.PENDING, State.SKIPPED):
        rows.append(Row(fitted(run_words(node.run), MAX_TEXT, LINE_SIZE), "state"))
    return rows


def _row(row: Row, y: int) -> str:
    icon = element("use", href=f"#{row.icon}", x=TEXT_X, y=y - 10, width=12, height=12, class_="icon") if row.icon else ""
    shown = icon + text(row.text, TEXT_X + (MARK_WIDTH if row.icon else 0), y, row.class_)
    return element("a", shown, href=row.href) if row.href else shown


def _card(node: Node, width: int, height: int, offset: int) -> str:
    radius = min(height // 2, 28) if node.kind in ("trigger", "cycle") else 10
    card = element("rect", x=offset, y=offset, width=width, height=height, rx=radius, class_="card")
    if node.kind != "await" or offset:
        return card
    return card + element("rect", x=3.5, y=3.5, width=width - 7, height=height - 7, rx=7, class_="inner")


def _icon(node: Node, height: int) -> str:
    top = (height - TILE) // 2
    radius = TILE // 2 if node.kind in ("trigger", "cycle") else 6
    tile = element("rect", x=PADDING, y=top, width=TILE, height=TILE, rx=radius, class_="tile")
    return tile + element(
        "use", href=f"#{'pass' if node.passes else node.kind}", x=PADDING + 5, y=top + 5, width=16, height=16, class_="icon"
    )


def _sign(change: str, width: int) -> str:
    disc = element("circle", r=9, class_="sign")
    return element("g", disc, element("path", d=SIGNS[change], class_="stroke"), transform=f"translate({width - 2} 2)")
