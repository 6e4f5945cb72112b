"""`--fix`: what it mends, and that it changes nothing else."""

from __future__ import annotations

import pytest

from hotmesh.compile import compile_app
from hotmesh.lint import fixes
from hotmesh.lint.rules import RULES
from hotmesh.lint.rules.rule import EXAMPLES

FIXABLE = sorted(code for code, rule in RULES.items() if rule.fixable)


def mended(text: str) -> str:
    return fixes.apply(fixes.edits(compile_app(text).diagnostics, text), text)


@pytest.mark.parametrize("code", FIXABLE)
def test_the_bad_example_is_clean_afterwards(code: str) -> None:
    bad = (EXAMPLES / f"{code}.bad.yaml").read_text(encoding="utf-8")
    after = mended(bad)
    assert compile_app(after).diagnostics == ()
    changed = [line for line in after.splitlines() if line not in bad.splitlines()]
    assert len(changed) == 1, "one line is another one now"


def test_the_table_says_what_can_be_mended() -> None:
    assert {code for code in RULES if fixes.is_fixable(code)} == set(FIXABLE)


EDGE = "subscribes: x\nactivities:\n  a: {{type: trigger}}\n  b: {{type: hook}}\ntransitions:\n  a:\n{}"
MOVES = {
    "    - to: b\n      code: 422 # why\n": "    - to: b\n      conditions: {code: 422} # why\n",
    "    - code: [422, 4xx]\n      to: b\n": "    - conditions: {code: [422, 4xx]}\n      to: b\n",
    "    - to: b\n      code: '4xx'\n": "    - to: b\n      conditions: {code: '4xx'}\n",
    "    - to: b\n      code: 422\n      conditions: {gate: and}\n": None,
    "    - {to: b, code: 422}\n": None,
    "    - to: b\n      code:\n        - 422\n": None,
    "    - to: b\n      match: []\n": "    - to: b\n      conditions: {match: []}\n",
    "    - to: b\n      match:\n        - {expected: 1, actual: 1}\n": None,
}


@pytest.mark.parametrize(("before", "after"), MOVES.items())
def test_a_key_moves_inside_conditions_where_that_is_safe(before: str, after: str | None) -> None:
    text = EDGE.format(before)
    assert mended(text) == (text if after is None else EDGE.format(after))


def test_a_clean_text_has_no_edits() -> None:
    text = (EXAMPLES / "R203.good.yaml").read_text(encoding="utf-8")
    assert mended(text) == text
