"""Text: the methods of strings. Indexes count UTF-16 code units."""

from __future__ import annotations

import re
from typing import Any, Final

from hotmesh.expr.faults import Fault
from hotmesh.expr.functions import sequence
from hotmesh.expr.signature import Function, example
from hotmesh.expr.values import (
    SPACES,
    STRING_LIMIT,
    check_length,
    merge,
    to_integer,
    to_string,
    to_uint32,
    to_units,
    wrong_type,
)
from hotmesh.values import UNDEFINED


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise wrong_type("text", "a string", value)


def split(text: Any = UNDEFINED, separator: Any = UNDEFINED, limit: Any = UNDEFINED) -> list[str]:
    parts = _parts(_text(text), separator)
    return parts if limit is UNDEFINED else parts[: to_uint32(limit)]


def _parts(text: str, separator: Any) -> list[str]:
    if separator is UNDEFINED:
        return [text]
    mark = to_string(separator)
    return text.split(mark) if mark else list(to_units(text))


def char_at(text: Any = UNDEFINED, index: Any = 0) -> str:
    units = to_units(_text(text))
    position = index if type(index) is int else to_integer(index)
    return units[int(position)] if 0 <= position < len(units) else ""


def concat(*values: Any) -> str:
    try:
        text = "".join(values)
    except TypeError:
        text = "".join("" if value is None or value is UNDEFINED else to_string(value) for value in values)
    check_length(len(text))
    return merge(text)


def includes(text: Any = UNDEFINED, search: Any = UNDEFINED, start: Any = UNDEFINED) -> bool:
    if start is UNDEFINED and type(text) is str and type(search) is str and search.isascii():
        return search in text
    return sequence.includes(text, search, start)


def index_of(text: Any = UNDEFINED, search: Any = UNDEFINED, start: Any = UNDEFINED) -> int:
    return sequence.index_of(text, search, start)


def last_index_of(text: Any = UNDEFINED, search: Any = UNDEFINED, start: Any = UNDEFINED) -> int:
    return sequence.last_index_of(text, search, start)


def slice_(text: Any = UNDEFINED, start: Any = UNDEFINED, end: Any = UNDEFINED) -> Any:
    return sequence.cut(text, start, end)


def substring(text: Any = UNDEFINED, start: Any = UNDEFINED, end: Any = UNDEFINED) -> str:
    units = to_units(_text(text))
    first = int(sequence.clamped(start, len(units)))
    last = len(units) if end is UNDEFINED else int(sequence.clamped(end, len(units)))
    return merge(units[min(first, last) : max(first, last)])


def to_lower_case(text: Any = UNDEFINED) -> str:
    return _text(text).lower()


def to_upper_case(text: Any = UNDEFINED) -> str:
    return _text(text).upper()


def trim(text: Any = UNDEFINED) -> str:
    return _text(text).strip(SPACES)


def trim_start(text: Any = UNDEFINED) -> str:
    return _text(text).lstrip(SPACES)


def trim_end(text: Any = UNDEFINED) -> str:
    return _text(text).rstrip(SPACES)


def pad_start(text: Any = UNDEFINED, length: Any = UNDEFINED, fill: Any = UNDEFINED) -> str:
    return merge(_padding(_text(text), length, fill) + text)


def pad_end(text: Any = UNDEFINED, length: Any = UNDEFINED, fill: Any = UNDEFINED) -> str:
    return merge(_text(text) + _padding(text, length, fill))


