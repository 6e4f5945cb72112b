"""What one pipe may use: past a limit the evaluation raises, so that a mapping never hangs or fills the memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from hotmesh.expr.faults import Fault

CELL_LIMIT: Final = 100_000
"""Cells that one pipe may evaluate, the rounds of its reduces counted."""
RESULT_LIMIT: Final = 1024 * 1024
"""The size of a pipe's result, about that of its JSON text."""
DEPTH_LIMIT: Final = 200
"""How deep lists and maps of a result may be nested."""
TEMPLATE_DEPTH_LIMIT: Final = 100
"""How deep a template may be nested."""
PART_LIMIT: Final = 200_000
"""How many lists, maps and rows of one template are checked."""

_SMALL: Final = frozenset({int, float, bool, type(None)})


def check_result(value: Any) -> Any:
    """The value itself. Raises Fault when it is larger or deeper than a result may be."""
    kind = type(value)
    if kind in _SMALL or (kind is str and len(value) < RESULT_LIMIT):
        return value
    size, level, depth = 0, [value], 0
    while level:
        size += _size_of_level(level, RESULT_LIMIT - size)
        if size > RESULT_LIMIT:
            raise Fault("the result would pass the limit of 1 MiB")
        depth += 1
        if depth > DEPTH_LIMIT:
            raise Fault(f"the result is nested more than {DEPTH_LIMIT} levels deep")
        level = _next_level(level)
    return value


def _size_of_level(level: list[Any], limit: int) -> int:
    size = 0
    for value in level:
        size += _size(value)
        if size > limit:
            break
    return size


def _size(value: Any) -> int:
    """The size of a value without its elements, the commas between them included."""
    if isinstance(value, str):
        return len(value) + 2
    if isinstance(value, dict):
        return 2 + 4 * len(value) + sum(map(_key_length, value))
    return 2 + len(value) if isinstance(value, (list, tuple)) else 2


def _next_level(level: list[Any]) -> list[Any]:
    below: list[Any] = []
    for value in level:
        elements: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
        below.extend(elements)
    return below


def _key_length(key: Any) -> int:
    if isinstance(key, str):
        return len(key)
    raise Fault("a map has a key that is no string")
