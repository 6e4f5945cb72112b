"""The conversions at their edges, and laws that hold for all values."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmesh.errors import PipeError
from hotmesh.expr import DataScope, Date, compile_template, strict_equals, to_json
from hotmesh.expr.collation import collation_key
from hotmesh.expr.faults import Fault
from hotmesh.expr.numerals import number_text
from hotmesh.expr.values import kind_of, merge, number_of_text, same, to_number, to_string, to_units
from hotmesh.values import UNDEFINED

NUMBERS = st.integers(-(2**60), 2**60) | st.floats()
TEXTS = st.text(st.characters(codec=None), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
VALUES = JSON | st.just(UNDEFINED) | st.floats() | st.integers(-(10**12), 10**12).map(Date)


def call(function: str, *arguments: Any) -> Any:
    rows = [[f"{{d.{index}}}" for index in range(len(arguments))], [f"{{@{function}}}"]]
    return compile_template({"@pipe": rows})(DataScope({"d": list(arguments)}))


@given(st.floats(allow_nan=False))
def test_a_number_reads_back_from_its_text(number: float) -> None:
    assert number_of_text(number_text(number)) == number
    assert call("number.parseFloat", number_text(number)) == number


@given(st.floats(-1e300, 1e300), st.integers(1, 100))
def test_digits_enough_read_back_too(number: float, digits: int) -> None:
    exact = digits >= 17
    assert math.isclose(float(call("number.toPrecision", number, digits)), number, rel_tol=0 if exact else 10.0 ** (1 - digits), abs_tol=0)
    assert not exact or float(call("number.toExponential", number, digits - 1)) == number


@given(st.floats(-1e20, 1e20), st.integers(0, 20))
def test_fixed_digits_are_the_nearest(number: float, digits: int) -> None:
    text = call("number.toFixed", number, digits)
    assert len(text.partition(".")[2]) == digits
    assert abs(float(text) - number) <= 0.5 * 10.0**-digits + abs(number) * 1e-15


@given(TEXTS)
def test_utf_16_and_back(text: str) -> None:
    merged = merge(text)
    assert merge(to_units(merged)) == merged
    assert len(to_units(merged)) == len(merged.encode("utf-16-le", "surrogatepass")) // 2


@given(TEXTS, TEXTS)
def test_splitting_and_joining(text: str, separator: str) -> None:
    text, separator = merge(text), merge(separator)
    assert call("array.join", call("string.split", text, separator), separator) == text


@given(TEXTS, st.integers(-10, 10), st.integers(-10, 10))
def test_slices_make_the_whole(text: str, start: int, end: int) -> None:
    text = merge(text)
    middle = max(start, 0) if start >= 0 else max(len(to_units(text)) + start, 0)
    assert call("string.concat", call("string.slice", text, 0, middle), call("string.slice", text, middle)) == text
    assert call("string.substring", text, start, end) == call("string.substring", text, end, start)


@given(TEXTS, TEXTS)
def test_where_a_text_is_found(text: str, part: str) -> None:
    whole = merge(text + part)
    assert call("string.includes", whole, merge(part)) == (call("string.indexOf", whole, merge(part)) >= 0)
    assert call("string.lastIndexOf", whole, merge(part)) >= call("string.indexOf", whole, merge(part))


@given(st.lists(VALUES, max_size=6))
def test_lists_are_never_changed(items: list[Any]) -> None:
    before = list(items)
    for function in ("reverse", "pop", "shift", "push", "unshift", "sort", "splice", "concat", "slice"):
        call(f"array.{function}", items, 1)
    assert len(items) == len(before)
    assert all(one is other for one, other in zip(items, before, strict=True))


@given(st.lists(VALUES, max_size=6))
def test_reversing_twice(items: list[Any]) -> None:
    twice = call("array.reverse", call("array.reverse", items))
    assert [id(item) for item in twice] == [id(item) for item in items]


@given(st.lists(st.text(max_size=4) | st.none(), max_size=8))
def test_sorting(items: list[Any]) -> None:
    ordered = call("array.sort", items)
    assert call("array.sort", ordered) == ordered
    assert sorted(map(str, ordered)) == sorted(map(str, items))
    texts = [item for item in ordered if item is not None]
    assert texts == sorted(texts, key=collation_key)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=5))
def test_maps_and_their_entries(members: dict[str, Any]) -> None:
    assert call("object.fromEntries", call("object.entries", members)) == members
    assert call("object.assign", {}, members) == members
    assert [call("object.get", members, key) for key in call("object.keys", members)] == call("object.values", members)


@given(JSON)
def test_json_texts(value: Any) -> None:
    text = call("json.stringify", value)
    assert strict_equals(call("json.parse", text), value)
    assert strict_equals(json.loads(text, parse_int=float), to_json(value))
    assert call("json.stringify", call("json.parse", text)) == text


@given(VALUES, VALUES)
def test_comparisons_agree_with_each_other(left: Any, right: Any) -> None:
    assert call("conditional.equality", left, right) == call("conditional.equality", right, left)
    assert call("conditional.equality", left, right) != call("conditional.inequality", left, right)
    assert call("conditional.less_than", left, right) == call("conditional.greater_than", right, left)
    assert not (call("conditional.less_than", left, right) and call("conditional.greater_than_or_equal", left, right))
    if same(left, right):
        assert call("conditional.equality", left, right)


@given(JSON, JSON)
def test_json_equality(left: Any, right: Any) -> None:
    assert strict_equals(left, left)
    assert strict_equals(left, right) == strict_equals(right, left)
    assert strict_equals(json.loads(json.dumps(left)), left)


@given(VALUES)
def test_everything_becomes_json(value: Any) -> None:
    orjson.dumps(to_json({"x": [value]}))


@given(NUMBERS)
def test_bits(number: float) -> None:
    assert call("unary.bitwise_not", call("unary.bitwise_not", number)) == call("bitwise.or", number, 0)
    assert call("bitwise.xor", number, number) == 0
    assert -(2**31) <= call("bitwise.leftShift", number, 3) < 2**31
    assert 0 <= call("bitwise.unsignedRightShift", number, 0) < 2**32


@given(NUMBERS)
def test_rounding(number: float) -> None:
    number = to_number(number)
    if math.isfinite(number):
        floor, ceil, nearest = (call(f"math.{name}", number) for name in ("floor", "ceil", "round"))
        assert floor <= number <= ceil
        assert nearest in (floor, ceil)
        assert call("math.trunc", number) == (floor if number > 0 else ceil)


@given(st.integers(-8_640_000_000_000_000, 8_640_000_000_000_000))
def test_dates_and_their_texts(time_ms: int) -> None:
    text = call("date.toISOString", time_ms)
    assert call("date.getTime", text) == time_ms
    parts = [call(f"date.get{part}", time_ms) for part in ("FullYear", "Month", "Date", "Hours", "Minutes", "Seconds", "Milliseconds")]
    if not 0 <= parts[0] < 100:
        assert call("date.UTC", *parts) == time_ms
    assert call("date.setFullYear", time_ms, *parts[:3]) == time_ms
    assert call("date.setHours", time_ms, *parts[3:]) == time_ms


@given(st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC)))
def test_dates_agree_with_python(moment: datetime) -> None:
    whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert Date.of(moment).to_datetime() == whole
    assert call("date.getDay", moment) == whole.isoweekday() % 7
    assert call("date.toDateString", moment) == f"{whole:%a %b %d} {whole.year:04}"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (UNDEFINED, "undefined"),
        (None, "null"),
        (True, "boolean"),
        (1.5, "number"),
        ("", "string"),
        ([], "list"),
        ({}, "map"),
        (Date(0), "date"),
        (datetime(2020, 1, 1), "date"),
        (object(), "object"),
    ],
)
def test_kinds(value: Any, kind: str) -> None:
    assert kind_of(value) == kind


def test_plain_json() -> None:
    value = {"n": [math.nan, math.inf, -0.0, 2.0, 2.5, 1e300, 10**20], "u": UNDEFINED, "l": [UNDEFINED], "d": Date(0), "x": Date(math.nan)}
    assert to_json(value) == {"n": [None, None, 0, 2, 2.5, 1e300, 10**20], "l": [None], "d": "1970-01-01T00:00:00.000Z", "x": None}
    assert to_json(("a\ud83d\ude00", "\ud83d")) == ["a😀", "\ufffd"]
    assert to_json(UNDEFINED) is None


class Label(str):
    """A text of somebody's own type, as YAML readers make them."""


