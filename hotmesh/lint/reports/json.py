"""Findings as JSON: a list in the shape of schemas/diagnostic.schema.json."""

from __future__ import annotations

import json

from hotmesh.lint.reports.report import Report


def write(report: Report) -> str:
    """The list of findings."""
    return json.dumps([found.to_json() for found in report.diagnostics], indent=2, ensure_ascii=False) + "\n"
