"""A diagram in box-drawing characters, on our own layout: for terminals, logs and the TUI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from hotmesh.graph.canvas import DASHED, EAST, HEAVY, LIGHT, NORTH, PLAIN, PLAIN_WORDS, SOUTH, WEST, Canvas, shortened, text_width
from hotmesh.graph.diagram import Change, Diagram, Edge, Mark, Node
from hotmesh.graph.layout import Box, Direction, Layout, Link, Point, Rect, Route, layout
from hotmesh.graph.overlay import State, run_words
from hotmesh.graph.wrapping import wrapped

KIND_SIGNS: Final[Mapping[str, str]] = {
    "trigger": "▶",
    "worker": "■",
    "await": "▣",
    "hook": "◇",
    "signal": "◈",
    "cycle": "↺",
    "interrupt": "⊘",
}
"""The sign of each kind of activity."""

PASSING: Final = "○"
"""The sign of a hook that waits for nothing."""

LINE_SIGNS: Final[Mapping[Mark, str]] = {Mark.STARTS: "↗ ", Mark.ESCALATION: "⚑ "}
CHANGE_SIGNS: Final[Mapping[Change, str]] = {"added": "+", "removed": "−", "changed": "~"}
BORDERS: Final[Mapping[str, str]] = {"trigger": "╭─╮│╰╯", "cycle": "╭─╮│╰╯", "await": "╔═╗║╚╝"}
BORDER: Final = "┌─┐│└┘"
ARROWS: Final[Mapping[Point, str]] = {(1, 0): "▶", (-1, 0): "◀", (0, 1): "▼", (0, -1): "▲"}

MAX_TEXT = 36
MAX_LABEL = 26


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn diagram: the canvas, and where everything lies on it."""

    canvas: Canvas
    layout: Layout


def ascii_text(diagrams: Sequence[Diagram], direction: Direction = "LR", *, unicode: bool = True) -> str:
    """The diagrams below one another, each under its heading; `unicode=False` keeps to the characters of ASCII."""
    shown = diagrams if unicode else [_plain(diagram) for diagram in diagrams]
    blocks = ["\n".join([*heading(diagram), "", *draw(diagram, direction).canvas.lines()]) for diagram in shown]
    text = "\n\n\n".join(blocks) + "\n"
    if unicode:
        return text
    return "".join(PLAIN_WORDS.get(character, character) for character in text).translate(PLAIN).encode("ascii", "replace").decode()


def _plain(diagram: Diagram) -> Diagram:
    """The diagram without the signs that take more than one character in ASCII."""
    nodes = [replace(node, lines=tuple(replace(line, text=_spelled(line.text)) for line in node.lines)) for node in diagram.nodes]
    edges = [replace(edge, label=_spelled(edge.label)) for edge in diagram.edges]
    return replace(diagram, nodes=tuple(nodes), edges=tuple(edges))


def _spelled(text: str) -> str:
    for sign, plain in PLAIN_WORDS.items():
        text = text.replace(sign, plain)
    return text


def heading(diagram: Diagram) -> list[str]:
    """The lines above a diagram: its topics, its run, what marks mean."""
    change = f"{CHANGE_SIGNS[diagram.change]} " if diagram.change else ""
    lines = [change + diagram.topic + (f" → {diagram.publishes}" if diagram.publishes else "")]
    if diagram.run:
        lines.append(diagram.run)
    if diagram.compared:
        lines.append("+ added  − removed  ~ changed")
    return lines


def draw(diagram: Diagram, direction: Direction = "LR") -> Drawing:
    """Draw one diagram on a canvas."""
    boxes = [_box(node) for node in diagram.nodes]
    labels = [_label(edge) for edge in diagram.edges]
    links = [_link(edge, label) for edge, label in zip(diagram.edges, labels, strict=True)]
    placed = layout(boxes, links, direction)
    canvas = Canvas(placed.width, placed.height)
    _Lines(canvas, diagram.edges, placed.routes).draw()
    for number, (route, label) in enumerate(zip(placed.routes, labels, strict=True)):
        if route.label:
            _draw_label(canvas, route.label, label, diagram.edges[number], number)
    for node in diagram.nodes:
        _draw_box(canvas, placed.boxes[node.id], node)
    return Drawing(canvas, placed)


def box_lines(node: Node) -> list[str]:
    """The lines of text in a box, the name first."""
    change = f"{CHANGE_SIGNS[node.change]} " if node.change else ""
    sign = PASSING if node.passes else KIND_SIGNS[node.kind]
    lines = [f"{change}{sign} {node.id}", *(LINE_SIGNS.get(line.mark, "") + line.text for line in node.lines)]
    if node.run is not None and node.run.state not in (State.PENDING, State.SKIPPED):
        lines.append(run_words(node.run))
    return [shortened(line, MAX_TEXT) for line in lines]


def _box(node: Node) -> Box:
    lines = box_lines(node)
    return Box(node.id, max(map(text_width, lines)) + 4, len(lines) + 2)