class Count(int):
    """A number of somebody's own type."""


class Ratio(float):
    """A fraction of somebody's own type."""


def test_values_of_somebodys_own_types_become_plain() -> None:
    plain = to_json({"a": Label("x"), "b": Count(1), "c": Ratio(2.0), "d": Ratio(0.5)})
    assert plain == {"a": "x", "b": 1, "c": 2, "d": 0.5}
    assert [type(item) for item in plain.values()] == [str, int, int, float]


def test_what_is_no_json() -> None:
    with pytest.raises(Fault, match="type object is no JSON"):
        to_json([object()])
    with pytest.raises(PipeError, match="type object is no JSON"):
        call("json.stringify", object())


def test_numbers_beyond_the_safe_ones_are_doubles() -> None:
    assert to_number(2**53 + 1) == 2**53
    assert to_number(10**400) == math.inf
    assert to_number(-(10**400)) == -math.inf
    assert to_string(10**21) == "1e+21"
    assert call("math.add", 2**53, 1) == 2**53
    assert call("math.multiply", 2**40, 2**40) == 2.0**80
    assert call("json.parse", str(2**64)) == float(2**64)
    assert call("json.parse", "9" * 2000) == math.inf
    assert call("number.parseInt", "9" * 2000) == math.inf


def test_a_long_id_passes_through_unchanged() -> None:
    assert to_json(call("array.get", [9223372036854775807])) == 9223372036854775807


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True),
        (1, "1", False),
        (True, 1, False),
        (None, UNDEFINED, False),
        ([1, [2]], [1.0, [2.0]], True),
        ([1], [1, 2], False),
        ((1, 2), [1, 2], True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1, "b": UNDEFINED}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": None}, {}, False),
        ([], {}, False),
    ],
)
def test_strict_equals(left: Any, right: Any, equal: bool) -> None:
    assert strict_equals(left, right) is equal
