"""schemas/app.schema.json and the checks made of it: the same verdict as a general validator, and one finding for one cause."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from hotmesh.compile import compile_app
from hotmesh.program import KINDS
from hotmesh.source import files
from hotmesh.source.checking import app_schema, check
from hotmesh.source.composing import compose
from hotmesh.source.findings import Findings
from hotmesh.source.nodes import SourceText, to_json
from hotmesh.source.schema_checks import KEYWORDS
from hotmesh.values import Json
from tests.lint.strategies import APPS, graphs, line_mutations, mutations

_VALIDATOR = jsonschema.Draft202012Validator(app_schema())
_ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description", "examples", "defaultSnippets", "default", "x-code", "x-misplaced"}
_DEFINITIONS: dict[str, Json] = app_schema()["$defs"]


def subschemas(schema: Json) -> Iterator[dict[str, Json]]:
    if not isinstance(schema, dict):
        return
    yield schema
    for key in ("properties", "patternProperties", "$defs"):
        for inner in schema.get(key, {}).values():
            yield from subschemas(inner)
    for key in ("anyOf", "oneOf"):
        for inner in schema.get(key, []):
            yield from subschemas(inner)
    for key in ("items", "additionalProperties", "propertyNames", "if", "then", "else", "not"):
        yield from subschemas(schema.get(key))


def test_it_is_a_schema_of_2020_12() -> None:
    jsonschema.Draft202012Validator.check_schema(app_schema())


def test_it_uses_only_words_that_the_checks_know() -> None:
    used = {word for schema in subschemas(app_schema()) for word in schema}
    assert used <= KEYWORDS | _ANNOTATIONS


def test_there_is_a_closed_branch_for_each_activity_type() -> None:
    branches = [reference["$ref"].rpartition("/")[2] for reference in _DEFINITIONS["activity"]["oneOf"]]
    assert branches == list(KINDS)
    for kind in branches:
        branch = _DEFINITIONS[kind]
        assert branch["additionalProperties"] is False
        assert "^x-" in branch["patternProperties"]
        assert branch["title"]
        assert branch["description"]
        assert branch["examples"]
        assert branch["defaultSnippets"]


@pytest.mark.parametrize("name", _DEFINITIONS)
def test_every_definition_says_what_it_is_and_its_examples_fit(name: str) -> None:
    definition = _DEFINITIONS[name]
    assert definition["title"]
    schema = {"$ref": f"#/$defs/{name}", "$defs": _DEFINITIONS}
    for example in definition.get("examples", []):
        jsonschema.Draft202012Validator(schema).validate(example)


def test_every_property_is_described() -> None:
    payload = list(subschemas(_DEFINITIONS["payloadSchema"]))
    for schema in subschemas(app_schema()):
        if schema in payload:
            continue
        for name, inner in schema.get("properties", {}).items():
            if isinstance(inner, dict) and "$ref" not in inner:
                assert inner.get("description"), f"{schema.get('title')}: {name}"


def test_snippets_make_what_fits() -> None:
    for kind in KINDS:
        (snippet,) = _DEFINITIONS[kind]["defaultSnippets"]
        jsonschema.Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": _DEFINITIONS}).validate(filled(snippet["body"]))


def filled(body: Json) -> Json:
    """A snippet with its placeholders taken as they stand."""
    return json.loads(re.sub(r"\$\{\d+:([^}]*)\}", r"\1", json.dumps(body)))


def verdict(text: str) -> tuple[bool, bool] | None:
    """Whether the checks and the general validator take a text; None when it is no document."""
    findings = Findings()
    node = compose(SourceText("x", text), findings)
    if node is None or findings.are_fatal:
        return None
    check(node, findings)
    return not any(found.is_error for found in findings.sorted()), _VALIDATOR.is_valid(to_json(node))


@pytest.mark.parametrize("number", range(len(APPS)))
def test_real_apps_fit(number: int) -> None:
    assert verdict(APPS[number]) == (True, True)


fuzz = settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.too_slow])


@fuzz
@given(mutations())
def test_the_verdict_on_broken_apps_is_that_of_a_general_validator(text: str) -> None:
    both = verdict(text)
    assert both is None or both[0] == both[1]


@fuzz
@given(line_mutations())
def test_the_verdict_on_shuffled_apps_is_that_of_a_general_validator(text: str) -> None:
    both = verdict(text)
    assert both is None or both[0] == both[1]


@fuzz
@given(graphs)
def test_the_verdict_on_any_graph_is_that_of_a_general_validator(graph: Json) -> None:
    both = verdict(json.dumps(graph))
    assert both is None or both[0] == both[1]


ONE_CAUSE = {
    "a misspelt key that was required": ("topik: a", ["S101"]),
    "a missing key": ("x-a: 1", ["S102"]),
    "a value of the wrong kind": ("topic: {a: 1}", ["S105"]),
    "a list for a map": ("topic: a\n    input: [1]", ["S105"]),
    "an empty block": ("topic: a\n    input:", ["S105"]),
    "an unknown key deep down": ("topic: a\n    input: {map: {a: 1}}", ["S101"]),
    "a wrong number deep down": ("topic: a\n    retry: {'500': [x]}", ["S105"]),
    "a pipe with a friend": ("topic: {'@pipe': [[1]], b: 1}", ["P110"]),
}


@pytest.mark.parametrize("name", ONE_CAUSE)
def test_one_cause_is_one_finding(name: str) -> None:
    line, expected = ONE_CAUSE[name]
    text = (
        f"subscribes: x\nactivities:\n  start: {{type: trigger}}\n  a:\n    type: worker\n    {line}\ntransitions: {{start: [{{to: a}}]}}\n"
    )
    assert [found.code for found in compile_app(text).diagnostics] == expected


def test_hotmesh_schema_prints_that_very_file() -> None:
    assert json.loads(files.bundled("app.schema.json")) == app_schema()
