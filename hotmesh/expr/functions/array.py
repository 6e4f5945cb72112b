"""Lists: the methods of arrays. No list is changed in place; `push`, `sort`, `reverse` and `splice` work on copies."""

from __future__ import annotations

from functools import cmp_to_key
from typing import Any, Final

from hotmesh.expr.collation import collation_key
from hotmesh.expr.functions import sequence
from hotmesh.expr.signature import Function, example
from hotmesh.expr.values import get_property, less_than, to_integer, to_string, wrong_type
from hotmesh.expr.values import join as join_items
from hotmesh.values import UNDEFINED


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise wrong_type("list", "a list", value)


def get(collection: Any = UNDEFINED, index: Any = 0) -> Any:
    return get_property(collection, 0 if index is None or index is UNDEFINED else index)


def length(collection: Any = UNDEFINED) -> Any:
    return get_property(collection, "length")


def concat(items: Any = UNDEFINED, *others: Any) -> Any:
    if isinstance(items, str):
        return sequence.concatenation(items, others)
    if not isinstance(items, list):
        raise wrong_type("list", sequence.STRING_OR_LIST, items)
    joined = list(items)
    for other in others:
        joined.extend(other if isinstance(other, list) else (other,))
    return joined


def index_of(items: Any = UNDEFINED, value: Any = UNDEFINED, start: Any = UNDEFINED) -> int:
    return sequence.index_of(items, value, start)


def last_index_of(items: Any = UNDEFINED, value: Any = UNDEFINED, start: Any = UNDEFINED) -> int:
    return sequence.last_index_of(items, value, start)


def join(items: Any = UNDEFINED, separator: Any = UNDEFINED) -> str:
    return join_items(_list(items), "," if separator is UNDEFINED else to_string(separator))


def pop(items: Any = UNDEFINED) -> Any:
    return items[-1] if _list(items) else UNDEFINED


def shift(items: Any = UNDEFINED) -> Any:
    return items[0] if _list(items) else UNDEFINED


def push(items: Any = UNDEFINED, *values: Any) -> list[Any]:
    return [*_list(items), *values]


def _push_all(start: Any, values: list[Any]) -> Any:
    return [*_list(start), *values] if values else start


def unshift(items: Any = UNDEFINED, *values: Any) -> int:
    return len(_list(items)) + len(values)


def reverse(items: Any = UNDEFINED) -> list[Any]:
    return _list(items)[::-1]


def slice_(items: Any = UNDEFINED, start: Any = UNDEFINED, end: Any = UNDEFINED) -> Any:
    return sequence.cut(items, start, end)


def splice(items: Any = UNDEFINED, start: Any = UNDEFINED, count: Any = UNDEFINED, *_inserted: Any) -> list[Any]:
    first = sequence.relative(start, len(_list(items)), len(items))
    taken = len(items) if count is UNDEFINED else max(to_integer(count), 0)
    rest: list[Any] = items[first:]
    return rest[: int(min(taken, len(items)))]


def sort(items: Any = UNDEFINED, order: Any = UNDEFINED) -> list[Any]:
    descending = not (order == "ASCENDING" or order is UNDEFINED)
    try:
        text = "".join(_list(items))
    except TypeError:
        return _sort_mixed(items, descending)
    is_plain = text.isascii() and text.isalnum() and text == text.lower()
    return sorted(items, key=None if is_plain else collation_key, reverse=descending)


def _sort_mixed(items: list[Any], descending: bool) -> list[Any]:
    defined = [item for item in items if item is not UNDEFINED]
    if set(map(type, defined)) == {int}:
        ordered = sorted(defined, reverse=descending)
    else:
        compare = _compare_descending if descending else _compare
        ordered = [sortable.value for sortable in sorted(map(_Sortable, defined), key=cmp_to_key(compare))]
    return ordered + [UNDEFINED] * (len(items) - len(defined))


