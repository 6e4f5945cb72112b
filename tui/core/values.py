"""JSON as lines that people read: indented like YAML, with long texts wrapped."""

from __future__ import annotations

from collections.abc import Iterator

from hotmesh.values import UNDEFINED, Json, dumps

from .spans import Line, Role, Span, line, wrap

INDENT = "  "


def value_lines(value: Json, width: int) -> list[Line]:
    """A JSON value on lines of at most `width` columns."""
    if value is UNDEFINED:
        return [line("nothing", "dim")]
    if isinstance(value, (dict, list)) and value:
        return list(_nested(value, "", max(width, 20)))
    return wrap(scalar(value), width, _role(value))


def scalar(value: Json) -> str:
    """A value on one line, texts without quotes."""
    return value if isinstance(value, str) else dumps(value)


def brief(value: Json, width: int) -> str:
    """A value in so many columns."""
    text = scalar(value).replace("\n", " ")
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def _nested(value: Json, indent: str, width: int) -> Iterator[Line]:
    pairs = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for key, item in pairs:
        head: Span = (f"{indent}{key}: ", "name") if key is not None else (f"{indent}- ", "dim")
        if isinstance(item, (dict, list)) and item:
            yield (head,)
            yield from _nested(item, indent + INDENT, width)
            continue
        room = max(10, width - len(head[0]))
        first, *rest = wrap(scalar(item), room, _role(item))
        yield (head, *first)
        for other in rest:
            yield ((" " * len(head[0]), "text"), *other)


def _role(value: Json) -> Role:
    if isinstance(value, str):
        return "string"
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else "accent"
