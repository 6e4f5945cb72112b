"""Diagrams as Mermaid text, which many forges and wikis draw in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from hotmesh.graph.diagram import Diagram, Edge, Node
from hotmesh.graph.layout import Direction
from hotmesh.graph.overlay import State, run_words
from hotmesh.graph.svg.style import LIGHT

SHAPES: Final[Mapping[str, tuple[str, str]]] = {
    "trigger": ("([", "])"),
    "worker": ("[", "]"),
    "await": ("[[", "]]"),
    "hook": ("{{", "}}"),
    "signal": (">", "]"),
    "cycle": ("((", "))"),
    "interrupt": ("[/", "\\]"),
}
"""How each kind of activity is drawn."""

CHANGE_SIGNS: Final = {"added": "+ ", "removed": "− ", "changed": "~ "}


def mermaid_text(diagrams: Sequence[Diagram], direction: Direction = "LR") -> str:
    """The diagrams as one flowchart, a subgraph each when there are several."""
    names = {
        (shown.topic, node.id): f"n{index}_{number}" for index, shown in enumerate(diagrams) for number, node in enumerate(shown.nodes)
    }
    lines = [f"flowchart {direction}"]
    for index, shown in enumerate(diagrams):
        inside = [*_nodes(shown, names), *_edges(shown, names)]
        if len(diagrams) > 1:
            inside = [f"subgraph g{index} [{_quoted(shown.topic)}]", f"  direction {direction}", *(f"  {line}" for line in inside), "end"]
        lines += inside
    lines += [*_calls(diagrams, names), *_classes(diagrams, names)]
    return "\n".join([lines[0], *(f"  {line}" for line in lines[1:])]) + "\n"


Names = Mapping[tuple[str, str], str]


def _nodes(shown: Diagram, names: Names) -> list[str]:
    return [_node(node, names[shown.topic, node.id]) for node in shown.nodes]


def _node(node: Node, name: str) -> str:
    left, right = SHAPES[node.kind]
    run = [run_words(node.run)] if node.run and node.run.state not in (State.PENDING, State.SKIPPED) else []
    texts = [CHANGE_SIGNS.get(node.change or "", "") + node.id, *(line.text for line in node.lines), *run]
    return f"{name}{left}{_quoted('<br/>'.join(_escaped(text) for text in texts), raw=True)}{right}"


def _edges(shown: Diagram, names: Names) -> list[str]:
    return [_edge(edge, names[shown.topic, edge.source], names[shown.topic, edge.target]) for edge in shown.edges]


def _edge(edge: Edge, source: str, target: str) -> str:
    arrow = "-.->" if edge.back or edge.change == "removed" else "==>" if edge.taken else "-->"
    label = (CHANGE_SIGNS.get(edge.change or "", "") + edge.label).strip()
    return f"{source} {arrow}|{_quoted(label)}| {target}" if label else f"{source} {arrow} {target}"


def _calls(diagrams: Sequence[Diagram], names: Names) -> list[str]:
    """Dotted lines from each await to the trigger of the graph that it starts."""
    triggers = {shown.topic: names[shown.topic, node.id] for shown in diagrams for node in shown.nodes if node.kind == "trigger"}
    awaits = [(names[shown.topic, node.id], node.starts) for shown in diagrams for node in shown.nodes if node.starts in triggers]
    return [f'{name} -. "starts" .-> {triggers[starts]}' for name, starts in awaits if starts]


def _classes(diagrams: Sequence[Diagram], names: Names) -> list[str]:
    """A class for each look that is there, and who has it."""
    members: dict[str, list[str]] = {}
    for shown in diagrams:
        for node in shown.nodes:
            members.setdefault(_look(node), []).append(names[shown.topic, node.id])
    defined = [f"classDef {look} stroke:{COLORS[look]},stroke-width:2px" for look in members]
    return [*defined, *(f"class {','.join(group)} {look}" for look, group in members.items())]


COLORS: Final = {**LIGHT.kinds, **LIGHT.states, **LIGHT.changes, "pending": LIGHT.faint, "skipped": LIGHT.faint}


def _look(node: Node) -> str:
    return node.change or (str(node.run.state) if node.run else node.kind)


def _escaped(text: str) -> str:
    return text.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;").replace("\n", " ")


def _quoted(text: str, *, raw: bool = False) -> str:
    return f'"{text if raw else _escaped(text)}"'
