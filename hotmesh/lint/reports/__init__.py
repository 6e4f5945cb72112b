"""Findings as text, in six formats; `FORMATS` is the table of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hotmesh.lint.reports import github, json, junit, sarif, text
from hotmesh.lint.reports.report import Report

FORMATS: Final[dict[str, Callable[[Report], str]]] = {
    "text": text.write,
    "concise": text.write_concise,
    "json": json.write,
    "github": github.write,
    "sarif": sarif.write,
    "junit": junit.write,
}
"""Every format: from a report to the text of it, with a newline at its end unless it is empty."""

__all__ = ["FORMATS", "Report"]
