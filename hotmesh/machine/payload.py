"""Checking the payload of a start against the graph's JSON Schema.

Most payloads are right, and most schemas say little: types, what is required, what a map holds. A few closures check that much. Only what
they don't accept, and schemas that say more, go to the jsonschema package, whose verdict and message count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, TypeAlias

from hotmesh.values import Json

Validator: TypeAlias = Callable[[Json], str | None]
"""Gives None for a payload that fits, else a sentence with the path and the reason."""

_Sure: TypeAlias = Callable[[Json], bool]
"""Whether a payload is right beyond doubt; jsonschema decides of the others."""


def accepts(_: Json) -> str | None:
    """The validator of a graph without a schema."""
    return None


def validator(schema: Json | None) -> Validator:
    """A check against a JSON Schema."""
    if schema is None:
        return accepts
    sure, thorough = _sure(schema), cache(partial(_thorough, schema))
    if sure is None:
        return lambda payload: thorough()(payload)
    return lambda payload: None if sure(payload) else thorough()(payload)


def _thorough(schema: Json) -> Validator:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    checks = Draft202012Validator(schema)

    def check(payload: Json) -> str | None:
        error = best_match(checks.iter_errors(payload))
        if error is None:
            return None
        path = ".".join(map(str, error.absolute_path))
        return f"{path or 'the payload'}: {error.message}"

    return check


_ANNOTATIONS = frozenset({"title", "description", "default", "examples", "deprecated", "$comment", "readOnly", "writeOnly"})
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


def _sure(schema: Json) -> _Sure | None:
    """The closure of a schema; None when the schema says what no closure is made of."""
    if not isinstance(schema, dict) or schema.keys() - _ANNOTATIONS - _MAKERS.keys():
        return None
    made = [_MAKERS[name](schema[name]) for name in schema if name in _MAKERS]
    if not all(made):
        return None
    checks = tuple(filter(None, made))
    return checks[0] if len(checks) == 1 else lambda value: all(check(value) for check in checks)


def _of_type(named: Json) -> _Sure | None:
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list) or not all(name in _TYPES for name in names):
        return None
    types = frozenset(kind for name in names for kind in _TYPES[name])
    return lambda value: type(value) in types


def _with_required(names: Json) -> _Sure | None:
    if not isinstance(names, list):
        return None
    return lambda value: not isinstance(value, dict) or all(name in value for name in names)


def _with_properties(schemas: Json) -> _Sure | None:
    if not isinstance(schemas, dict):
        return None
    found: dict[str, Any] = {name: _sure(schema) for name, schema in schemas.items()}
    if not all(found.values()):
        return None

    def check(value: Json) -> bool:
        return not isinstance(value, dict) or all(name not in value or sure(value[name]) for name, sure in found.items())

    return check


def _with_items(schema: Json) -> _Sure | None:
    sure = _sure(schema)
    return None if sure is None else lambda value: not isinstance(value, list) or all(map(sure, value))


_MAKERS: Mapping[str, Callable[[Json], _Sure | None]] = {
    "type": _of_type,
    "required": _with_required,
    "properties": _with_properties,
    "items": _with_items,
}
