"""What the compiler and the linter found, and where: one frozen `Diagnostic` a finding (schemas/diagnostic.schema.json)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hotmesh.values import Json


class Severity(StrEnum):
    """How much a finding matters: errors stop deployment, warnings don't."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a source file. Lines and columns count from 1; the end column is the first one after the stretch."""

    file: str = "<app>"
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Span()
"""The place of what was not read from a file."""


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that explains a finding, as "first defined here"."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: a stable code, its place, one sentence, and a fix where there is one."""

    code: str
    severity: Severity
    span: Span
    message: str
    help: str | None = None
    related: tuple[Related, ...] = ()

    @property
    def file(self) -> str:
        return self.span.file

    @property
    def line(self) -> int:
        return self.span.line

    @property
    def column(self) -> int:
        return self.span.column

    @property
    def end_line(self) -> int:
        return self.span.end_line

    @property
    def end_column(self) -> int:
        return self.span.end_column

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        return f"{self.span}: {self.severity}[{self.code}] {self.message}"

    def to_json(self) -> Json:
        """The finding in the shape of schemas/diagnostic.schema.json."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            **_place(self.span),
            "end_line": self.span.end_line,
            "end_column": self.span.end_column,
            "message": self.message,
            "help": self.help,
            "related": [{**_place(note.span), "message": note.message} for note in self.related],
        }


def _place(span: Span) -> dict[str, Json]:
    return {"file": span.file, "line": span.line, "column": span.column}