def _padding(text: str, length: Any, fill: Any) -> str:
    missing = to_integer(length) - len(to_units(text))
    pattern = " " if fill is UNDEFINED else to_units(to_string(fill))
    if missing <= 0 or not pattern:
        return ""
    check_length(len(text) + missing)
    return (pattern * (int(missing) // len(pattern) + 1))[: int(missing)]


def replace(text: Any = UNDEFINED, search: Any = UNDEFINED, replacement: Any = UNDEFINED) -> str:
    before, found, rest = _text(text).partition(to_string(search)) if search != "" else ("", "", _text(text))
    if search != "" and not found:
        return before
    insert = _TEMPLATE.sub(lambda match: _insertion(match.group(1), before, found, rest), to_string(replacement))
    check_length(len(before) + len(insert) + len(rest))
    return merge(before + insert + rest)


_TEMPLATE: Final = re.compile(r"\$([$&`'])")


def _insertion(mark: str, before: str, found: str, rest: str) -> str:
    return {"$": "$", "&": found, "`": before, "'": rest}[mark]


def search(text: Any = UNDEFINED, pattern: Any = UNDEFINED) -> int:
    from hotmesh.expr.patterns import find

    return find(_text(text), "" if pattern is UNDEFINED else to_string(pattern))


def starts_with(text: Any = UNDEFINED, search: Any = UNDEFINED, start: Any = UNDEFINED) -> bool:
    units = to_units(_text(text))
    return units.startswith(to_units(to_string(search)), int(sequence.clamped(start, len(units))))


def ends_with(text: Any = UNDEFINED, search: Any = UNDEFINED, end: Any = UNDEFINED) -> bool:
    units = to_units(_text(text))
    stop = len(units) if end is UNDEFINED else int(sequence.clamped(end, len(units)))
    return units[:stop].endswith(to_units(to_string(search)))


def repeat(text: Any = UNDEFINED, count: Any = UNDEFINED) -> str:
    times = to_integer(count)
    if times < 0 or times == float("inf"):
        raise Fault(f"count must be a number from 0 to {STRING_LIMIT:,}")
    check_length(len(_text(text)) * times)
    return merge(_text(text) * int(times))


FUNCTIONS: Final = (
    Function(
        "string.split",
        split,
        "text: string, separator?: string, limit?: number",
        "list",
        "The parts between the separators; with '' every code unit; without a separator the whole text.",
        example("a,b,,c", ",", gives=["a", "b", "", "c"]),
        method=True,
    ),
    Function(
        "string.charAt",
        char_at,
        "text: string, index?: number",
        "string",
        "The character at the index, '' when there is none.",
        example("abc", 1, gives="b"),
        method=True,
    ),
    Function(
        "string.concat",
        concat,
        "...values: any",
        "string",
        "The values as one text; null and undefined are ''.",
        example("a", 1, None, True, gives="a1true"),
    ),
    Function(
        "string.includes",
        includes,
        "text: string|list, search: any, start?: number",
        "boolean",
        "Whether the text holds another one.",
        example("abc", "b", gives=True),
        method=True,
    ),
    Function(
        "string.indexOf",
        index_of,
        "text: string|list, search: any, start?: number",
        "number",
        "Where the text holds another one first, -1 when it does not.",
        example("hello", "l", gives=2),
        method=True,
    ),
    Function(
        "string.lastIndexOf",
        last_index_of,
        "text: string|list, search: any, start?: number",
        "number",
        "Where the text holds another one last, -1 when it does not.",
        example("hello", "l", gives=3),
        method=True,
    ),
    Function(
        "string.slice",
        slice_,
        "text: string|list, start?: number, end?: number",
        "string|list",
        "The part from start up to end; negative indexes count from the end.",
        example("hello", -3, gives="llo"),
        method=True,
    ),
    Function(
        "string.substring",
        substring,
        "text: string, start?: number, end?: number",
        "string",
        "The part between two indexes, whichever is smaller first; negative ones are 0.",
        example("hello", 3, 1, gives="el"),
        method=True,
    ),
    Function(
        "string.toLowerCase",
        to_lower_case,
        "text: string",
        "string",
        "The text in lower case.",
        example("ABC", gives="abc"),
        method=True,
    ),
    Function(
        "string.toUpperCase",
        to_upper_case,
        "text: string",
        "string",
        "The text in upper case.",
        example("straße", gives="STRASSE"),
        method=True,
    ),
    Function(
        "string.trim",
        trim,
        "text: string",
        "string",
        "The text without white space at its ends.",
        example("  a\n", gives="a"),
        method=True,
    ),
    Function(
        "string.trimStart",
        trim_start,
        "text: string",
        "string",
        "The text without white space at its start.",
        example(" a ", gives="a "),
        method=True,
    ),
    Function(
        "string.trimEnd",
        trim_end,
        "text: string",
        "string",
        "The text without white space at its end.",
        example(" a ", gives=" a"),
        method=True,
    ),
    Function(
        "string.padStart",
        pad_start,
        "text: string, length: number, fill?: string",
        "string",
        "The text, filled up at its start to a length; with spaces unless told otherwise.",
        example("5", 3, "0", gives="005"),
        method=True,
    ),
    Function(
        "string.padEnd",
        pad_end,
        "text: string, length: number, fill?: string",
        "string",
        "The text, filled up at its end to a length.",
        example("5", 3, "0", gives="500"),
        method=True,
    ),
    Function(
        "string.replace",
        replace,
        "text: string, search: string, replacement: string",
        "string",
        "The text with the first occurrence replaced. The search is literal; `$&` `` $` `` `$'` `$$` stand for the found, the text"
        " before, the text after, and `$`.",
        example("a-b-c", "-", "+", gives="a+b-c"),
        method=True,
    ),
    Function(
        "string.search",
        search,
        "text: string, pattern?: string",
        "number",
        "Where a regular expression of ECMAScript matches first, -1 when it does not; it may take 50 ms.",
        example("abc123", "[0-9]+", gives=3),
        method=True,
    ),
    Function(
        "string.startsWith",
        starts_with,
        "text: string, search: string, start?: number",
        "boolean",
        "Whether the text starts with another one.",
        example("hello", "he", gives=True),
        method=True,
    ),
    Function(
        "string.endsWith",
        ends_with,
        "text: string, search: string, end?: number",
        "boolean",
        "Whether the text ends with another one.",
        example("hello", "lo", gives=True),
        method=True,
    ),
    Function(
        "string.repeat",
        repeat,
        "text: string, count: number",
        "string",
        "The text so many times.",
        example("ab", 2, gives="abab"),
        method=True,
    ),
)