class _Sortable:
    """An element with its collation key, computed once, when it is a text."""

    __slots__ = ("key", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.key = collation_key(value) if isinstance(value, str) else None


def _compare(left: _Sortable, right: _Sortable) -> int:
    if left.value is None or right.value is None:
        return (right.value is None) - (left.value is None)
    if left.key is not None and right.key is not None:
        return (left.key > right.key) - (left.key < right.key)
    return less_than(right.value, left.value) - less_than(left.value, right.value)


def _compare_descending(left: _Sortable, right: _Sortable) -> int:
    return _compare(right, left)


FUNCTIONS: Final = (
    Function(
        "array.get",
        get,
        "list: any, index?: any",
        "any",
        "The element at the index (0 when missing), or the property of a map or a string; undefined when there is none.",
        example(["a", "b"], 1, gives="b"),
    ),
    Function(
        "array.length",
        length,
        "list: any",
        "number",
        "How many elements; undefined for null.",
        example([1, 2], gives=2),
    ),
    Function(
        "array.concat",
        concat,
        "list: list|string, ...others: any",
        "list|string",
        "The elements of all lists; what is no list is one element.",
        example([1], [2, 3], 4, gives=[1, 2, 3, 4]),
        method=True,
    ),
    Function(
        "array.indexOf",
        index_of,
        "list: list|string, value: any, start?: number",
        "number",
        "Where a value stands first (`===`), -1 when it does not.",
        example([1, 2, 3, 2], 2, gives=1),
        method=True,
    ),
    Function(
        "array.lastIndexOf",
        last_index_of,
        "list: list|string, value: any, start?: number",
        "number",
        "Where a value stands last (`===`), -1 when it does not.",
        example([1, 2, 3, 2], 2, gives=3),
        method=True,
    ),
    Function(
        "array.join",
        join,
        "list: list, separator?: string",
        "string",
        "The elements as one text, with ',' between them unless told otherwise; null and undefined are ''.",
        example(["a", None, 1], "-", gives="a--1"),
        method=True,
    ),
    Function(
        "array.pop",
        pop,
        "list: list",
        "any",
        "The last element, undefined when there is none.",
        example([1, 2], gives=2),
        method=True,
    ),
    Function(
        "array.push",
        push,
        "list: list, ...values: any",
        "list",
        "The list with the values at its end.",
        example([1], 2, 3, gives=[1, 2, 3]),
        fold=_push_all,
        method=True,
    ),
    Function(
        "array.reverse",
        reverse,
        "list: list",
        "list",
        "The list from its end to its start.",
        example([1, 2, 3], gives=[3, 2, 1]),
        method=True,
    ),
    Function(
        "array.shift",
        shift,
        "list: list",
        "any",
        "The first element, undefined when there is none.",
        example([1, 2], gives=1),
        method=True,
    ),
    Function(
        "array.slice",
        slice_,
        "list: list|string, start?: number, end?: number",
        "list|string",
        "The elements from start up to end; negative indexes count from the end.",
        example([1, 2, 3, 4], 1, 3, gives=[2, 3]),
        method=True,
    ),
    Function(
        "array.sort",
        sort,
        "list: list, order?: string",
        "list",
        "The list in order, from the smallest when `order` is 'ASCENDING' or missing, else from the largest: null first, two strings"
        " by locale, all else by `<`; undefined always last.",
        example([1, 3, 2], "DESCENDING", gives=[3, 2, 1]),
        method=True,
    ),
    Function(
        "array.splice",
        splice,
        "list: list, start?: number, count?: number, ...inserted: any",
        "list",
        "The elements that a splice takes away.",
        example([1, 2, 3], 1, 1, gives=[2]),
        method=True,
    ),
    Function(
        "array.unshift",
        unshift,
        "list: list, ...values: any",
        "number",
        "The length of the list with the values at its start.",
        example([1], 2, 3, gives=3),
        method=True,
    ),
)
