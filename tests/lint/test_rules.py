"""Every rule has a bad and a good example; the bad one has just this finding, and the report of it is kept in cases/."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from hotmesh.compile import Compiled, compile_app
from hotmesh.diagnostic import Severity
from hotmesh.expr import FINDINGS
from hotmesh.lint.reports.report import Report
from hotmesh.lint.reports.text import write
from hotmesh.lint.rules import RULES
from hotmesh.lint.rules.rule import EXAMPLES, Rule

CASES = Path(__file__).with_name("cases")
SHOWN_BY_NO_TEXT = {"Y101", "Y102", "P115"}
WITH_EXAMPLES = sorted(set(RULES) - SHOWN_BY_NO_TEXT)


def compiled(rule: Rule, name: str) -> Compiled:
    return compile_app(getattr(rule, name), file=EXAMPLES / f"{rule.code}.{name}.yaml")


@pytest.mark.parametrize("code", WITH_EXAMPLES)
def test_the_bad_example_has_this_finding_and_no_other(code: str) -> None:
    found = compiled(RULES[code], "bad").diagnostics
    assert {each.code for each in found} == {code}, "\n".join(map(str, found))


@pytest.mark.parametrize("code", WITH_EXAMPLES)
def test_the_good_example_has_none_and_compiles(code: str) -> None:
    good = compiled(RULES[code], "good")
    assert good.diagnostics == ()
    assert good.program is not None


@pytest.mark.parametrize("code", WITH_EXAMPLES)
def test_errors_stop_the_program_and_warnings_do_not(code: str) -> None:
    bad = compiled(RULES[code], "bad")
    assert (bad.program is None) == (RULES[code].severity is Severity.ERROR)


@pytest.mark.parametrize("code", WITH_EXAMPLES)
def test_the_report_of_the_bad_example_reads_as_expected(code: str) -> None:
    """Set HOTMESH_UPDATE_CASES=1 to write the reports anew, and read the difference."""
    bad = compiled(RULES[code], "bad")
    names = {found.file for found in bad.diagnostics}
    text = write(Report(("bad.yaml",), bad.diagnostics, bad.texts))
    for name in names:
        text = text.replace(name, "bad.yaml")
    text = re.sub(r"\S*hotmesh/", "", text)
    case = CASES / f"{code}.expected"
    if os.environ.get("HOTMESH_UPDATE_CASES"):
        case.write_text(text, encoding="utf-8")
    assert text == case.read_text(encoding="utf-8")


def test_every_example_and_every_case_belongs_to_a_rule() -> None:
    assert {path.name.partition(".")[0] for path in EXAMPLES.glob("*.yaml")} == set(WITH_EXAMPLES)
    assert {path.stem for path in CASES.glob("*.expected")} == set(WITH_EXAMPLES)


@pytest.mark.parametrize("rule", RULES.values(), ids=str)
def test_titles_and_reasons_are_sentences(rule: Rule) -> None:
    assert rule.title
    assert not rule.title[0].isupper() or rule.title.startswith(("{", "$"))
    assert not rule.title.endswith(".")
    assert rule.why.endswith((".", "…"))


def test_every_code_that_the_source_mentions_has_a_rule() -> None:
    package = EXAMPLES.parent.parent
    texts = [path.read_text(encoding="utf-8") for folder in ("source", "lint", "expr") for path in (package / folder).rglob("*.py")]
    texts += [(package / "compile.py").read_text(encoding="utf-8"), (package.parent / "schemas" / "app.schema.json").read_text("utf-8")]
    mentioned = {code for text in texts for code in re.findall(r'"([YSRPGHTV]\d{3})"', text)} - {"P107", "P501"}
    assert mentioned == set(RULES)


def test_every_finding_of_the_expression_language_has_a_rule() -> None:
    known = set(FINDINGS) - {"P107", "P501"}
    assert known <= set(RULES), "but $item and braces, which R207 and R501 know better"
    for code in known:
        assert RULES[code].severity is FINDINGS[code][0]
