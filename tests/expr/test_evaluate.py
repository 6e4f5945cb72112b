"""`hotmesh.evaluate_pipe` and `trace_pipe`: what a Python program sees."""

from __future__ import annotations

import math
from collections import ChainMap
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

import hotmesh
from hotmesh.errors import PipeError
from hotmesh.expr import Date, TracedRow, evaluate_pipe, trace_pipe
from hotmesh.values import UNDEFINED


def test_it_is_public() -> None:
    rows = [["{user.name}", 0], ["{@string.charAt}"]]
    assert hotmesh.evaluate_pipe(rows, {"user": {"name": "Jane"}}) == "J"
    assert hotmesh.evaluate_pipe(rows[:1]) is hotmesh.UNDEFINED


@pytest.mark.parametrize(
    ("rows", "value"),
    [
        ([[10, 5], ["{@math.divide}"]], 2),
        ([[10, 4], ["{@math.divide}"]], 2.5),
        ([["{@symbol.posInfinity}"]], math.inf),
        ([[0], ["{@unary.negative}"]], -0.0),
        ([[1e300, 10], ["{@math.multiply}"]], 1e301),
        ([["2023-04-23"], ["{@date.fromISOString}"]], datetime(2023, 4, 23, tzinfo=UTC)),
        ([["2023-13-01"], ["{@date.fromISOString}"]], None),
        ([["+012345-01-01"], ["{@date.fromISOString}"]], Date(327_403_382_400_000)),
        ([[{"x": ["{@symbol.date}"]}]], {"x": [datetime(2020, 1, 1, tzinfo=UTC)]}),
        ([["{@symbol.undefined}"]], UNDEFINED),
    ],
)
def test_values_are_those_of_python(rows: Any, value: Any) -> None:
    result = evaluate_pipe(rows, now=datetime(2020, 1, 1, tzinfo=UTC))
    assert result == value
    assert type(result) is type(value)
    assert math.copysign(1, result) == math.copysign(1, value) if isinstance(value, float) else True


def test_the_result_is_the_callers_own() -> None:
    rows = [[{"list": [1]}]]
    first = evaluate_pipe(rows)
    first["list"].append(2)
    assert evaluate_pipe(rows) == {"list": [1]}
    data = {"a": {"list": [1]}}
    evaluate_pipe([["{a.list}"]], data).append(2)
    assert data == {"a": {"list": [1]}}


def test_rows_that_differ_only_in_types_are_not_confused() -> None:
    values = [evaluate_pipe([[cell]]) for cell in (1, 1.5, True, "1", None, [1], ["1"])]
    assert list(map(repr, values)) == ["1", "1.5", "True", "'1'", "None", "[1]", "['1']"]


def test_rows_that_change_between_calls() -> None:
    rows = [["a"], ["{@string.toUpperCase}"]]
    assert evaluate_pipe(rows) == "A"
    rows[0][0] = "b"
    assert evaluate_pipe(rows) == "B"


def test_rows_may_hold_values_that_json_lacks() -> None:
    assert evaluate_pipe([[UNDEFINED, "d"], ["{@conditional.nullish}"]]) == "d"
    assert math.isnan(evaluate_pipe([[math.nan, 1], ["{@math.add}"]]))
    assert evaluate_pipe([[datetime(2023, 4, 23, tzinfo=UTC)], ["{@date.getTime}"]]) == 1682208000000


def test_an_error_has_its_row_and_cell() -> None:
    with pytest.raises(PipeError) as caught:
        evaluate_pipe([["a", 1], ["{@array.push}"]])
    assert (caught.value.row, caught.value.cell, caught.value.function, caught.value.path) == (1, 0, "array.push", "")


@pytest.mark.parametrize("rows", [None, 5, "x", [], {}, [1], [[1], None]])
def test_what_is_no_pipe(rows: Any) -> None:
    with pytest.raises(PipeError):
        evaluate_pipe(rows)
    with pytest.raises(PipeError):
        [row.error for row in trace_pipe(rows) if row.error and fail(row.error)]


def fail(error: PipeError) -> bool:
    raise error


def test_the_seed() -> None:
    rows = [["{@math.random}"]]
    assert evaluate_pipe(rows, seed=5) == evaluate_pipe(rows, seed=5) != evaluate_pipe(rows, seed=6)


def test_a_trace_shows_every_row() -> None:
    rows = [
        ["Jane Doe", " "],
        ["{@string.split}"],
        {"@pipe": [["{@array.get}"]]},
        {"@pipe": [["{@array.pop}"]]},
        ["{@string.concat}", "{@math.random}"],
    ]
    *firsts, last = trace_pipe(rows, seed=3)
    assert firsts == [
        TracedRow(rows[0], ("Jane Doe", " ")),
        TracedRow(rows[1], (["Jane", "Doe"],)),
        TracedRow(rows[2], ("Jane",)),
        TracedRow(rows[3], ("Jane", "Doe")),
    ]
    assert last.values[0] == "JaneDoe"
    assert evaluate_pipe([*rows, ["{@string.concat}"]], seed=3).startswith("JaneDoe0.")


def test_a_trace_ends_with_the_row_that_raised() -> None:
    *_, last = trace_pipe([[1], ["{@string.trim}"], ["{@string.trim}"]])
    assert last.row == ["{@string.trim}"]
    assert last.error is not None
    assert last.error.row == 1


@pytest.mark.parametrize(
    ("rows", "value", "sentence"),
    [
        ([["{a}"], ["{@string.concat}"]], UUID(int=1), "string.concat: a value of type UUID is no JSON"),
        ([["{a}"], ["{@math.abs}"]], b"x", "math.abs: a value of type bytes is no JSON"),
        ([["{a}"], ["{@array.length}"]], (1, 2), "array.length: a value of type tuple is no JSON"),
        ([["{a}"], ["{@array.push}"]], {1}, "array.push: list must be a list, not set"),
        ([["{a}"], ["{@object.keys}"]], {1: 2}, "object.keys: a map has a key that is no string"),
        ([["{a}", 0], {"@reduce": [["{$item}"]]}], {1, 2}, "@reduce needs a list, a map or a string, not a set"),
        ([["{a}", 0], {"@reduce": [["{$item}"]]}], {1: 2}, "@reduce: a map has a key that is no string"),
    ],
)
def test_values_of_python_that_json_does_not_know(rows: Any, value: Any, sentence: str) -> None:
    with pytest.raises(PipeError) as caught:
        evaluate_pipe(rows, {"a": value})
    assert sentence in str(caught.value)


def test_data_that_are_no_map() -> None:
    for data in ([1], "x", 5):
        with pytest.raises(PipeError, match="the data must be a map, not"):
            evaluate_pipe([[1]], data)  # type: ignore[arg-type]
    assert evaluate_pipe([["{a}"]], ChainMap({"a": 1})) == 1
