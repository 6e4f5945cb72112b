"""The static check (cases/check.yaml): codes and places, help, and that it never raises."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from hotmesh.diagnostic import Severity
from hotmesh.errors import PipeError
from hotmesh.expr import FINDINGS, FUNCTIONS, DataScope, check, compile_template
from hotmesh.values import UNDEFINED
from tests.expr.vectors import CASES

PAGE = YAML(typ="safe", pure=True).load((CASES / "check.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", PAGE["cases"], ids=lambda case: case["name"])
def test_a_template(case: dict[str, Any]) -> None:
    findings = check(case["template"], bound=case.get("bound", ()))
    assert [f"{finding.code} @ {'.'.join(map(str, finding.path))}" for finding in findings] == case["finds"]
    text = "\n".join(f"{finding.message}\n{finding.help}" for finding in findings)
    assert case.get("says", "") in text
    assert case.get("help", "") in text


def test_every_code_is_found_by_a_case() -> None:
    found = {finding.partition(" ")[0] for case in PAGE["cases"] for finding in case["finds"]}
    assert found == set(FINDINGS) - {"P115"}, "P115 is found by the tests of the budgets"


def test_severities() -> None:
    error, warning = check({"x": "{@a.b}", "y": "see {a.b}"})
    assert (error.severity, error.is_error) == (Severity.ERROR, True)
    assert (warning.severity, warning.is_error) == (Severity.WARNING, False)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(UNDEFINED) | st.just(object())
TEXTS = st.sampled_from(["{a.b}", "{$item}", "{$output}", "{@x}", "{a..b}", "see {a.b}", "{{x}}", *(f"{{@{name}}}" for name in FUNCTIONS)])


def rows_of(cells: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    row = st.lists(cells, max_size=4)
    return st.recursive(
        st.lists(row, min_size=1, max_size=4),
        lambda rows: st.lists(
            row | st.fixed_dictionaries({"@pipe": rows}) | st.fixed_dictionaries({"@reduce": rows}) | SCALARS, min_size=1, max_size=4
        ),
        max_leaves=4,
    )


PIPES = st.fixed_dictionaries({"@pipe": rows_of(SCALARS | TEXTS | st.lists(TEXTS, max_size=2))})
KEYS = st.sampled_from(["a", "@pipe", "@reduce"]) | st.integers()
ANYTHING = st.recursive(
    SCALARS | TEXTS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=20
)


@given(PIPES | ANYTHING)
def test_it_never_raises(template: Any) -> None:
    for finding in check(template):
        assert finding.code in FINDINGS
        assert finding.message


@given(PIPES)
def test_what_it_lets_pass_compiles_and_what_does_not_compile_it_finds(template: Any) -> None:
    """Malformed references are not its business, so they are left out here."""
    errors = [finding for finding in check(template, bound=("$item", "$output")) if finding.is_error]
    problem = problem_of(template)
    assert problem is None or errors or "segment" in problem


def problem_of(template: Any) -> str | None:
    """Why a template doesn't compile; runs it when it does, where PipeError is all that it may raise."""
    try:
        compiled = compile_template(template)
    except PipeError as error:
        return error.message
    with suppress(PipeError):
        compiled(DataScope({"a": {"b": [1, "x", None]}}))
    return None