def _label(edge: Edge) -> tuple[str, ...]:
    change = f"{CHANGE_SIGNS[edge.change]} " if edge.change else ""
    text = f"{change}{edge.label}".strip()
    return wrapped(text, MAX_LABEL) if text else ()


def _link(edge: Edge, label: tuple[str, ...]) -> Link:
    width = max((text_width(line) + 2 for line in label), default=0)
    return Link(edge.source, edge.target, width, len(label), back=edge.back)


def _draw_label(canvas: Canvas, rect: Rect, label: tuple[str, ...], edge: Edge, number: int) -> None:
    role = f"label {edge.change or ''}".strip()
    for row, line in enumerate(label):
        canvas.put(rect.x, rect.y + row, f" {line} ".center(rect.width), role, str(number))


def _draw_box(canvas: Canvas, rect: Rect, node: Node) -> None:
    left_top, across, right_top, down, left_bottom, right_bottom = tuple(BORDERS.get(node.kind, BORDER))
    state = node.run.state if node.run else ""
    role = " ".join(part for part in ("border", node.kind, state, node.change) if part)
    canvas.put(rect.x, rect.y, left_top + across * (rect.width - 2) + right_top, role, node.id)
    for row, line in enumerate(box_lines(node)):
        text = role.replace("border", "line" if row else "name", 1)
        canvas.put(rect.x, rect.y + 1 + row, down, role, node.id)
        canvas.put(rect.x + 1, rect.y + 1 + row, f" {line} ", text, node.id)
        blank = rect.width - 4 - text_width(line)
        canvas.put(rect.right - 1 - blank, rect.y + 1 + row, " " * blank + down, role, node.id)
    canvas.put(rect.x, rect.bottom - 1, left_bottom + across * (rect.width - 2) + right_bottom, role, node.id)


class _Lines:
    """The lines of all routes, joined where they fork, jumping where they merely cross."""

    def __init__(self, canvas: Canvas, edges: Sequence[Edge], routes: Sequence[Route]) -> None:
        self.canvas, self.edges, self.routes = canvas, edges, routes
        self.cells: dict[Point, dict[int, int]] = {}

    def draw(self) -> None:
        for number, route in enumerate(self.routes):
            self._trace(number, route)
        for (x, y), at in self.cells.items():
            self._cell(x, y, at)
        for number, route in enumerate(self.routes):
            self._arrow(number, route)

    def _trace(self, number: int, route: Route) -> None:
        for (ax, ay), (bx, by) in pairwise(route.points):
            step = ((bx > ax) - (bx < ax), (by > ay) - (by < ay))
            out, into = _bits(step)
            x, y = ax, ay
            while (x, y) != (bx, by):
                self._add(number, (x, y), out)
                x, y = x + step[0], y + step[1]
                self._add(number, (x, y), into)
        self._add(number, route.points[0], _towards_source(route))

    def _add(self, number: int, point: Point, bits: int) -> None:
        at = self.cells.setdefault(point, {})
        at[number] = at.get(number, 0) | bits

    def _cell(self, x: int, y: int, at: dict[int, int]) -> None:
        shown = at if self._joined(list(at)) else {n: bits for n, bits in at.items() if bits & (NORTH | SOUTH)} or at
        total = 0
        for bits in shown.values():
            total |= bits
        taken = [n for n in shown if self.edges[n].taken]
        number = (taken or list(shown))[0]
        edge = self.edges[number]
        table = HEAVY if taken else DASHED if edge.back else LIGHT
        self.canvas.put(x, y, table[total], self._role(number), str(number))

    def _joined(self, numbers: list[int]) -> bool:
        """Whether lines that meet in a cell belong together: they fork, join, or are one."""
        routes = [self.routes[n] for n in numbers]
        forked = all(route.source == routes[0].source for route in routes)
        return forked or all(route.target == routes[0].target for route in routes)

    def _arrow(self, number: int, route: Route) -> None:
        (ax, ay), (bx, by) = route.points[-2] if len(route.points) > 1 else route.points[-1], route.points[-1]
        step = ((bx > ax) - (bx < ax), (by > ay) - (by < ay))
        self.canvas.put(bx, by, ARROWS.get(step, "•"), self._role(number), str(number))

    def _role(self, number: int) -> str:
        edge = self.edges[number]
        taken = "" if edge.taken is None else "taken" if edge.taken else "untaken"
        return " ".join(part for part in ("edge", "back" if edge.back else "", taken, edge.change) if part)


def _bits(step: Point) -> tuple[int, int]:
    """The bits of a step: in the cell it leaves, and in the cell it comes to."""
    return {(1, 0): (EAST, WEST), (-1, 0): (WEST, EAST), (0, 1): (SOUTH, NORTH), (0, -1): (NORTH, SOUTH)}.get(step, (0, 0))


def _towards_source(route: Route) -> int:
    """The bit of the first cell on the side of the box, so that the line touches it."""
    if len(route.points) < 2:
        return 0
    (ax, ay), (bx, by) = route.points[:2]
    return _bits(((bx > ax) - (bx < ax), (by > ay) - (by < ay)))[1]
