"""Following a path through a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hotmesh.values import UNDEFINED


def walk(value: Any, path: tuple[str, ...]) -> Any:
    """What lies at `path` in a tree of maps and lists, UNDEFINED when a segment leads nowhere. Segments are keys or list indexes."""
    for segment in path:
        if type(value) is dict or isinstance(value, dict):
            value = value.get(segment, UNDEFINED)
        elif isinstance(value, (list, tuple)):
            value = element(value, segment)
        else:
            return UNDEFINED
    return value


def element(items: Sequence[Any], segment: str) -> Any:
    """The element of a list or a string at an index written as text: '0', '12', but neither '-1' nor '01'."""
    index = _SMALL.get(segment)
    if index is None:
        index = list_index(segment)
    return items[index] if index is not None and index < len(items) else UNDEFINED


_SMALL: Final = {str(index): index for index in range(256)}


def list_index(segment: str) -> int | None:
    """The list index that a text spells, None when it spells none."""
    if not (segment.isascii() and segment.isdigit()) or len(segment) > 10:
        return None
    return None if segment[0] == "0" and segment != "0" else int(segment)
