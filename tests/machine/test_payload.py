"""Payloads against schemas: the quick way never says anything else than the jsonschema package."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from hotmesh.machine import payload
from hotmesh.machine.payload import validator

NAMES = st.sampled_from(["a", "b", "c"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 0.5, "", "a", "bc"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
TYPES = ["object", "array", "string", "boolean", "integer", "number", "null"]


def schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True),
            "required": st.lists(NAMES, max_size=2, unique=True),
            "properties": st.dictionaries(NAMES, inner, max_size=3),
            "items": inner,
            "description": st.just("words"),
            "enum": st.lists(VALUES, min_size=1, max_size=3),
            "minimum": st.integers(-1, 1),
            "additionalProperties": inner,
        },
    )


SCHEMAS: st.SearchStrategy[Any] = st.recursive(st.booleans() | schemas(st.booleans()), schemas, max_leaves=6)


@given(SCHEMAS, VALUES)
def test_a_payload_is_taken_when_its_schema_allows_it(schema: Any, value: Any) -> None:
    assert (validator(schema)(value) is None) == Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"name": "x", "args": [1]}, None),
        ({"name": 5}, "name: 5 is not of type 'string'"),
        ({"args": []}, "the payload: 'name' is a required property"),
        ([], "the payload: [] is not of type 'object'"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_told(value: Any, reason: str | None) -> None:
    schema = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "args": {"type": "array"}}}
    assert validator(schema)(value) == reason


def test_what_fits_a_simple_schema_is_not_looked_at_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    def thorough(schema: Any) -> Any:
        raise AssertionError(f"{schema} was looked at by the slow way")

    monkeypatch.setattr(payload, "_thorough", thorough)
    check = validator({"type": "object", "properties": {"n": {"type": ["integer", "null"], "description": "how many"}}, "required": ["n"]})
    assert [check({"n": 1}), check({"n": None, "more": []})] == [None, None]


@pytest.mark.parametrize("schema", [{"type": "any"}, {"required": "a"}, {"properties": 3}])
def test_a_schema_that_is_none_is_left_to_the_package(schema: Any) -> None:
    """Its diagnostic may have been silenced."""
    assert payload._sure(schema) is None
