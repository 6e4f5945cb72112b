"""The list that every stage of the compiler adds its findings to."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from hotmesh.diagnostic import Diagnostic, Related, Severity, Span
from hotmesh.source.nodes import Node

FIRST_WARNING = 500
"""Codes from here on are warnings: G101 is an error, G501 a warning."""

LENIENT_FAMILIES = frozenset("RH")
"""The families whose errors leave a program possible, so that a comment may silence them."""


def is_warning(code: str) -> bool:
    """Whether a code is a warning's."""
    return int(code[1:]) >= FIRST_WARNING


def severity_of(code: str) -> Severity:
    """The severity of a code, which is part of its number."""
    return Severity.WARNING if is_warning(code) else Severity.ERROR


def is_fatal(finding: Diagnostic) -> bool:
    """Whether a finding makes a program impossible."""
    return finding.is_error and finding.code[0] not in LENIENT_FAMILIES


class Findings:
    """What was found so far; equal findings count once."""

    def __init__(self) -> None:
        self._found: dict[Diagnostic, None] = {}
        self.texts: dict[str, str] = {}
        """The files that were read, by the names that findings use."""

    def add(
        self,
        code: str,
        at: Node | Span,
        message: str,
        *,
        help: str | None = None,
        related: Iterable[Related] = (),
    ) -> None:
        """Notes a finding at a node or a span; a node inside an alias brings the places of alias and anchor along."""
        span, via = (at, ()) if isinstance(at, Span) else (at.span, at.via)
        self._found.setdefault(Diagnostic(code, severity_of(code), span, message, help, (*related, *via)))

    def __len__(self) -> int:
        return len(self._found)

    @property
    def are_fatal(self) -> bool:
        """Whether no program can be made."""
        return any(is_fatal(finding) for finding in self._found)

    def sorted(self) -> tuple[Diagnostic, ...]:
        """All findings in the order of the source."""
        return tuple(sorted(self._found, key=lambda found: (found.span, found.code, found.message)))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, None when none is near."""
    choices = {choice.lower(): choice for choice in known}
    matches = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.65)
    return choices[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A help text that names the nearest known word, None when none is near."""
    choice = nearest(word, known)
    return f"did you mean {choice}?" if choice is not None else None


def one_of(words: Iterable[str]) -> str:
    """The words in a row: 'a, b or c'."""
    listed = list(words)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} or {listed[-1]}"
