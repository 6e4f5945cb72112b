"""A file as it is typed: its text, its findings, and what was last known of its graphs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hotmesh.compile import analyse
from hotmesh.diagnostic import Diagnostic, Span
from hotmesh.lint import ignoring
from hotmesh.lint.context import AppContext, GraphContext
from hotmesh.source import files
from hotmesh.source.findings import Findings


@dataclass(frozen=True, slots=True)
class Document:
    """A text with its findings. `app` is the app it holds, or held when it could last be read."""

    path: Path | None
    text: str
    app: AppContext | None
    findings: tuple[Diagnostic, ...]
    readable: bool

    @property
    def name(self) -> str:
        """The name that spans use for this file."""
        return files.relative_name(self.path) if self.path is not None else "<app>"

    def line(self, number: int) -> str:
        """A line by its number from 0, '' behind the end."""
        lines = self.text.split("\n")
        return lines[number].rstrip("\r") if number < len(lines) else ""

    def graph_at(self, line: int) -> GraphContext | None:
        """The graph around a line (from 0); the last one above it when none is."""
        found = None
        for graph in self.app.graphs if self.app is not None else ():
            if graph.outline.node.source.file == self.name and graph.outline.node.start.line <= line:
                found = graph
        return found

    def excerpt(self, span: Span) -> str:
        """The text of a span of one line."""
        return self.line(span.line - 1)[span.column - 1 : span.end_column - 1]


def read(text: str, path: Path | None, former: Document | None = None) -> Document:
    """A document after a change; of a text that can't be read, what was known before stays in use."""
    findings = Findings()
    root = path.resolve().parent if path is not None else None
    app = analyse(text, path, root, findings)
    audible = ignoring.audible(findings.sorted(), findings.texts)
    known = app if app is not None or former is None else former.app
    return Document(path, text, known, audible, app is not None)
