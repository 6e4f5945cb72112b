"""Diagrams as one SVG picture: drawn on our own layout, the same bytes everywhere, light and dark.

Text is text (selectable, found by a search), tooltips hold conditions and maps, an await links to the graph that it starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil
from typing import Final

from hotmesh.graph.diagram import Diagram, Edge
from hotmesh.graph.layout import Box, Direction, Spacing, layout
from hotmesh.graph.svg.boxes import box_size, draw_box
from hotmesh.graph.svg.lines import draw_edge, link
from hotmesh.graph.svg.markup import element, text, title
from hotmesh.graph.svg.style import ICONS, style_sheet
from hotmesh.graph.svg.text_width import text_width

PIXELS: Final[Mapping[Direction, Spacing]] = {
    "LR": Spacing(box=26, line=18, track=14, lead=16, arrow=24),
    "TB": Spacing(box=34, line=20, track=14, lead=16, arrow=24),
}
MARGIN: Final = 24
HEADING: Final = 20
"""Pixels from the top of a graph to the baseline of its heading."""

NOTE_STEP: Final = 20
GAP: Final = 48
"""Pixels between two graphs on one page."""


def svg_text(diagrams: Sequence[Diagram], direction: Direction = "LR", *, name: str = "") -> str:
    """The diagrams below one another on one page. `name` becomes the title of the picture."""
    links = {diagram.topic: _anchor(diagram.topic) for diagram in diagrams}
    sections: list[str] = []
    width, y = 0, MARGIN
    for diagram in diagrams:
        drawn, section_width, section_height = _section(diagram, direction, y, links)
        sections.append(drawn)
        width = max(width, section_width)
        y += section_height + GAP
    return _page(sections, width + 2 * MARGIN, max(y - GAP, MARGIN) + MARGIN, name)


def _page(sections: Sequence[str], width: int, height: int, name: str) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">'
    icons = [element("symbol", element("path", d=path), id=key, viewBox="0 0 16 16") for key, path in ICONS.items()]
    parts = [
        head,
        title(name),
        f"<style>\n{escape(style_sheet(), quote=False)}</style>",
        element("defs", *icons),
        element("rect", width=width, height=height, rx=12, class_="page"),
        *sections,
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _anchor(topic: str) -> str:
    return f"#graph-{topic}"


def _section(diagram: Diagram, direction: Direction, y: int, links: dict[str, str]) -> tuple[str, int, int]:
    """A graph under its heading; its width and height."""
    heading, heading_width, top = _heading(diagram)
    boxes = [Box(node.id, *box_size(node)) for node in diagram.nodes]
    placed = layout(boxes, [link(edge) for edge in diagram.edges], direction, PIXELS[direction])
    pairs = sorted(zip(diagram.edges, placed.routes, strict=True), key=lambda pair: _depth(pair[0]))
    content = [draw_edge(edge, route) for edge, route in pairs]
    content += [draw_box(node, placed.boxes[node.id], links) for node in diagram.nodes]
    graph = element("g", *(f"\n{part}" for part in content), "\n", transform=f"translate(0 {top})")
    classes = " ".join(part for part in ("graph", diagram.change) if part)
    section = element("g", heading, graph, id=f"graph-{diagram.topic}", class_=classes, transform=f"translate({MARGIN} {y})")
    return section, max(placed.width, heading_width), top + placed.height


def _depth(edge: Edge) -> tuple[bool, bool, bool]:
    """What lies below what, where lines share a stretch: what is gone or goes back lowest, the way of a run on top."""
    return bool(edge.taken), edge.change != "removed", not edge.back


def _heading(diagram: Diagram) -> tuple[str, int, int]:
    """The lines above a graph, how wide they are, and where the graph begins."""
    parts = [text(diagram.topic, 0, HEADING, "topic-of-graph")]
    width = text_width(diagram.topic, 16, bold=True)
    told = [f"→ {diagram.publishes}" if diagram.publishes else "", f"entity {diagram.entity}" if diagram.entity else ""]
    rest = "   ".join(part for part in told if part)
    if rest:
        parts.append(text(rest, ceil(width) + 12, HEADING, "heading"))
        width += 12 + text_width(rest, 12)
    notes = [note for note in (diagram.run, "+ added   − removed   ~ changed" if diagram.compared else "") if note]
    parts += [text(note, 0, HEADING + NOTE_STEP * (row + 1), "heading") for row, note in enumerate(notes)]
    width = max([width, *(text_width(note, 12) for note in notes)])
    return "".join(parts), ceil(width), HEADING + NOTE_STEP * len(notes) + 22
