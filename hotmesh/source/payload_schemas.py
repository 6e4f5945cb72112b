"""The JSON Schemas in an app: where they may stand, and what is left of them once words that mean nothing here are gone."""

from __future__ import annotations

from hotmesh.source.nodes import Mapping, Node, to_json
from hotmesh.values import Json

TYPES = frozenset({"null", "boolean", "object", "array", "number", "string", "integer"})
"""The type words of JSON Schema. Others, as `any` and `date`, mean no constraint."""


def schema_node(node: Node | None) -> Node | None:
    """The schema that stands as it is or under `schema:`."""
    if isinstance(node, Mapping) and set(node.entries) == {"schema"}:
        return node.get("schema")
    return node


def schema_value(node: Node | None) -> Json | None:
    """A schema as JSON that any validator takes."""
    return None if node is None else _cleaned(to_json(node))


def _cleaned(schema: Json) -> Json:
    if not isinstance(schema, dict):
        return schema
    return {key: value for key, raw in schema.items() if (value := _keyword(key, raw)) is not None}


def _keyword(key: str, value: Json) -> Json | None:
    """The value of a keyword, None to drop it."""
    if key == "type":
        return _types(value)
    if key == "required":
        return value if isinstance(value, list) else None
    if key in _MAPS and isinstance(value, dict):
        return {name: _cleaned(item) for name, item in value.items()}
    if key in _LISTS and isinstance(value, list):
        return [_cleaned(item) for item in value]
    return _cleaned(value) if key in _SINGLE else value


def _types(value: Json) -> Json | None:
    """The type words, None when there is one that means no constraint."""
    words = value if isinstance(value, list) else [value]
    return value if words and all(isinstance(word, str) and word in TYPES for word in words) else None


_MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SINGLE = frozenset({"items", "additionalProperties", "unevaluatedProperties", "not", "if", "then", "else", "contains", "propertyNames"})
