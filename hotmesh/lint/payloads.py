"""What is known of the data that references read: the schemas of producers, and where a path leads in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hotmesh.source.payload_schemas import TYPES
from hotmesh.values import Json

SCALARS: Final = frozenset({"null", "boolean", "number", "string", "integer"})
_OPENING: Final = frozenset({"$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "not", "dependentSchemas", "patternProperties"})
"""Words after which a list of properties doesn't say everything."""


@dataclass(frozen=True, slots=True)
class Lead:
    """Where a path leads: to `schema`, or it broke off at segment `broken`.

    `excluded` says that the schema forbids what the path asks for, and not just that it doesn't list it.
    """

    schema: Json | None = None
    broken: int | None = None
    excluded: bool = False
    known: tuple[str, ...] = ()
    reason: str = ""


UNKNOWN: Final = Lead()


def lead(schema: Json | None, path: tuple[str, ...]) -> Lead:
    """Follows a path through a schema. `Lead.schema` is None when nothing is known."""
    for number, segment in enumerate(path):
        if not isinstance(schema, dict):
            return Lead(None, number, True, (), "the schema allows nothing here") if schema is False else UNKNOWN
        step = _step(schema, segment)
        if step.broken is not None:
            return Lead(None, number, step.excluded, step.known, step.reason)
        schema = step.schema
    return Lead(schema)


def _step(schema: dict[str, Json], segment: str) -> Lead:
    types = types_of(schema)
    if types and types <= SCALARS:
        return Lead(None, 0, True, (), f"it is {_article(min(types))} {' or '.join(sorted(types))}")
    if types == {"array"} and not segment.isdecimal():
        return Lead(None, 0, True, (), "it is a list, whose segments are numbers")
    properties = schema.get("properties")
    members: dict[str, Json] = properties if isinstance(properties, dict) else {}
    if segment in members:
        return Lead(members[segment])
    return _item(schema, segment) if segment.isdecimal() and types != {"object"} else _member(schema, members)


def _item(schema: dict[str, Json], segment: str) -> Lead:
    prefix = schema.get("prefixItems")
    first: list[Json] = prefix if isinstance(prefix, list) else []
    index = int(segment) if len(segment) < 10 else len(first)
    return Lead(first[index] if index < len(first) else schema.get("items"))


def _member(schema: dict[str, Json], members: dict[str, Json]) -> Lead:
    others = schema.get("additionalProperties")
    if _OPENING & schema.keys() or others is True:
        return UNKNOWN
    if isinstance(others, dict):
        return Lead(others)
    if others is False:
        return Lead(None, 0, True, tuple(members), "the schema has no such key")
    return Lead(None, 0, False, tuple(members), "the schema doesn't list it") if members else UNKNOWN


def types_of(schema: Json | None) -> frozenset[str]:
    """The JSON types that a schema allows; empty when it says nothing about them."""
    if not isinstance(schema, dict):
        return frozenset()
    if "const" in schema:
        return frozenset({type_name(schema["const"])})
    words = schema.get("type")
    if words is None and isinstance(schema.get("enum"), list):
        return frozenset(type_name(value) for value in schema["enum"])
    listed = words if isinstance(words, list) else [words]
    known = frozenset(word for word in listed if isinstance(word, str) and word in TYPES)
    return known if len(known) == len(listed) else frozenset()


def values_of(schema: Json | None) -> tuple[Json, ...]:
    """The values that a schema allows when they can be counted: an enum, a const, true and false."""
    if not isinstance(schema, dict):
        return ()
    if "const" in schema:
        return (schema["const"],)
    if isinstance(schema.get("enum"), list):
        return tuple(schema["enum"])
    return (True, False) if types_of(schema) == {"boolean"} else ()


def type_name(value: Json) -> str:
    """The JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    names = {float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")


def _article(word: str) -> str:
    return "an" if word[0] in "aeio" else "a"
