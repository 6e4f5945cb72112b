"""What values a template can have, as a JSON Schema: literals, references by their producer's schema, pipes by their last function."""

from __future__ import annotations

from typing import Final

from hotmesh.expr import FunctionName, Reference, parse_text
from hotmesh.expr.functions import FUNCTIONS
from hotmesh.lint.context import GraphContext
from hotmesh.lint.payloads import lead
from hotmesh.source.nodes import Mapping, Node, Scalar, Sequence, to_json
from hotmesh.values import Json

_KINDS: Final[dict[str, str]] = {
    "boolean": "boolean",
    "number": "number",
    "string": "string",
    "list": "array",
    "map": "object",
    "date": "string",
}
"""The kinds in the signatures of pipe functions, with their JSON types."""


def is_literal(node: Node | None) -> bool:
    """Whether a template is a plain scalar that stands for itself."""
    if not isinstance(node, Scalar):
        return False
    return not (isinstance(node.value, str) and node.value.startswith("{"))


def schema_of(graph: GraphContext, node: Node | None, owner: str) -> Json | None:
    """The schema of a template's values, None when nothing is known."""
    if isinstance(node, Scalar):
        return {"const": node.value} if is_literal(node) else _reference(graph, node, owner)
    if isinstance(node, Mapping):
        rows = node.get("@pipe")
        return _pipe(graph, rows, owner) if rows is not None else {"type": "object"}
    return None if node is None else {"type": "array"}


def _reference(graph: GraphContext, node: Scalar, owner: str) -> Json | None:
    parsed = parse_text(node.text)
    if isinstance(parsed, FunctionName):
        return _returned(parsed.full)
    if not isinstance(parsed, Reference) or len(parsed.path) < 2 or parsed.path[1] != "data":
        return None
    activity_id = owner if parsed.root == "$self" else parsed.root
    return lead(graph.schema(activity_id, parsed.path[0]), parsed.path[2:]).schema


def _pipe(graph: GraphContext, rows: Node, owner: str) -> Json | None:
    """What the last row's first cell gives; a row that is a pipe of its own is left alone."""
    last = rows.items[-1] if isinstance(rows, Sequence) and rows.items else None
    first = last.items[0] if isinstance(last, Sequence) and last.items else None
    return schema_of(graph, first, owner) if isinstance(first, Scalar) else None


def _returned(full_name: str) -> Json | None:
    function = FUNCTIONS.get(full_name)
    kinds = function.returns.split("|") if function is not None else ["any"]
    types = [_KINDS[kind] for kind in kinds if kind in _KINDS]
    return {"type": types} if len(types) == len(kinds) else None


def same(one: Node | None, other: Node | None) -> bool:
    """Whether two templates are written alike."""
    return one is not None and other is not None and to_json(one) == to_json(other)
