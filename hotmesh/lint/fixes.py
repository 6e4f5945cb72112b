"""Mending what is safe to mend: the value that a program reads stays the same, only its spelling changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from hotmesh.diagnostic import Diagnostic


class Edit(NamedTuple):
    """A replacement of the characters from `start` up to `end`."""

    start: int
    end: int
    text: str


def edits(found: Iterable[Diagnostic], text: str) -> list[Edit]:
    """The edits that mend findings of one text, in its order; of two that overlap the first."""
    starts = _line_starts(text)
    made = sorted({edit for each in found if (edit := _edit(each, text, starts)) is not None})
    kept: list[Edit] = []
    for edit in made:
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept


def apply(changes: Iterable[Edit], text: str) -> str:
    """The text after its edits."""
    for edit in sorted(changes, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def is_fixable(code: str) -> bool:
    """Whether findings of a code can be mended."""
    return code in _FIXES or code == "S109"


def _edit(found: Diagnostic, text: str, starts: list[int]) -> Edit | None:
    if not is_fixable(found.code) or found.end_line > len(starts):
        return None
    start = starts[found.line - 1] + found.column - 1
    end = starts[found.end_line - 1] + found.end_column - 1
    if found.code == "S109":
        return _moved_inside(start, text)
    replaced = _FIXES[found.code](text[start:end])
    return Edit(start, end, replaced) if replaced is not None else None


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _quoted(text: str) -> str | None:
    return None if "\n" in text or "'" in text else f"'{text}'"


def _unquoted(text: str) -> str | None:
    inner = text[1:-1]
    return inner if text[:1] in "'\"" and re.fullmatch(r"true|false|[1-9]\d*", inner) else None


_OLD_KINDS: Final[Mapping[str, str]] = {"activity": "hook", "'activity'": "hook", '"activity"': "hook"}

_FIXES: Final[dict[str, Callable[[str], str | None]]] = {
    "T502": _unquoted,
    "T504": _unquoted,
    "V502": _OLD_KINDS.get,
    "Y115": _quoted,
    "Y501": _quoted,
    "Y502": _quoted,
}
"""What becomes of the characters that a finding marks, by its code; None where it can't be mended."""

_ONE_LINE: Final = re.compile(r"(code|match|gate):[ \t]+([^\s#|>&*'\"{\[][^#\n]*?|'[^'\n]*'|\[[^\]\n]*\])[ \t]*(?=#|\r?$)", re.MULTILINE)


def _moved_inside(start: int, text: str) -> Edit | None:
    """`code: 422` on a line of its own becomes `conditions: {code: 422}`, when there are no conditions beside it yet."""
    match = _ONE_LINE.match(text, start)
    line_start = text.rfind("\n", 0, start) + 1
    if match is None or text[line_start:start].strip(" -"):
        return None
    item = re.compile(rf"^[ -]{{{start - line_start}}}conditions[ \t]*:", re.MULTILINE)
    around = text[max(0, line_start - 2000) : start + 2000]
    return None if item.search(around) else Edit(match.start(), match.end(2), f"conditions: {{{match.group(1)}: {match.group(2)}}}")
