"""A form from a JSON Schema: one field a property, texts read back as values with the schema's own checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hotmesh.values import UNDEFINED, Json, dumps, loads

FLAGS = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form. `name` None = the whole payload, as JSON."""

    name: str | None
    kind: str
    hint: str
    required: bool = False
    value: str = ""


def fields_of(schema: Json, known: Mapping[str, Json] | None = None) -> list[Field]:
    """The fields for a payload of this schema; `known` values are filled in. Without properties it is one field of JSON."""
    values = dict(known or {})
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not properties and not values:
        return [Field(None, "json", "a JSON value; empty = {}")]
    wanted = dict(properties or {}) | {name: {} for name in values if name not in (properties or {})}
    required = schema.get("required", ()) if isinstance(schema, dict) else ()
    return [_field(name, each, name in required, values.get(name, UNDEFINED)) for name, each in wanted.items()]


def _field(name: str, schema: Json, required: bool, value: Json) -> Field:
    schema = schema if isinstance(schema, dict) else {}
    kind = schema.get("type", "json")
    choices = schema.get("enum") or ([True, False] if kind == "boolean" else None)
    words = [" | ".join(_text(each) for each in choices) if choices else str(kind), str(schema.get("description", ""))]
    shown = schema.get("default", UNDEFINED) if value is UNDEFINED else value
    text = "" if shown is UNDEFINED else _text(shown)
    return Field(name, str(kind), " · ".join(word for word in words if word), required, text)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else dumps(value)


def read(fields: list[Field], texts: list[str], schema: Json) -> tuple[Json, str | None]:
    """The payload that was typed, and what is wrong with it (None = nothing)."""
    payload: dict[str, Json] = {}
    for field, text in zip(fields, texts, strict=True):
        if not text.strip():
            if field.required:
                return payload, f"{field.name} is required"
            continue
        try:
            value = _value(field, text)
        except ValueError:
            return payload, f"{field.name or 'the payload'} takes {_article(field.kind)}, not {text!r}"
        if field.name is None:
            return value, _trouble(value, schema)
        payload[field.name] = value
    return payload, _trouble(payload, schema)


def _value(field: Field, text: str) -> Json:
    match field.kind:
        case "string":
            return text
        case "integer":
            return int(text)
        case "number":
            return float(text) if "." in text or "e" in text.lower() else int(text)
        case "boolean":
            if text.strip().lower() not in FLAGS:
                raise ValueError(text)
            return FLAGS[text.strip().lower()]
    try:
        return loads(text)
    except ValueError:
        if field.name is not None and field.kind == "json":
            return text
        raise


def _article(kind: str) -> str:
    return {
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "array": "a JSON list",
        "object": "a JSON object",
    }.get(kind, "JSON")


def _trouble(payload: Json, schema: Json) -> str | None:
    if not isinstance(schema, dict):
        return None
    from jsonschema import Draft202012Validator

    error = next(iter(Draft202012Validator(schema).iter_errors(payload)), None)
    if error is None:
        return None
    where = ".".join(str(part) for part in error.absolute_path)
    return f"{where}: {error.message}" if where else str(error.message)
