"""Numbers: the functions and methods of ECMAScript's `Number`."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from hotmesh.expr.faults import Fault
from hotmesh.expr.functions.math import maximum, minimum, power, round_
from hotmesh.expr.numerals import double, exponential_text, fixed_text, number_text, precision_text
from hotmesh.expr.signature import Function, example
from hotmesh.expr.values import (
    SPACES,
    at_least,
    at_most,
    greater_than,
    leading_number,
    less_than,
    to_int32,
    to_integer,
    to_number,
    to_string,
    wrong_type,
)
from hotmesh.values import UNDEFINED


def is_finite(value: Any = UNDEFINED) -> bool:
    return _is_number(value) and math.isfinite(double(value))


def is_integer(value: Any = UNDEFINED) -> bool:
    return is_finite(value) and value == math.floor(value)


def is_nan(value: Any = UNDEFINED) -> bool:
    return _is_number(value) and value != value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_even(value: Any = UNDEFINED) -> bool:
    number = to_number(value)
    return math.isfinite(number) and number % 2 == 0


def is_odd(value: Any = UNDEFINED) -> bool:
    number = to_number(value)
    return math.isfinite(number) and number % 2 != 0


def parse_float(value: Any = UNDEFINED) -> float:
    return leading_number(to_string(value))


def parse_int(value: Any = UNDEFINED, radix: Any = UNDEFINED) -> float:
    text = to_string(value).lstrip(SPACES)
    sign = -1 if text.startswith("-") else 1
    text = text[1:] if text[:1] in ("+", "-") else text
    base = to_int32(radix)
    if base in (0, 16) and text[:2] in ("0x", "0X"):
        text, base = text[2:], 16
    return number * float(sign) if not (number := _leading_digits(text, base or 10)) else sign * number


def _leading_digits(text: str, base: int) -> float:
    if not 2 <= base <= 36:
        return math.nan
    match = re.match(f"[{_DIGITS[:base]}]+", text, re.ASCII | re.IGNORECASE)
    if match is None:
        return math.nan
    digits = match.group()
    return double(int(digits, base)) if len(digits) < 1100 else math.inf


_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def to_fixed(value: Any = UNDEFINED, digits: Any = UNDEFINED) -> str:
    return fixed_text(_number(value), _count(digits, "digits", 0))


def to_exponential(value: Any = UNDEFINED, digits: Any = UNDEFINED) -> str:
    number = _number(value)
    if not math.isfinite(number):
        return number_text(number)
    return exponential_text(number, None if digits is UNDEFINED else _count(digits, "digits", 0))


def to_precision(value: Any = UNDEFINED, precision: Any = UNDEFINED) -> str:
    number = _number(value)
    if precision is UNDEFINED or not math.isfinite(number):
        return number_text(number)
    return precision_text(number, _count(precision, "precision", 1))


def _number(value: Any) -> float:
    if _is_number(value):
        return double(value)
    raise wrong_type("number", "a number", value)


def _count(value: Any, parameter: str, least: int) -> int:
    count = to_integer(value)
    if not least <= count <= 100:
        raise Fault(f"{parameter} must be a number from {least} to 100")
    return int(count)


_ANY: Final = "value: any"
_TWO: Final = "left: any, right: any"
_FORMAT: Final = "number: number, digits?: number"

FUNCTIONS: Final = (
    Function("number.isFinite", is_finite, _ANY, "boolean", "Whether it is a number, and not NaN or ±Infinity.", example(1, gives=True)),
    Function("number.isInteger", is_integer, _ANY, "boolean", "Whether it is a whole number.", example(1.5, gives=False)),
    Function("number.isNaN", is_nan, _ANY, "boolean", "Whether it is the number NaN.", example("x", gives=False)),
    Function("number.isEven", is_even, _ANY, "boolean", "Whether, as a number, it is even.", example("4", gives=True)),
    Function("number.isOdd", is_odd, _ANY, "boolean", "Whether, as a number, it is not even; fractions are odd.", example(3, gives=True)),
    Function(
        "number.parseFloat",
        parse_float,
        "text: any",
        "number",
        "The number that the text begins with, NaN when it begins with none.",
        example("3.14abc", gives=3.14),
    ),
    Function(
        "number.parseInt",
        parse_int,
        "text: any, radix?: number",
        "number",
        "The whole number that the text begins with, NaN when it begins with none.",
        example("12px", gives=12),
    ),
    Function(
        "number.toFixed",
        to_fixed,
        _FORMAT,
        "string",
        "The number with so many digits after the point (0 to 100).",
        example(3.14159, 2, gives="3.14"),
        method=True,
    ),
    Function(
        "number.toExponential",
        to_exponential,
        _FORMAT,
        "string",
        "The number with an exponent, and so many digits after the point.",
        example(12345, 2, gives="1.23e+4"),
        method=True,
    ),
    Function(
        "number.toPrecision",
        to_precision,
        "number: number, precision?: number",
        "string",
        "The number with so many digits in all (1 to 100).",
        example(123.456, 4, gives="123.5"),
        method=True,
    ),
    Function("number.gte", at_least, _TWO, "boolean", "`left >= right`; two texts are compared as texts.", example(5, 4, gives=True)),
    Function("number.lte", at_most, _TWO, "boolean", "`left <= right`; two texts are compared as texts.", example(5, 5, gives=True)),
    Function("number.gt", greater_than, _TWO, "boolean", "`left > right`; two texts are compared as texts.", example(5, 4, gives=True)),
    Function("number.lt", less_than, _TWO, "boolean", "`left < right`; two texts are compared as texts.", example(4, 5, gives=True)),
    Function("number.max", maximum, "...numbers: number", "number", "The largest number; a list is NaN.", example(1, 5, 3, gives=5)),
    Function("number.min", minimum, "...numbers: number", "number", "The smallest number; a list is NaN.", example(1, 5, 3, gives=1)),
    Function("number.pow", power, "base: number, exponent: number", "number", "The base to the exponent.", example(2, 10, gives=1024)),
    Function("number.round", round_, "number: number", "number", "The nearest whole number; halves go up.", example(-1.5, gives=-1)),
)
