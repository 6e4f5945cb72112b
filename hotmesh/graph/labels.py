"""What stands on an edge: its condition in words, seen together with the other edges of its source."""

from __future__ import annotations

from collections.abc import Sequence

from hotmesh.graph.words import match_words, words
from hotmesh.program import Transition
from hotmesh.values import canonical


def edge_labels(edges: Sequence[Transition]) -> list[str]:
    """A label for each of the edges that leave one activity; '' for an edge that needs none."""
    return [_label(edge, edges) for edge in edges]


def condition_words(edge: Transition) -> str:
    """The whole condition of an edge: `code 422 and qty ≥ 10`; '' when it has none."""
    parts = [_codes(edge.codes)] if edge.codes else []
    if edge.match:
        matches = [match_words(match) for match in edge.match]
        joined = f" {edge.gate} ".join(matches)
        parts.append(f"({joined})" if parts and edge.gate == "or" and len(matches) > 1 else joined)
    return " and ".join(parts)


def _codes(codes: Sequence[str]) -> str:
    return f"code {' or '.join(codes)}"


def _label(edge: Transition, siblings: Sequence[Transition]) -> str:
    condition = condition_words(edge)
    if edge.foreach is not None:
        each = f"each of {words(edge.foreach)}"
        return f"{each} if {condition}" if condition else each
    if any(_is_otherwise(edge, other) for other in siblings):
        return "else"
    return condition or _unconditional(edge, siblings)


def _is_otherwise(edge: Transition, other: Transition) -> bool:
    """Whether the edge fires exactly when the other, of the same codes, doesn't."""
    if len(edge.match) != 1 or len(other.match) != 1 or edge.codes != other.codes or other.foreach is not None:
        return False
    no, yes = edge.match[0], other.match[0]
    return no.expected is False and yes.expected is True and canonical(no.actual) == canonical(yes.actual)


def _unconditional(edge: Transition, siblings: Sequence[Transition]) -> str:
    """What tells an edge without conditions from its siblings that have some."""
    others = [other for other in siblings if other is not edge]
    if any(other.match for other in others):
        return "always"
    return "success" if any(other.codes for other in others) else ""
