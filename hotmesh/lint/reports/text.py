"""Findings for people: the line they are in, the place marked, and how to mend it."""

from __future__ import annotations

import unicodedata
from typing import Final

from hotmesh.diagnostic import Diagnostic
from hotmesh.lint.reports.report import Report

_STYLES: Final = {"error": "1;31", "warning": "1;33", "place": "1", "frame": "36", "dim": "2"}
_WIDEST: Final = 120
"""Excerpts of longer lines show what is around the place."""


def write(report: Report) -> str:
    """Every finding with an excerpt, then one line that counts them."""
    blocks = [_block(found, report) for found in report.diagnostics]
    return "\n".join([*blocks, _summary(report)])


def write_concise(report: Report) -> str:
    """One line for each finding."""
    return "".join(f"{_headline(found, report.color)}\n" for found in report.diagnostics)


def _paint(text: str, style: str, color: bool) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if color and text else text


def _headline(found: Diagnostic, color: bool) -> str:
    place = _paint(f"{found.span}:", "place", color)
    kind = _paint(f"{found.severity}[{found.code}]", str(found.severity), color)
    return f"{place} {kind} {found.message}"


def _block(found: Diagnostic, report: Report) -> str:
    color = report.color
    gutter = " " * max(2, len(str(found.line)))
    frame = _paint("|", "frame", color)
    equals = _paint("=", "frame", color)
    lines = [_headline(found, color)]
    excerpt = _excerpt(found, report.texts.get(found.file, ""))
    if excerpt is not None:
        shown, indent, width = excerpt
        number = _paint(str(found.line).rjust(len(gutter)), "frame", color)
        carets = _paint("^" * width, str(found.severity), color)
        lines += [
            f"{gutter} {frame}",
            f"{number} {frame} {shown}".rstrip(),
            f"{gutter} {frame} {' ' * indent}{carets} {found.help or ''}".rstrip(),
        ]
    elif found.help:
        lines.append(f"{gutter} {equals} {found.help}")
    said = found.help or ""
    lines += [f"{gutter} {equals} note: {note.span}: {note.message}" for note in found.related if f"line {note.span.line})" not in said]
    lines.append(f"{gutter} {equals} help: {_paint(f'`hotmesh rule {found.code}`', 'dim', color)}")
    return "\n".join(lines) + "\n"


def _excerpt(found: Diagnostic, text: str) -> tuple[str, int, int] | None:
    """The line of a finding as it is shown, and the column and width of the marks under it."""
    lines = text.split("\n")
    if not text or found.line > len(lines):
        return None
    line = lines[found.line - 1].rstrip("\r")
    start = min(found.column - 1, len(line))
    end = min(found.end_column - 1, len(line)) if found.end_line == found.line else len(line.rstrip())
    first = max(0, start - _WIDEST // 2) if len(line) > _WIDEST else 0
    shown = line[first : first + _WIDEST]
    dots = "…" if first else ""
    before, marked = line[first:start], line[start : min(end, first + _WIDEST)]
    return dots + _printable(shown), len(dots) + _width(before), max(1, _width(marked))


def _printable(text: str) -> str:
    return "".join(" " if character == "\t" else character if character.isprintable() else "�" for character in text)


def _width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _summary(report: Report) -> str:
    files = _count(len(report.files), "file")
    if not report.diagnostics:
        return f"{files} checked, nothing found\n"
    found = [_count(report.errors, "error"), _count(report.warnings, "warning")]
    return f"{files} checked: {', '.join(part for part in found if not part.startswith('0 '))}\n"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
