"""Findings as SARIF 2.1.0, which code scanners and editors read (OASIS standard, 2020)."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from urllib.parse import quote

from hotmesh.diagnostic import Diagnostic, Related, Span
from hotmesh.lint.reports.report import Report
from hotmesh.lint.rules import RULES
from hotmesh.values import Json

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def write(report: Report) -> str:
    """One run with its rules and results."""
    codes = sorted({found.code for found in report.diagnostics})
    run = {
        "tool": {"driver": {"name": "hotmesh", "version": _version(), "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": {"uri": _uri(file)}} for file in report.files],
        "results": [_result(found, codes.index(found.code)) for found in report.diagnostics],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _version() -> str:
    try:
        return version("hotmesh")
    except PackageNotFoundError:  # a checkout that is not installed
        return "0"


def _rule(code: str) -> Json:
    rule = RULES[code]
    return {
        "id": code,
        "shortDescription": {"text": f"Reported when {rule.title}."},
        "fullDescription": {"text": rule.why},
        "defaultConfiguration": {"level": str(rule.severity)},
    }


def _result(found: Diagnostic, index: int) -> Json:
    text = f"{found.message}\n{found.help}" if found.help else found.message
    result: dict[str, Json] = {
        "ruleId": found.code,
        "ruleIndex": index,
        "level": str(found.severity),
        "message": {"text": text},
        "locations": [{"physicalLocation": _location(found.span)}],
    }
    if found.related:
        result["relatedLocations"] = [_related(number, note) for number, note in enumerate(found.related)]
    return result


def _related(number: int, note: Related) -> Json:
    return {"id": number, "physicalLocation": _location(note.span), "message": {"text": note.message}}


def _location(span: Span) -> Json:
    region = {"startLine": span.line, "startColumn": span.column, "endLine": span.end_line, "endColumn": span.end_column}
    return {"artifactLocation": {"uri": _uri(span.file)}, "region": region}


def _uri(file: str) -> str:
    return quote(PurePath(file).as_posix(), safe="/")
