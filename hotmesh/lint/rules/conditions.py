"""G502, G503, T503, T504: conditions that never or always hold, leave a value out, or compare what can't be equal."""

from __future__ import annotations

from typing import Final

from hotmesh.diagnostic import Related
from hotmesh.lint.context import GraphContext
from hotmesh.lint.inference import is_literal, same, schema_of
from hotmesh.lint.payloads import type_name, types_of, values_of
from hotmesh.lint.rules.rule import Rule
from hotmesh.lint.slots import matches_of
from hotmesh.source.findings import did_you_mean, one_of
from hotmesh.source.nodes import Mapping, Node, Scalar, Sequence, descend
from hotmesh.source.outline import EdgeOutline, RuleOutline, text_of
from hotmesh.values import Json

RULES: Final = (
    Rule(
        "G502", "the conditions of an edge never hold, or always", "Two matches contradict each other, or a match compares two constants."
    ),
    Rule("G503", "a match leaves a value without an edge", "For that value the branch just ends here."),
    Rule("T503", "an expected value can't equal the actual one", "They are compared as JSON: 1 is not '1', and true is not 'true'."),
    Rule("T504", "a code in a list is a text", "Codes are numbers; texts are for families as '4xx'.", fixable=True),
)


def check_graph(graph: GraphContext) -> None:
    """The conditions of edges and hook rules."""
    for edge in graph.outline.edges:
        matches = matches_of(edge)
        _codes(graph, edge)
        _types(graph, edge, matches, edge.source)
        _never_or_always(graph, edge, matches)
    for rule in graph.outline.rules:
        _types(graph, rule, matches_of(rule), rule.target)
    for source in graph.activities:
        _left_out(graph, source)


def _codes(graph: GraphContext, edge: EdgeOutline) -> None:
    codes = descend(edge.node, "conditions", "code")
    for code in codes.items if isinstance(codes, Sequence) else ():
        if isinstance(code, Scalar) and isinstance(code.value, str) and code.value.isdecimal():
            graph.findings.add("T504", code, f"the code {code.value} is a text in a list of codes", help="write it without quotes")


def _types(graph: GraphContext, item: EdgeOutline | RuleOutline, matches: list[Mapping], owner: str) -> None:
    for match in matches:
        expected, actual = match.get("expected"), match.get("actual")
        if not isinstance(expected, Scalar) or not is_literal(expected) or actual is None or is_literal(actual):
            continue
        schema = schema_of(graph, actual, owner) if isinstance(item, EdgeOutline) else _on_signal(graph, actual, owner)
        reason = _unequal(expected.value, schema)
        if reason:
            help = did_you_mean(str(expected.value), [value for value in values_of(schema) if isinstance(value, str)])
            graph.findings.add("T503", expected, f"expected is {_shown(expected)}, but actual {reason}", help=help)


def _on_signal(graph: GraphContext, actual: Node, owner: str) -> Json | None:
    """The schema of a signal's part: what the waiting hook says of its payload."""
    if isinstance(actual, Scalar) and text_of(actual).startswith("{$hook."):
        renamed = Scalar(actual.source, actual.start, actual.end, actual.text.replace("{$hook.", "{$self.hook.", 1), None, actual.style)
        renamed.value = renamed.text
        return schema_of(graph, renamed, owner)
    return schema_of(graph, actual, owner) if isinstance(actual, Mapping) else None


def _shown(node: Scalar) -> str:
    article = {"integer": "the number", "number": "the number", "string": "the text", "boolean": "the boolean", "null": "null"}
    word = article[type_name(node.value)]
    return word if word == "null" else f"{word} {node.value!r}" if isinstance(node.value, str) else f"{word} {node.text}"


def _unequal(value: Json, schema: Json | None) -> str:
    """Why a value can't be one of a schema's, '' when it can."""
    allowed = values_of(schema)
    if allowed and not any(_equal(value, other) for other in allowed):
        return f"is {one_of(repr(other) if isinstance(other, str) else str(other).lower() for other in allowed)}"
    types, mine = types_of(schema), type_name(value)
    if not types or mine in types or (mine == "integer" and "number" in types):
        return ""
    whole = mine == "number" and "integer" in types and float(value).is_integer()
    return "" if whole else f"is always {one_of(_article(name) for name in sorted(types))}"


def _article(name: str) -> str:
    return "null" if name == "null" else f"{'an' if name[0] in 'aeio' else 'a'} {name}"


def _equal(one: Json, other: Json) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _never_or_always(graph: GraphContext, edge: EdgeOutline, matches: list[Mapping]) -> None:
    is_or = text_of(descend(edge.node, "conditions", "gate")) == "or"
    for match in matches:
        _constant(graph, edge, match)
    for number, match in enumerate(matches):
        for earlier in matches[:number]:
            if not same(earlier.get("actual"), match.get("actual")) or same(earlier.get("expected"), match.get("expected")):
                continue
            pair = [earlier.get("expected"), match.get("expected")]
            if all(is_literal(node) for node in pair):
                _contradiction(graph, edge, earlier, match, is_or)


def _constant(graph: GraphContext, edge: EdgeOutline, match: Mapping) -> None:
    expected, actual = match.get("expected"), match.get("actual")
    if isinstance(expected, Scalar) and isinstance(actual, Scalar) and is_literal(expected) and is_literal(actual):
        verdict = "always holds" if _equal(expected.value, actual.value) else "never holds"
        message = f"this match on the edge to {edge.target} {verdict}: both sides are constants"
        graph.findings.add("G502", match, message, help="actual is mostly a reference, as '{a1.output.data.x}'")


def _contradiction(graph: GraphContext, edge: EdgeOutline, earlier: Mapping, match: Mapping, is_or: bool) -> None:
    related = [Related(earlier.span, "the other match")]
    if not is_or:
        message = f"two matches on the edge to {edge.target} can never both hold: they expect different values of one actual"
        graph.findings.add("G502", match, message, help="write gate: or, or two edges", related=related)
        return
    expected = [node.value for node in (earlier.get("expected"), match.get("expected")) if isinstance(node, Scalar)]
    possible = values_of(schema_of(graph, match.get("actual"), edge.source))
    if possible and all(any(_equal(value, one) for one in expected) for value in possible):
        message = f"the matches on the edge to {edge.target} always hold: they expect every value there is"
        graph.findings.add("G502", match, message, help="remove the conditions", related=related)


def _left_out(graph: GraphContext, source: str) -> None:
    """Edges that all compare one actual of few values, and don't name all of them."""
    edges = [edge for edge in graph.shape.outgoing.get(source, ()) if descend(edge.node, "conditions", "code") is None]
    matches = [matches_of(edge) for edge in edges]
    if not edges or any(len(found) != 1 for found in matches):
        return
    actual = matches[0][0].get("actual")
    expected = [found[0].get("expected") for found in matches]
    if actual is None or is_literal(actual) or not all(same(actual, found[0].get("actual")) for found in matches):
        return
    if not all(isinstance(node, Scalar) and is_literal(node) for node in expected):
        return
    possible = values_of(schema_of(graph, actual, source))
    taken = [node.value for node in expected if isinstance(node, Scalar)]
    missing = [value for value in possible if not any(_equal(value, one) for one in taken)]
    if missing and len(missing) < len(possible):
        words = one_of(repr(value) if isinstance(value, str) else str(value).lower() for value in missing)
        message = f"no edge leaves {source} when this is {words}"
        graph.findings.add("G503", actual, message, help=f"add an edge for {words}, or one without conditions")
