"""The methods that strings and lists share: `array.indexOf` works on a string and `string.indexOf` on a list, as the methods do."""

from __future__ import annotations

from typing import Any

from hotmesh.expr.values import check_length, merge, same, to_integer, to_string, to_units, wrong_type
from hotmesh.values import UNDEFINED

STRING_OR_LIST = "a string or a list"


def index_of(sequence: Any, wanted: Any, start: Any) -> int:
    """The first index at or after `start` (from the end when negative, for a list), −1 when there is none."""
    if isinstance(sequence, str):
        units = to_units(sequence)
        return units.find(to_units(to_string(wanted)), int(_clamp(start, len(units))))
    items = _list(sequence)
    return next((index for index in range(_from(start, len(items), 0), len(items)) if same(items[index], wanted)), -1)


def last_index_of(sequence: Any, wanted: Any, start: Any) -> int:
    """The last index at or before `start`, −1 when there is none."""
    if isinstance(sequence, str):
        units, text = to_units(sequence), to_units(to_string(wanted))
        last = len(units) if start is UNDEFINED or start != start else int(_clamp(start, len(units)))
        return units.rfind(text, 0, last + len(text))
    items = _list(sequence)
    end = _back(start, len(items))
    return next((index for index in range(end, -1, -1) if same(items[index], wanted)), -1)


def includes(sequence: Any, wanted: Any, start: Any) -> bool:
    """Whether it holds the text, or the element (NaN equals itself here)."""
    if isinstance(sequence, str):
        return index_of(sequence, wanted, start) >= 0
    items = _list(sequence)
    rest = items[_from(start, len(items), 0) :]
    return any(same(item, wanted) or (item != item and wanted != wanted) for item in rest)


def cut(sequence: Any, start: Any, end: Any) -> Any:
    """The elements from `start` up to `end`, both counted from the end when negative."""
    if isinstance(sequence, str):
        units = to_units(sequence)
        part = units[_from(start, len(units), 0) : _from(end, len(units), len(units))]
        return part if units is sequence else merge(part)
    items = _list(sequence)
    return items[_from(start, len(items), 0) : _from(end, len(items), len(items))]


def _list(sequence: Any) -> list[Any]:
    if isinstance(sequence, list):
        return sequence
    raise wrong_type("the first argument", STRING_OR_LIST, sequence)


def concatenation(first: str, others: tuple[Any, ...]) -> str:
    """The texts one after the other; every one is converted."""
    texts = [first, *map(to_string, others)]
    check_length(sum(map(len, texts)))
    return merge("".join(texts))


def _clamp(index: Any, length: int) -> float:
    return min(max(to_integer(index), 0), length)


def _from(index: Any, length: int, missing: int) -> int:
    """A relative index made absolute."""
    if index is UNDEFINED:
        return missing
    position = to_integer(index)
    return int(max(position + length, 0) if position < 0 else min(position, length))


relative = _from
clamped = _clamp


def _back(index: Any, length: int) -> int:
    """Where a search from the end begins."""
    if index is UNDEFINED:
        return length - 1
    position = to_integer(index)
    return int(max(position + length, -1) if position < 0 else min(position, length - 1))
