"""P: expressions. The expression language checks itself (`hotmesh.expr.check`); here its findings get their places."""

from __future__ import annotations

from typing import Final

from hotmesh.diagnostic import Span
from hotmesh.expr import Finding, Malformed, check, parse_text
from hotmesh.lint.context import GraphContext
from hotmesh.lint.inside_scalars import part
from hotmesh.lint.rules.rule import Rule
from hotmesh.lint.slots import Slot
from hotmesh.source.nodes import Mapping, Node, Scalar, Sequence, scalars, to_json

RULES: Final = (
    Rule("P101", "a pipe function's domain is unknown", "`hotmesh pipe --help` lists the domains."),
    Rule("P102", "a pipe function is unknown", "`hotmesh pipe --help DOMAIN` lists a domain's functions."),
    Rule("P103", "a function gets too few arguments", "The values of the row before are its arguments."),
    Rule("P104", "a function gets too many arguments", "The values of the row before are its arguments."),
    Rule("P105", "a function in the first row gets arguments", "The first row has no row before it that could give them."),
    Rule("P106", "a pipe begins with @reduce", "It needs a row before it: the collection and the start value."),
    Rule("P108", "a pipe ends in a sub-pipe", "Nothing takes up its value; end with a row that does."),
    Rule("P109", "a pipe or a row has the wrong form", "A pipe is a list of rows, a row a list of cells."),
    Rule("P110", "@pipe or @reduce stands in the wrong place", "@pipe is the only key of its map, @reduce a row of a pipe."),
    Rule("P111", "an argument has a type that the function refuses", "It would fail the activity with code 590."),
    Rule("P112", "a cron expression can't be read", "It has 5 or 6 fields, or is a name as @hourly."),
    Rule("P113", "a function's name has the wrong form", "Functions are written {@domain.function}."),
    Rule("P114", "a regular expression can't be read", "It would fail the activity with code 590."),
    Rule("P115", "a template is too deep or too large", "No expression needs that; let a worker compute it."),
    Rule("P116", "a text in braces is no reference", "A reference is {activity.output.data.key}; {{…}} is a text with braces."),
    Rule("P502", "a row drops the values of the rows before it", "A row begins with a function, which takes them."),
    Rule("P503", "an argument converts to nothing useful", "As a text where a number belongs: the result is NaN."),
    Rule("P504", "a pipe's last row has values that nobody uses", "The value of a pipe is the first of its last row."),
)

_OTHERS_SAY_IT: Final = frozenset({"P107", "P501"})
"""What R207 and R501 say with the knowledge of the graph."""


def check_graph(graph: GraphContext) -> None:
    """The pipes and references of every template."""
    for slot in graph.slots:
        for finding in check(to_json(slot.node)):
            if finding.code not in _OTHERS_SAY_IT:
                _place(graph, slot, finding)
        for scalar in scalars(slot.node):
            _malformed(graph, slot, scalar)


def _malformed(graph: GraphContext, slot: Slot, scalar: Scalar) -> None:
    if not isinstance(scalar.value, str) or not scalar.value.startswith("{"):
        return
    parsed = parse_text(scalar.value)
    if isinstance(parsed, Malformed) and not scalar.value[1:].lstrip().startswith("@"):
        graph.findings.add("P116", scalar, f"{_owner(slot)}: {parsed.problem}", help=parsed.help)


def _owner(slot: Slot) -> str:
    return f"{slot.owner}.{slot.place}" if slot.use == "activity" else slot.place


def _place(graph: GraphContext, slot: Slot, finding: Finding) -> None:
    node = slot.node
    for key in finding.path:
        node = _child(node, key)
    graph.findings.add(finding.code, _span(node), f"{_owner(slot)}: {finding.message}", help=finding.help)


def _child(node: Node, key: str | int) -> Node:
    """The node below; the node itself where a path names what isn't there."""
    if isinstance(node, Mapping) and isinstance(key, str):
        return node.get(key) or node
    if isinstance(node, Sequence) and isinstance(key, int) and key < len(node.items):
        return node.items[key]
    return node


def _span(node: Node) -> Node | Span:
    """The place to mark: for a function its name without braces and @."""
    if isinstance(node, Scalar) and node.text.startswith("{@") and node.text.endswith("}"):
        return part(node, 2, len(node.text) - 1)
    return node
