"""Where in its file a part of a scalar stands, also in quoted, folded and literal ones."""

from __future__ import annotations

from typing import Final

from hotmesh.diagnostic import Span
from hotmesh.source.nodes import Scalar

_BLANK: Final = " \t\r\n"
_ESCAPE_DIGITS: Final = {"x": 2, "u": 4, "U": 8}


def part(scalar: Scalar, start: int, end: int) -> Span:
    """The span of the characters from `start` up to `end` of a scalar's text."""
    text = scalar.text
    if not text or start >= end:
        return scalar.span
    end = min(end, len(text))
    offsets = _offsets(scalar)
    first, last = offsets[min(start, len(text) - 1)], offsets[end - 1]
    return _span(scalar, first, last + 1)


def _span(scalar: Scalar, first: int, last: int) -> Span:
    source = scalar.source.text
    line = scalar.start.line + source.count("\n", scalar.start.offset, first)
    end_line = line + source.count("\n", first, last)
    column = first - (source.rfind("\n", 0, first) + 1)
    end_column = last - (source.rfind("\n", 0, last) + 1)
    return Span(scalar.source.file, line + 1, column + 1, end_line + 1, end_column + 1)


def _offsets(scalar: Scalar) -> list[int]:
    """For each character of the text, where it stands in the file."""
    begin, end = scalar.start.offset, scalar.end.offset
    raw = scalar.source.text[begin:end]
    if raw == scalar.text:
        return list(range(begin, end))
    at = _content_start(raw, scalar.style)
    found = []
    for character in scalar.text:
        at = _skip(raw, at, character, scalar.style)
        found.append(begin + min(at, len(raw) - 1))
        at += _width(raw, at, character, scalar.style)
    return found


def _content_start(raw: str, style: str) -> int:
    if style in ("'", '"'):
        return 1
    return raw.find("\n") + 1 if style in ("|", ">") else 0


def _skip(raw: str, at: int, character: str, style: str) -> int:
    """The next place that can stand for a character: blanks that folding or indenting took away are passed over."""
    while style == '"' and raw.startswith("\\\n", at):
        at += 2
        while at < len(raw) and raw[at] in " \t":
            at += 1
    if character in _BLANK:
        return at
    while at < len(raw) and raw[at] in _BLANK:
        at += 1
    return at


def _width(raw: str, at: int, character: str, style: str) -> int:
    """How many characters of the file stand for one of the text."""
    if style == "'" and raw.startswith("''", at):
        return 2
    if style == '"' and raw.startswith("\\", at) and at + 1 < len(raw):
        return 2 + _ESCAPE_DIGITS.get(raw[at + 1], 0)
    blank = character in _BLANK
    return 0 if blank and (at >= len(raw) or raw[at] not in _BLANK) else 1
