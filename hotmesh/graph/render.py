"""From a program to a picture, in one call: which format, which way round, with which run or older version over it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, Literal, assert_never, get_args

from hotmesh.graph.diagram import Diagram, diagrams, laid_over
from hotmesh.graph.diff import compared
from hotmesh.graph.layout import Direction
from hotmesh.graph.overlay import Overlay
from hotmesh.program import Program

Format = Literal["svg", "png", "dot", "mermaid", "ascii"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)

SUFFIXES: Final[dict[str, Format]] = {
    ".svg": "svg",
    ".png": "png",
    ".dot": "dot",
    ".gv": "dot",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".txt": "ascii",
}
"""The format that a file's suffix asks for."""

Engine = Literal["hotmesh", "graphviz"]
"""Who lays an SVG out: we ourselves, the same everywhere, or Graphviz."""


def render(
    program: Program,
    format: Format = "svg",
    *,
    direction: Direction = "LR",
    topics: Collection[str] | None = None,
    overlay: Overlay | None = None,
    old: Program | None = None,
    engine: Engine = "hotmesh",
    unicode: bool = True,
) -> bytes:
    """A picture of the graphs of a program; text formats in UTF-8.

    `topics` picks graphs by the topic that starts them. `overlay` is a run to lay over its graph. `old` is an earlier version: what was
    added, removed and changed since is marked. `unicode=False` draws `ascii` in the characters of ASCII alone.
    Raises RenderError when a format needs a program that is not there.
    """
    shown = diagrams(program, topics) if old is None else compared(old, program, topics)
    if overlay is not None:
        shown = tuple(laid_over(each, overlay) for each in shown)
    return _drawn(shown, format, direction, f"{program.id} {program.version}", engine, unicode)


def _drawn(shown: Sequence[Diagram], format: Format, direction: Direction, name: str, engine: Engine, unicode: bool) -> bytes:
    match format:
        case "svg" if engine == "graphviz":
            from hotmesh.graph.dot import graphviz_svg

            return graphviz_svg(shown, direction, name=name).encode()
        case "svg":
            from hotmesh.graph.svg import svg_text

            return svg_text(shown, direction, name=name).encode()
        case "png":
            from hotmesh.graph.dot import png_bytes

            return png_bytes(shown, direction)
        case "dot":
            from hotmesh.graph.dot import dot_text

            return dot_text(shown, direction, name=name).encode()
        case "mermaid":
            from hotmesh.graph.mermaid import mermaid_text

            return mermaid_text(shown, direction).encode()
        case "ascii":
            from hotmesh.graph.ascii import ascii_text

            return ascii_text(shown, direction, unicode=unicode).encode()
    assert_never(format)
