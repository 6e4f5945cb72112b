"""Findings as JUnit XML: a test case for each file, a failure for each finding."""

from __future__ import annotations

import re
from html import escape

from hotmesh.diagnostic import Diagnostic
from hotmesh.lint.reports.report import Report

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold, even escaped."""


def write(report: Report) -> str:
    """One suite with a case for each file, and for each file that findings are in."""
    files = list(dict.fromkeys([*report.files, *(found.file for found in report.diagnostics)]))
    total = len(report.diagnostics)
    head = f'<testsuites name="hotmesh lint" tests="{len(files)}" failures="{total}" errors="0">'
    suite = f'  <testsuite name="hotmesh lint" tests="{len(files)}" failures="{total}" errors="0" skipped="0">'
    cases = [line for file in files for line in _case(file, [found for found in report.diagnostics if found.file == file])]
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', head, suite, *cases, "  </testsuite>", "</testsuites>"]) + "\n"


def _case(file: str, findings: list[Diagnostic]) -> list[str]:
    opening = f"    <testcase classname={_attribute(file)} name={_attribute(file)}"
    if not findings:
        return [f"{opening}/>"]
    return [f"{opening}>", *(_failure(found) for found in findings), "    </testcase>"]


def _failure(found: Diagnostic) -> str:
    body = f"{found}\n{found.help}" if found.help else str(found)
    kind = _attribute(f"{found.severity}[{found.code}]")
    return f"      <failure type={kind} message={_attribute(found.message)}>{_text(body)}</failure>"


def _attribute(text: str) -> str:
    escaped = _text(text).replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")
    return f'"{escaped}"'


def _text(text: str) -> str:
    return escape(_FORBIDDEN.sub("�", text))
