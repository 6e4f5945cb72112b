"""`hotmesh fmt`: what it changes, what it leaves, and that it never changes what an app means."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from hotmesh.compile import compile_app
from hotmesh.source.composing import compose
from hotmesh.source.findings import Findings
from hotmesh.source.formatting import format_text
from hotmesh.source.nodes import SourceText, to_json
from tests.lint.strategies import APPS, graphs, line_mutations, mutations

HERE = Path(__file__).parent
CASES = sorted((HERE / "formatting").glob("*.before.yaml"), key=lambda path: path.name)


@pytest.mark.parametrize("before", CASES, ids=lambda path: path.name.partition(".")[0])
def test_the_case(before: Path) -> None:
    after = before.with_name(before.name.replace(".before.", ".after."))
    assert format_text(before.read_text(encoding="utf-8")) == after.read_text(encoding="utf-8")


@pytest.mark.parametrize("number", range(len(APPS)))
def test_an_app_means_the_same_and_a_second_time_changes_nothing(number: int) -> None:
    before = APPS[number]
    after = format_text(before)
    assert after is not None
    assert format_text(after) == after
    one, other = compile_app(before).program, compile_app(after).program
    assert (one and one.digest) == (other and other.digest)


def test_what_is_no_yaml_is_left_alone() -> None:
    assert format_text("a: [1") is None


def test_keys_that_the_language_does_not_know_stay_where_they_are() -> None:
    text = "x-first: 1\nactivities:\n  a: {type: trigger, x-b: 2, title: A}\nx-mid: 2\nsubscribes: hello\n"
    assert format_text(text) == "x-first: 1\nsubscribes: hello\nactivities:\n  a: {title: A, type: trigger, x-b: 2}\nx-mid: 2\n"


def test_an_alias_never_comes_before_its_anchor() -> None:
    text = "hooks: &h {}\nsubscribes: hello\nactivities: {a: {type: trigger, settings: *h}}\n"
    assert format_text(text) == text


def value(text: str) -> object:
    findings = Findings()
    tree = compose(SourceText("x", text), findings)
    return None if tree is None or findings.are_fatal else json.dumps(to_json(tree), sort_keys=True)


fuzz = settings(max_examples=100, deadline=4000, suppress_health_check=[HealthCheck.too_slow])


def unharmed(text: str) -> None:
    after = format_text(text)
    if after is None:
        assert value(text) is None
        return
    assert value(after) == value(text)
    again = format_text(after)
    assert again == after
    assert sorted(line.partition("#")[2].strip() for line in after.splitlines() if line.lstrip().startswith("#")) == sorted(
        line.partition("#")[2].strip() for line in text.splitlines() if line.lstrip().startswith("#")
    ), "every comment is still there"


@fuzz
@given(mutations())
def test_broken_apps_are_unharmed(text: str) -> None:
    unharmed(text)


@fuzz
@given(line_mutations())
def test_shuffled_apps_are_unharmed(text: str) -> None:
    unharmed(text)


@fuzz
@given(graphs)
def test_any_graph_is_unharmed(graph: object) -> None:
    unharmed(json.dumps(graph, indent=2))
