"""Graphs as lines: our layered drawing, with the run of a job laid over it and one box selected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hotmesh.export.execution import Execution
from hotmesh.export.overlay import overlay
from hotmesh.graph.ascii import Drawing, draw, heading
from hotmesh.graph.canvas import Piece
from hotmesh.graph.diagram import Diagram, diagram, diagrams, laid_over
from hotmesh.graph.diff import compared
from hotmesh.graph.layout import Direction, Rect
from hotmesh.program import Program

from .spans import Line, Role, Span, line, plain

_ROLES: dict[str, Role] = {
    "failed": "failed",
    "running": "running",
    "waiting": "waiting",
    "done": "completed",
    "skipped": "skipped",
    "pending": "pending",
    "taken": "taken",
    "untaken": "untaken",
    "added": "added",
    "removed": "removed",
    "changed": "changed",
    "edge": "dim",
    "label": "accent",
    "border": "text",
    "name": "strong",
    "line": "dim",
}
"""The role of a piece by the words of its role on the canvas; the first of these that is among them counts."""


_HEAVY = str.maketrans("┌─┐│└┘╭╮╰╯╔═╗║╚╝", "┏━┓┃┗┛┏┓┗┛┏━┓┃┗┛")
"""The border of the selected box, so that it is told without colors too."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn graph."""

    diagram: Diagram
    drawing: Drawing

    def rect(self, box: str) -> Rect | None:
        """Where a box lies, in lines and columns."""
        return self.drawing.layout.boxes.get(box)

    def lines(self, selected: str | None = None) -> list[Line]:
        """The drawing with one box marked."""
        canvas = self.drawing.canvas
        return [tuple(_span(piece, selected) for piece in canvas.pieces(y)) for y in range(canvas.height)]


def job_picture(program: Program, execution: Execution, direction: Direction | None, room: int) -> Picture | None:
    """A job's graph with its run; None when the program has no such graph. `direction` None: the one that fits into `room` columns."""
    graph = program.graphs.get(execution.topic)
    if graph is None:
        return None
    return picture(laid_over(diagram(graph, program.graphs), overlay(execution)), direction, room)


def picture(shown: Diagram, direction: Direction | None, room: int) -> Picture:
    """A diagram, drawn; without a direction left to right, or top to bottom where that is narrower and there is too little room."""
    wide = draw(shown, direction or "LR")
    if direction is not None or wide.layout.width <= room:
        return Picture(shown, wide)
    high = draw(shown, "TB")
    return Picture(shown, high if high.layout.width < wide.layout.width else wide)


def program_lines(program: Program, direction: Direction | None, room: int, old: Program | None = None) -> list[Line]:
    """All graphs of a version below one another; with `old`, what has changed since."""
    lines: list[Line] = []
    for shown in diagrams(program) if old is None else compared(old, program):
        drawn = picture(shown, direction, room).lines()
        first, *notes = (" " * start_column(drawn, room) + each for each in heading(shown))
        lines += [line(first, "title"), *(line(note, "dim") for note in notes), line("")]
        lines += [*drawn, line("")]
    return lines


TRIGGER = 20
"""About the width of a trigger's box."""


def start_column(lines: Sequence[Line], room: int) -> int:
    """The column to look at a drawing from, so that its trigger is in sight, which may stand anywhere in its first line."""
    first = next((column for column in (plain(each).find("╭") for each in lines) if column >= 0), 0)
    return max(0, first + TRIGGER // 2 - room // 2) if first > room // 2 else 0


def _span(piece: Piece, selected: str | None) -> Span:
    words = piece.role.split()
    if selected is not None and piece.owner == selected and words and words[0] in ("border", "name", "line"):
        heavy = piece.text.translate(_HEAVY)
        return heavy, "selected" if words[0] != "line" else _role(words)
    return piece.text, _role(words)


def _role(words: list[str]) -> Role:
    for word in (*words[1:], *words[:1]):
        if word in _ROLES:
            return _ROLES[word]
    return "text"
