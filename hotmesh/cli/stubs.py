"""Answers for workers that aren't there: the smallest value that fits an output schema."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hotmesh.program import Program, Worker
from hotmesh.values import Json

DEEPEST = 8
_EMPTY: dict[str, Json] = {"object": {}, "array": [], "string": "", "number": 0, "integer": 0, "boolean": True, "null": None}
_TEXTS = {
    "date-time": "2000-01-01T00:00:00Z",
    "date": "2000-01-01",
    "time": "00:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def stubs(program: Program, topics: set[str]) -> dict[str, Callable[[Any], Awaitable[Json]]]:
    """A callback for each topic; it answers with what the output schema of the asking activity describes."""
    answers: dict[tuple[str, str], Json] = {}
    for graph in program.graphs.values():
        for activity in graph.activities.values():
            if isinstance(activity, Worker) and isinstance(activity.topic, str):
                schema: Json = activity.output_schema or next(iter(activity.output_schemas.values()), {})
                answers.setdefault((activity.topic, activity.id), example(schema))

    async def answer(task: Any) -> Json:
        await asyncio.sleep(0)
        return answers.get((task.metadata.topic, task.metadata.aid), {})

    return dict.fromkeys(sorted(topics), answer)


def example(schema: Json, depth: int = 0) -> Json:
    """A small value that a JSON Schema describes: its own default, const, example or first enum; else by its type."""
    if not isinstance(schema, dict) or depth > DEEPEST:
        return {}
    for key in ("default", "const", "example"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("oneOf", "anyOf"):
        if schema.get(key):
            return example(schema[key][0], depth + 1)
    if schema.get("allOf"):
        parts = [example(part, depth + 1) for part in schema["allOf"]]
        return {key: value for part in parts if isinstance(part, dict) for key, value in part.items()} or parts[0]
    return _typed(schema, depth)


def _typed(schema: dict[str, Json], depth: int) -> Json:
    kinds = schema.get("type", "object" if "properties" in schema else None)
    kind = kinds[0] if isinstance(kinds, list) and kinds else kinds
    if kind == "object":
        return {name: example(part, depth + 1) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema.get("items", {}), depth + 1)] * max(1, schema.get("minItems", 1))
    if kind in ("number", "integer"):
        return _number(schema, whole=kind == "integer")
    if kind in ("string", "date"):
        return _text(schema, "date-time" if kind == "date" else schema.get("format", ""))
    return _EMPTY.get(str(kind), {})


def _number(schema: dict[str, Any], *, whole: bool) -> float:
    step: float = schema.get("multipleOf", 1)
    least: float = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    least = least + step if "exclusiveMinimum" in schema and "minimum" not in schema else least
    most: float = schema.get("maximum", schema.get("exclusiveMaximum", max(1, least)))
    value: float = min(max(1, least), most) if step == 1 else -(-least // step) * step
    return int(value) if whole else value


def _text(schema: dict[str, Json], form: str) -> str:
    text = _TEXTS.get(form, "text")
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", len(text) + 1000)]
