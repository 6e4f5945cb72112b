"""Findings as workflow commands that GitHub shows beside the lines of a pull request."""

from __future__ import annotations

from hotmesh.diagnostic import Diagnostic
from hotmesh.lint.reports.report import Report


def write(report: Report) -> str:
    """One `::error` or `::warning` command for each finding."""
    return "".join(_command(found) for found in report.diagnostics)


def _command(found: Diagnostic) -> str:
    fields = {
        "file": found.file,
        "line": found.line,
        "col": found.column,
        "endLine": found.end_line,
        "endColumn": found.end_column,
        "title": f"{found.code} ({found.severity})",
    }
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in fields.items())
    message = f"{found.message}\n{found.help}" if found.help else found.message
    return f"::{found.severity} {listed}::{_data(message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
