"""Values out and in, by annotations; what has no JSON form is named by its path."""

from __future__ import annotations

import enum
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, Generic, Literal, NamedTuple, NewType, Optional, TypedDict, TypeVar, Union
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from hotmesh.durable.values import call_with, decode, encode, encode_call
from hotmesh.errors import SerializationError
from hotmesh.values import dumps, loads


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


class Stop(NamedTuple):
    name: str
    at: datetime


class Corner(enum.Enum):
    TOP = (0, 1)
    BOTTOM = (0, 0)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


T = TypeVar("T")


@dataclass
class Box(Generic[T]):
    content: T
    more: list[T] = field(default_factory=list)


@dataclass
class Tree:
    name: str
    below: list[Tree] = field(default_factory=list)


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, ser_json_bytes="base64", val_json_bytes="base64")
    when: datetime
    raw: bytes
    below: list[Strict] = []


class Page(BaseModel, Generic[T]):
    items: list[T]


Number = NewType("Number", int)
Moment = NewType("Moment", datetime)


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
    (Stop("x", MOMENT), Stop),
    (Corner.TOP, Corner),
    ({Level.HIGH: "x"}, dict[Level, str]),
    ({MOMENT: 1}, dict[datetime, int]),
    (Box(MOMENT, [MOMENT]), Box[datetime]),
    (Box(Line("a", Decimal(1)), []), Box[Line]),
    (Tree("a", [Tree("b", [Tree("c")])]), Tree),
    (Strict(when=MOMENT, raw=b"\x00\xff", below=[Strict(when=MOMENT, raw=b"")]), Strict),
    (Page[Decimal](items=[Decimal("1.0")]), Page[Decimal]),
    ({"a": Model(when=MOMENT, price=Decimal(1))}, dict[str, Model]),
    (Model(when=MOMENT, price=Decimal(1)), Line | Model),
    (Line("a", Decimal(1)), Model | Line),
    (MOMENT, datetime | str),
    ("soon", datetime | str),
    (Decimal("1.50"), Decimal | str),
    (3, float | int),
    (3.5, int | float),
    (True, int | bool),
    (5, Number),
    (MOMENT, Moment),
    (Colour.RED, Literal[Colour.RED, "other"]),
    (deque([1, 2]), deque[int]),
    ((Line("a", Decimal(1)), MOMENT, None), tuple[Line, datetime, UUID | None]),
    ([None, MOMENT], list[datetime | None]),
    ({"x": [{"y": (UUID(int=3), b"z")}]}, dict[str, list[dict[str, tuple[UUID, bytes]]]]),
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
    (Model.model_construct(when=MOMENT, price=object()), r"given is a Model that pydantic can't write as JSON"),
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


MISFITS: list[tuple[Any, Any, str]] = [
    ("x", int, "given is 'x', not a whole number"),
    (5, str, "given is 5, not a text"),
    ("yes", bool, "given is 'yes', not true or false"),
    ("1.5", float, "given is '1.5', not a number"),
    (2.5, int, "given is 2.5, not a whole number"),
    ({"a": 1}, list[int], r"given is {'a': 1}, not a list"),
    ([1], dict[str, int], r"given is \[1\], not a map"),
    ("abc", list[str], "given is 'abc', not a list"),
    ([1, 2, 3], tuple[int, int], "given has 3 items, not 2"),
    ("green", Colour, "given is 'green', which is no Colour"),
    ({"name": "a", "amount": "much"}, Line, r"given\.amount is 'much', which is no Decimal"),
    ({"name": "a"}, Line, "given is .*, which is no Line: .*missing 1 required positional argument: 'amount'"),
    ({"when": "x"}, Model, "given is .*, which is no Model: when: Input should be a valid datetime.*; price: Field required"),
    ([{"a": "x"}], list[dict[str, int]], r"given\[0\]\.a is 'x', not a whole number"),
    ("x", int | list[int], "given is 'x', which is none of int, list"),
    ("abc", bytes, "given is 'abc', which is no bytes"),
]


@pytest.mark.parametrize(("value", "annotation", "message"), MISFITS, ids=[message[:25] for _, _, message in MISFITS])
def test_what_does_not_fit_is_told_in_one_line(value: Any, annotation: Any, message: str) -> None:
    with pytest.raises(SerializationError, match=message) as raised:
        decode(value, annotation, "given")
    assert "\n" not in str(raised.value)


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


texts = st.text(st.characters(codec="utf-8"), max_size=5)
moments = st.datetimes(timezones=st.just(UTC)) | st.datetimes()
LEAVES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int, st.integers(-(2**53), 2**53)),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (str, texts),
    (bool, st.booleans()),
    (bytes, st.binary(max_size=5)),
    (datetime, moments),
    (date, st.dates()),
    (UUID, st.uuids()),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    (timedelta, st.timedeltas(-timedelta(days=3650), timedelta(days=3650))),
    (Colour, st.sampled_from(Colour)),
    (Corner, st.sampled_from(Corner)),
    (Level, st.sampled_from(Level)),
    (Line, st.builds(Line, texts, st.decimals(allow_nan=False, allow_infinity=False), st.sets(texts, max_size=2))),
    (Model, st.builds(lambda when, price: Model(when=when, price=price), moments, st.decimals(-1000, 1000, places=2))),
    (Stop, st.builds(Stop, texts, moments)),
]
Typing = tuple[Any, st.SearchStrategy[Any]]


@st.composite
def typings(draw: st.DrawFn, depth: int = 3) -> Typing:
    """An annotation, and values of it."""
    shape = draw(st.sampled_from(("leaf", "list", "dict", "tuple", "optional", "many", "box"))) if depth else "leaf"
    if shape == "leaf":
        leaf: Typing = draw(st.sampled_from(LEAVES))
        return leaf
    inner, values = draw(typings(depth=depth - 1))
    match shape:
        case "list":
            return _of(list, inner), st.lists(values, max_size=3)
        case "dict":
            return _of(dict, str, inner), st.dictionaries(texts, values, max_size=3)
        case "tuple":
            other, others = draw(typings(depth=depth - 1))
            return _of(tuple, inner, other), st.tuples(values, others)
        case "optional":
            return _of(Union, inner, None), st.none() | values
        case "many":
            return _of(tuple, inner, ...), st.lists(values, max_size=3).map(tuple)
    return _of(Box, inner), st.builds(Box, values, st.lists(values, max_size=2))


def _of(generic: Any, *arguments: Any) -> Any:
    return generic[arguments if len(arguments) > 1 else arguments[0]]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_every_value_of_every_annotation_comes_back(data: st.DataObject) -> None:
    annotation, values = data.draw(typings())
    value = data.draw(values)
    assert decode(loads(dumps(encode(value, "value"))), annotation) == value


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_does_not_fit_is_never_another_error(data: st.DataObject) -> None:
    _, values = data.draw(typings())
    annotation, _ = data.draw(typings())
    with suppress(SerializationError):
        decode(encode(data.draw(values), "value"), annotation)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text() | st.floats(allow_nan=False, allow_infinity=False),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_json_is_itself(value: Any) -> None:
    assert encode(value, "x") == value
