"""No input crashes the compiler, hangs it, or gives a finding that breaks its own promises."""

from __future__ import annotations

import json

import jsonschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotmesh.compile import Compiled, compile_app
from hotmesh.lint import fixes
from hotmesh.lint.reports import WRITERS, Report, write
from hotmesh.lint.rules import RULES
from hotmesh.machine.plan import Plan
from hotmesh.program import Program
from hotmesh.source import files
from hotmesh.values import dumps
from tests.lint.strategies import graphs, line_mutations, mutations, structures

_FINDINGS = jsonschema.Draft202012Validator(json.loads(files.bundled("diagnostic.schema.json")))
quick = settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.too_slow])


def examine(text: str) -> Compiled:
    """Compiles a text and checks what must hold for any text."""
    compiled = compile_app(text)
    errors = [found for found in compiled.diagnostics if found.is_error]
    assert (compiled.program is None) == bool(errors)
    _FINDINGS.validate([found.to_json() for found in compiled.diagnostics])
    assert list(compiled.diagnostics) == sorted(compiled.diagnostics, key=lambda found: found.span)
    for found in compiled.diagnostics:
        assert found.code in RULES
        assert found.severity is RULES[found.code].severity
        assert (found.line, found.column) <= (found.end_line, found.end_column)
        assert found.end_line <= text.count("\n") + 2
    if compiled.program is not None:
        assert Program.from_json(json.loads(dumps(compiled.program.to_json()))).digest == compiled.program.digest
        for graph in Plan(compiled.program).graphs.values():
            graph.validate({"a": 1})
    for style in WRITERS:
        assert isinstance(write(Report(("<app>",), compiled.diagnostics, compiled.texts), style).encode(), bytes)
    return compiled


@quick
@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    examine(text)


@quick
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    compile_app(content)


@quick
@given(structures)
def test_any_structure(value: object) -> None:
    examine(json.dumps(value, ensure_ascii=False))


@quick
@given(st.lists(graphs, min_size=1, max_size=2))
def test_any_graphs(value: list[object]) -> None:
    examine(json.dumps({"app": {"id": "x", "version": "1", "graphs": value}}, ensure_ascii=False))


@quick
@given(mutations())
def test_broken_copies_of_real_apps(text: str) -> None:
    examine(text)


@quick
@given(line_mutations())
def test_real_apps_with_other_lines(text: str) -> None:
    compiled = examine(text)
    mended = fixes.apply(fixes.edits(compiled.diagnostics, text), text)
    examine(mended)
