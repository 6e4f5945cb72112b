"""Values out and in, by annotations; what has no JSON form is named by its path."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, Literal, NamedTuple, Optional, TypedDict
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from hotmesh.durable.values import call_with, decode, encode, encode_call
from hotmesh.errors import SerializationError


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Model(BaseModel):
    when: datetime
    price: Decimal


@dataclass
class Line:
    name: str
    amount: Decimal
    tags: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Order:
    id: UUID
    lines: list[Line]
    colours: dict[Colour, int]
    due: date | None = None


class Point(NamedTuple):
    x: int
    y: int


class Typed(TypedDict):
    at: datetime
    n: int


MOMENT = datetime(2030, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
ROUND_TRIPS: list[tuple[object, Any]] = [
    (1, int),
    (1.5, float),
    (None, None),
    ("text", str),
    (MOMENT, datetime),
    (date(2030, 5, 6), date),
    (time(7, 8, 9), time),
    (timedelta(minutes=5), timedelta),
    (UUID(int=5), UUID),
    (Decimal("0.10"), Decimal),
    (b"\x00\xff", bytes),
    (bytearray(b"ab"), bytearray),
    (Colour.BLUE, Colour),
    (PurePosixPath("/a/b"), PurePosixPath),
    ([MOMENT], list[datetime]),
    ((1, MOMENT), tuple[int, datetime]),
    ((MOMENT, MOMENT), tuple[datetime, ...]),
    ({UUID(int=1)}, set[UUID]),
    (frozenset({1, 2}), frozenset[int]),
    ({"a": Decimal(1)}, dict[str, Decimal]),
    ({1: "x"}, dict[int, str]),
    (MOMENT, datetime | None),
    (None, Optional[datetime]),  # noqa: UP045
    ("x", datetime | str),
    (7, int | str),
    ("red", Literal["red"]),
    (Point(1, 2), Point),
    ({"at": MOMENT, "n": 1}, Typed),
    (Model(when=MOMENT, price=Decimal("1.5")), Model),
    (Order(UUID(int=1), [Line("a", Decimal(2), {"x"})], {Colour.RED: 1}, date(2030, 1, 1)), Order),
    ([Order(UUID(int=1), [], {})], list[Order]),
]


@pytest.mark.parametrize(("value", "annotation"), ROUND_TRIPS, ids=lambda each: str(each)[:30])
def test_a_value_comes_back_as_it_was(value: object, annotation: Any) -> None:
    assert decode(encode(value, "value"), annotation) == value


def test_without_an_annotation_json_stays_json() -> None:
    assert decode(encode({"at": MOMENT, "n": [1]}, "x"), Any) == {"at": "2030-05-06T07:08:09.123456+00:00", "n": [1]}


loop: list[Any] = []
loop.append(loop)

BAD: list[tuple[object, str]] = [
    ({"a": [1, object()]}, r"given\.a\[1\] is a object, which has no form in JSON"),
    ({"a": float("nan")}, r"given\.a is nan, which JSON can't carry"),
    ([2**70], r"given\[0\] is 1\.18e\+21, an integer of more than 64 bits"),
    ({(1, 2): 3}, r"given has the key \(1, 2\)"),
    (Line("x", Decimal(1), {object()}), r"given\.tags\{\} is a object"),  # type: ignore[arg-type]
    (loop, r"nested deeper than 200 levels, or contains itself"),
    (lambda: 1, r"given is a function"),
]


@pytest.mark.parametrize(("value", "message"), BAD, ids=[message[:20] for _, message in BAD])
def test_what_has_no_json_is_named_by_its_path(value: object, message: str) -> None:
    with pytest.raises(SerializationError, match=message):
        encode(value, "given")


def test_what_does_not_fit_the_annotation_is_named() -> None:
    def ship(order: Order, when: datetime) -> None: ...

    with pytest.raises(SerializationError, match=r"ship\(order\)\.id is 'x', which is no UUID"):
        call_with(ship, [{"id": "x", "lines": [], "colours": {}}, "2030-01-01"])
    with pytest.raises(SerializationError, match=r"ship\(when\) is 'soon', which is no datetime"):
        call_with(ship, [{"id": str(UUID(int=1)), "lines": [], "colours": {}}, "soon"])


def test_a_call_that_does_not_fit_its_function_is_refused_at_once() -> None:
    def ship(order: str, *, express: bool = False) -> None: ...

    with pytest.raises(TypeError, match=r"ship\(\): missing a required argument: 'order'"):
        encode_call([], {}, "ship", ship)
    with pytest.raises(TypeError, match=r"ship\(\): got an unexpected keyword argument 'fast'"):
        encode_call(["a"], {"fast": True}, "ship", ship)


def test_keywords_and_defaults_travel() -> None:
    def ship(order: str, count: int = 1, *more: str, when: datetime, **rest: int) -> list[Any]:
        return [order, count, more, when, rest]

    sent = encode_call(["a", 2, "b"], {"when": MOMENT, "n": 5}, "ship", ship)
    assert call_with(ship, sent) == ["a", 2, ("b",), MOMENT, {"n": 5}]


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text() | st.floats(allow_nan=False, allow_infinity=False),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_json_is_itself(value: Any) -> None:
    assert encode(value, "x") == value
