"""Quick fixes: the nearest name, what `--fix` mends, and the comment that silences a finding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hotmesh.diagnostic import Diagnostic
from hotmesh.lint import fixes
from hotmesh.lint.fixes import Edit
from hotmesh.lsp.document import Document
from hotmesh.source.findings import is_fatal

_MEANT: Final = re.compile(r"did you mean (\S+?)(?: \(defined at line \d+\))?\?")


@dataclass(frozen=True, slots=True)
class Action:
    """A change that mends a finding; `sure` when it is the one to take."""

    title: str
    found: Diagnostic
    edits: tuple[Edit, ...]
    sure: bool = True


def actions(document: Document, first_line: int, last_line: int) -> Iterator[Action]:
    """The quick fixes for the findings on some lines (from 0)."""
    for found in document.findings:
        if found.file == document.name and first_line <= found.line - 1 <= last_line:
            yield from _mending(document, found)


def _mending(document: Document, found: Diagnostic) -> Iterator[Action]:
    made = fixes.edits([found], document.text)
    if made:
        yield Action(f"Mend {found.code}", found, tuple(made))
    meant = _MEANT.fullmatch(found.help or "")
    if meant is not None and found.line == found.end_line:
        yield Action(f"Change to {meant.group(1)}", found, (_replacement(document, found, meant.group(1)),))
    if not is_fatal(found):
        yield Action(f"Silence {found.code} on this line", found, (_comment(document, found),), sure=False)


def _offset(document: Document, line: int, column: int) -> int:
    lines = document.text.split("\n")[:line]
    return sum(len(each) + 1 for each in lines) + column


def _replacement(document: Document, found: Diagnostic, word: str) -> Edit:
    start = _offset(document, found.line - 1, found.column - 1)
    old = document.excerpt(found.span)
    quote = old[0] if old[:1] in "'\"" and old[-1:] == old[:1] else ""
    path, _, last = old.rpartition("/")
    kept = f"{path}/" if last and path and "/" not in word else ""
    return Edit(start, start + len(old), f"{quote}{kept.lstrip(quote) if quote else kept}{word}{quote}")


def _comment(document: Document, found: Diagnostic) -> Edit:
    line = document.line(found.line - 1)
    at = _offset(document, found.line - 1, len(line.rstrip()))
    existing = re.search(r"#\s*hotmesh:\s*ignore\[([^\]]*)\]", line)
    if existing is not None:
        end = _offset(document, found.line - 1, existing.end(1))
        return Edit(end, end, f", {found.code}")
    return Edit(at, at, f" # hotmesh: ignore[{found.code}]")
