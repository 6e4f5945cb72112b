"""Findings as text, in six formats; `WRITERS` is the table of them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final

from hotmesh.lint.reports.report import Report

WRITERS: Final[dict[str, tuple[str, str]]] = {
    "text": ("hotmesh.lint.reports.text", "write"),
    "concise": ("hotmesh.lint.reports.text", "write_concise"),
    "json": ("hotmesh.lint.reports.json", "write"),
    "github": ("hotmesh.lint.reports.github", "write"),
    "sarif": ("hotmesh.lint.reports.sarif", "write"),
    "junit": ("hotmesh.lint.reports.junit", "write"),
}
"""Every format with its module and function; a module is imported when it is asked for."""


def write(report: Report, style: str) -> str:
    """The text of a report in a format of `WRITERS`, with a newline at its end unless it is empty."""
    module, name = WRITERS[style]
    writer: Callable[[Report], str] = getattr(import_module(module), name)
    return writer(report)


__all__ = ["WRITERS", "Report", "write"]
