"""Drawings in cells: pictures of small graphs, crossings against forks, wide characters, cells with roles for the TUI."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from hotmesh.graph.ascii import ascii_text, draw
from hotmesh.graph.canvas import Canvas, Piece, shortened, text_width
from hotmesh.graph.diagram import Diagram, Edge, Line, Mark, Node, diagrams
from tests.graph.apps import EVERYTHING, EXAMPLES, program


def drawn(*links: str, labels: dict[str, str] | None = None) -> str:
    """The drawing of links like 'a-b', each box with nothing but its name."""
    pairs = [(text.partition("-")[0], text.partition("-")[2]) for text in links]
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    nodes = tuple(Node(name, "worker") for name in names)
    edges = tuple(Edge(a, b, (labels or {}).get(f"{a}-{b}", "")) for a, b in pairs)
    return "\n".join(draw(Diagram("t", nodes, edges)).canvas.lines())


def test_a_fork_with_labels() -> None:
    assert drawn("a-b", "a-c", labels={"a-b": "yes", "a-c": "no"}) == picture("""
                           ┌─────┐
                ┌─ yes ───▶│ ■ b │
        ┌─────┐ │          └─────┘
        │ ■ a │─┤
        └─────┘ │          ┌─────┐
                └─ no ────▶│ ■ c │
                           └─────┘
    """)


def test_a_join() -> None:
    assert drawn("a-b", "a-c", "b-d", "c-d") == picture("""
                   ┌─────┐
                ┌─▶│ ■ b │─┐
        ┌─────┐ │  └─────┘ │  ┌─────┐
        │ ■ a │─┤          ├─▶│ ■ d │
        └─────┘ │  ┌─────┐ │  └─────┘
                └─▶│ ■ c │─┘
                   └─────┘
    """)


def test_lines_that_merely_cross_don_t_touch() -> None:
    """A full cross would say that they meet."""
    text = drawn("a-b", "a-c", "b-d", "c-e", "b-e", "c-d")
    assert "┼" not in text.replace("─┼─▶", "")


def test_the_way_back_of_a_cycle_is_dashed() -> None:
    nodes = (Node("a", "worker"), Node("b", "cycle"))
    edges = (Edge("a", "b"), Edge("b", "a", back=True))
    assert "\n".join(draw(Diagram("t", nodes, edges)).canvas.lines()) == picture("""
        ┌─────┐    ╭─────╮
        │ ■ a │───▶│ ↺ b │
        └─────┘    ╰─────╯
           ▲          ╎
           └╌╌╌╌╌╌╌╌╌╌┘
    """)


def picture(text: str) -> str:
    return dedent(text).strip("\n").rstrip()


@pytest.mark.parametrize("app", [*EXAMPLES, EVERYTHING], ids=lambda path: path.stem)
def test_plain_ascii(app: Path) -> None:
    text = ascii_text(diagrams(program(app)), unicode=False)
    assert text.isascii()
    assert "?" not in text.replace("? ", ""), "a sign without a plain form"
    rows = [row for row in text.splitlines() if "+--" in row]
    assert rows


def test_plain_ascii_keeps_its_columns() -> None:
    nodes = (Node("a", "worker", lines=(Line(Mark.TOPIC, "x ≥ y → z…"),)), Node("b", "worker"))
    rows = ascii_text([Diagram("t", nodes, (Edge("a", "b", "n ≠ m"),))], unicode=False).splitlines()[2:]
    assert rows[0].rstrip("-+ ") == ""
    assert "x >= y -> z..." in "\n".join(rows)
    assert "n != m" in "\n".join(rows)
    borders = [row.index("+", 1) for row in rows if row.startswith("+")]
    assert len(set(borders)) == 1


def test_wide_characters_keep_the_borders_straight() -> None:
    canvas = draw(Diagram("t", (Node("订单", "worker", lines=(Line(Mark.TOPIC, "e\u0301te\u0301"),)),), ())).canvas
    assert {text_width(line) for line in canvas.lines()} == {canvas.width}


def test_cells_know_their_role_and_owner() -> None:
    shown = Diagram("t", (Node("a", "trigger"), Node("b", "worker")), (Edge("a", "b", "go", taken=True),))
    drawing = draw(shown)
    pieces = [piece for y in range(drawing.canvas.height) for piece in drawing.canvas.pieces(y)]
    roles = {(piece.role, piece.owner) for piece in pieces if piece.role}
    assert {("border trigger", "a"), ("name trigger", "a"), ("name worker", "b"), ("edge taken", "0"), ("label", "0")} <= roles
    for y in range(drawing.canvas.height):
        assert "".join(piece.text for piece in drawing.canvas.pieces(y)).rstrip() == drawing.canvas.lines()[y]


def test_a_canvas_cuts_what_leaves_it() -> None:
    canvas = Canvas(4, 1)
    canvas.put(2, 0, "abc", "r", "o")
    assert canvas.lines() == ["  ab"]
    assert canvas.pieces(0) == [Piece("  ", "", ""), Piece("ab", "r", "o")]


def test_shortening() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "ab…"
    assert text_width(shortened("订单订单", 5)) <= 5
