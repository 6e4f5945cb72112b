"""The six formats of a report."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import jsonschema
import pytest

from hotmesh.compile import compile_app
from hotmesh.lint.reports import WRITERS, Report, write
from hotmesh.source import files

APP = """\
subscribes: order.requested
activities:
  start:
    type: trigger
  check:
    type: worker
    topic: inventory.check
    emit: 'true'
    input:
      maps:
        'größe, 50%: <ä>': '{strat.output.data.qty}'
transitions:
  start:
    - to: check
"""


@pytest.fixture
def report() -> Report:
    found = compile_app(APP, file="shop app.yaml")
    return Report(("shop app.yaml", "clean.yaml"), found.diagnostics, found.texts)


def test_text_marks_the_place_and_counts(report: Report) -> None:
    text = write(report, "text")
    assert "shop app.yaml:11:30: error[R203] check reads {strat.output.data.qty}: no such activity\n" in text
    assert "   |                              ^^^^^ did you mean start (defined at line 3)?\n" in text
    assert text.endswith("2 files checked: 1 error, 1 warning\n")
    assert "\x1b" not in text


def test_text_is_coloured_when_asked(report: Report) -> None:
    colored = write(Report(report.files, report.diagnostics, report.texts, color=True), "text")
    assert "\x1b[1;31merror[R203]\x1b[0m" in colored
    assert "\x1b[1;33mwarning[T502]\x1b[0m" in colored


def test_text_of_a_clean_run_says_so() -> None:
    assert write(Report(("a.yaml",), ()), "text") == "1 file checked, nothing found\n"


def test_the_marks_stand_right_under_wide_letters_and_in_long_lines() -> None:
    app = APP.replace("'größe, 50%: <ä>': ", f"{'漢字' * 4}: ")
    lines = write(Report(("a",), (found := compile_app(app)).diagnostics, found.texts), "text").splitlines()
    at = next(number for number, line in enumerate(lines) if "^^^^^" in line and "start" in line)
    assert lines[at].index("^") == lines[at - 1].index("strat") + 8, "eight letters before it take two columns each"
    long = APP.replace("'größe, 50%: <ä>'", f"'{'x' * 300}'")
    text = write(Report(("a",), (found := compile_app(long)).diagnostics, found.texts), "text")
    assert max(len(line) for line in text.splitlines() if "error" not in line) < 140


def test_concise_is_one_line_each(report: Report) -> None:
    assert [line.split(":")[1] for line in write(report, "concise").splitlines()] == ["8", "11"]


def test_json_fits_its_schema(report: Report) -> None:
    found = json.loads(write(report, "json"))
    jsonschema.validate(found, json.loads(files.bundled("diagnostic.schema.json")))
    assert found[1]["code"] == "R203"
    assert found[1]["related"] == [{"file": "shop app.yaml", "line": 3, "column": 3, "message": "start is defined here"}]
    assert (found[1]["line"], found[1]["column"], found[1]["end_line"], found[1]["end_column"]) == (11, 30, 11, 35)


def test_github_escapes_what_means_something_to_it(report: Report) -> None:
    lines = write(report, "github").splitlines()
    assert lines[1].startswith("::error file=shop app.yaml,line=11,col=30,endLine=11,endColumn=35,title=R203 (error)::check reads")
    assert "%0Adid you mean start" in lines[1]


def test_sarif_fits_the_standard(report: Report) -> None:
    schema = json.loads(Path(__file__).with_name("sarif-2.1.0.schema.json").read_text(encoding="utf-8"))
    log = json.loads(write(report, "sarif"))
    jsonschema.Draft4Validator(schema).validate(log)
    run = log["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["R203", "T502"]
    assert run["results"][1]["ruleIndex"] == 0
    assert run["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "shop%20app.yaml"


def test_sarif_of_a_clean_run_fits_too() -> None:
    schema = json.loads(Path(__file__).with_name("sarif-2.1.0.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(schema).validate(json.loads(write(Report(("a.yaml",), ()), "sarif")))


def test_junit_is_xml_with_a_case_for_each_file(report: Report) -> None:
    root = ElementTree.fromstring(write(report, "junit"))
    cases = root.findall("./testsuite/testcase")
    assert [(case.get("name"), len(case.findall("failure"))) for case in cases] == [("shop app.yaml", 2), ("clean.yaml", 0)]
    assert root.get("failures") == "2"


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_survives_control_characters(name: str) -> None:
    found = compile_app('subscribes: "a\\x00\\x1b[31m\\ud800b c"\nactivities: {}\n')
    text = write(Report(("<app>",), found.diagnostics, found.texts), name)
    assert isinstance(text.encode(), bytes)
    if name == "junit":
        ElementTree.fromstring(text)
