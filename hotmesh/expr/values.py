"""The conversions of ECMAScript (ECMA-262, "Type Conversion" and "Number::toString") over Python values; nothing else converts.

undefined is `UNDEFINED`, null None, a number an int or a float (an int beyond ±2^53 stands for its double), a list and a map are a
list and a dict, a date is a `Date`. A string is a str; what ECMAScript counts in UTF-16 code units is counted on `to_units(text)`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from hotmesh.expr.calendar import time_clip
from hotmesh.expr.dates import Date, date_text, iso_text, time_of_text
from hotmesh.expr.faults import Fault
from hotmesh.expr.numerals import LEAST_SAFE, MAX_SAFE, double, number_text
from hotmesh.expr.paths import element, list_index
from hotmesh.values import UNDEFINED, Json, Undefined

STRING_LIMIT: Final = 16 * 1024 * 1024
"""The length of the longest string a function may make."""
SPACES: Final = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What `trim` takes away."""

_KINDS: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (Undefined, "undefined"),
    (type(None), "null"),
    (bool, "boolean"),
    ((int, float), "number"),
    (str, "string"),
    (list, "list"),
    (dict, "map"),
    ((Date, datetime), "date"),
)


def kind_of(value: Any) -> str:
    """The name of a value's type, as messages say it."""
    return next((name for types, name in _KINDS if isinstance(value, types)), type(value).__name__)


def wrong_type(parameter: str, expected: str, value: Any) -> Fault:
    """What is wrong with an argument that is converted from nothing: `text must be a string, not null`."""
    return Fault(f"{parameter} must be {expected}, not {kind_of(value)}")


def not_json(value: Any) -> Fault:
    """What is wrong with a value of Python that JSON does not know, as programs may hand them in."""
    return Fault(f"a value of type {type(value).__name__} is no JSON")


# Numbers ------------------------------------------------------------------------------------------------------------------------


def to_number(value: Any) -> float:
    """ToNumber."""
    if isinstance(value, (int, float)):
        return double(value) if not isinstance(value, bool) else int(value)
    if isinstance(value, str):
        return number_of_text(value)
    if value is None:
        return 0
    if isinstance(value, (Date, datetime)):
        return Date.of(value).time_ms
    if isinstance(value, (dict, Undefined)):
        return math.nan
    return number_of_text(to_string(value))


_DECIMAL: Final = re.compile(r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|Infinity)", re.ASCII)
_RADIX: Final = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)", re.ASCII)


def number_of_text(text: str) -> float:
    """The number that a whole text spells (StringToNumber), NaN when it spells none."""
    text = text.strip(SPACES)
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    if not text:
        return 0
    if _RADIX.fullmatch(text):
        return double(int(text, 0))
    return _whole(float(text)) if _DECIMAL.fullmatch(text) else math.nan


def leading_number(text: str) -> float:
    """The number that a text begins with (parseFloat), NaN when it begins with none."""
    match = _DECIMAL.match(text.lstrip(SPACES))
    return _whole(float(match.group())) if match else math.nan


def _whole(number: float) -> float:
    """A whole double as an int, so that it prints and counts like one; −0 stays."""
    if number.is_integer() and abs(number) <= MAX_SAFE and (number or math.copysign(1, number) > 0):
        return int(number)
    return number


def to_integer(value: Any) -> float:
    """ToIntegerOrInfinity: NaN is 0, fractions are cut off; ±Infinity stay."""
    number = value if type(value) is int and LEAST_SAFE <= value <= MAX_SAFE else to_number(value)
    if isinstance(number, int):
        return number
    return 0 if number != number else int(number) if math.isfinite(number) else number


def to_int32(value: Any) -> int:
    """ToInt32."""
    unsigned = to_uint32(value)
    return unsigned - 0x1_0000_0000 if unsigned >= 0x8000_0000 else unsigned


def to_uint32(value: Any) -> int:
    """ToUint32."""
    number = to_integer(value)
    return int(number) & 0xFFFF_FFFF if math.isfinite(number) else 0


def truthy(value: Any) -> bool:
    """ToBoolean: false, 0, NaN, '', null and undefined are false; lists, maps and dates are true, empty or not."""
    if isinstance(value, (list, dict)):
        return True
    return bool(value) and value == value


def add(left: Any, right: Any) -> Any:
    """`left + right`: a text when one of them is a text, a list, a map or a date, else a number."""
    left, right = to_primitive(left), to_primitive(right)
    if isinstance(left, str) or isinstance(right, str):
        texts = to_string(left), to_string(right)
        check_length(len(texts[0]) + len(texts[1]))
        return merge("".join(texts))
    return double(to_number(left) + to_number(right))


# Text ---------------------------------------------------------------------------------------------------------------------------


def to_string(value: Any) -> str:
    """ToString."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, list):
        return join(value, ",")
    if isinstance(value, dict):
        return "[object Object]"
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, (Date, datetime)):
        return date_text(Date.of(value))
    raise not_json(value)


def join(items: list[Any], separator: str) -> str:
    """Array.prototype.join: null and undefined are ''. Raises Fault when the text passes the limit."""
    try:
        text = separator.join(items)
    except TypeError:
        return _join(items, separator, {})
    check_length(len(text))
    return merge(text)


def _join(items: list[Any], separator: str, known: dict[int, str]) -> str:
    """`known` are the texts of the lists within, so that one that occurs many times is written once."""
    parts, size = [], -len(separator)
    for item in items:
        if isinstance(item, list):
            part = known[id(item)] = known.get(id(item)) or _join(item, ",", known)
        else:
            part = "" if item is None or item is UNDEFINED else to_string(item)
        size += len(part) + len(separator)
        check_length(size)
        parts.append(part)
    return merge(separator.join(parts))


def check_length(length: float) -> None:
    """Raises Fault when a text of so many characters passes the limit."""
    if length > STRING_LIMIT:
        raise Fault(f"the text would pass the limit of {STRING_LIMIT:,} characters")


# UTF-16 -------------------------------------------------------------------------------------------------------------------------


def to_units(text: str) -> str:
    """The text as one character per UTF-16 code unit; the same object when it has none beyond U+FFFF."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    return "".join(map(chr, memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")))


def merge(text: str) -> str:
    """The text with each pair of surrogates made one character; lone ones stay."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def well_formed(text: str) -> str:
    """The text with U+FFFD for each lone surrogate, which neither UTF-8 nor Postgres can hold (String.prototype.toWellFormed)."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", merge(text))


# Comparison ---------------------------------------------------------------------------------------------------------------------


def same(left: Any = UNDEFINED, right: Any = UNDEFINED) -> bool:
    """`===`: lists, maps and dates are equal to themselves alone."""
    kind = type(left)
    if kind is str or kind is int or kind is float:
        return bool(left == right) and not isinstance(right, bool)
    if left is right:
        return True
    if isinstance(left, (list, dict, bool, Date)) or isinstance(right, bool):
        return False
    return bool(left == right)


def loosely_equal(left: Any = UNDEFINED, right: Any = UNDEFINED) -> bool:
    """`==`."""
    if left is None or left is UNDEFINED or right is None or right is UNDEFINED:
        return (left is None or left is UNDEFINED) and (right is None or right is UNDEFINED)
    left_is_object, right_is_object = isinstance(left, OBJECTS), isinstance(right, OBJECTS)
    if left_is_object and right_is_object:
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if left_is_object or right_is_object:
        return loosely_equal(to_primitive(left), to_primitive(right))
    return to_number(left) == to_number(right)


OBJECTS: Final = (list, dict, Date, datetime)


def to_primitive(value: Any) -> Any:
    """ToPrimitive without a hint: lists, maps and dates become strings."""
    return to_string(value) if isinstance(value, OBJECTS) else value


def less(left: Any, right: Any) -> bool | None:
    """`left < right`: strings by code unit, everything else as numbers; None when a number is NaN."""
    left, right = _ordered(left), _ordered(right)
    if isinstance(left, str) and isinstance(right, str):
        return to_units(left) < to_units(right)
    left, right = to_number(left), to_number(right)
    return None if left != left or right != right else bool(left < right)


def _ordered(value: Any) -> Any:
    """ToPrimitive with the hint number."""
    if isinstance(value, (Date, datetime)):
        return to_number(value)
    return to_string(value) if isinstance(value, (list, dict)) else value


_NUMBERS: Final = frozenset({int, float})


def less_than(left: Any = UNDEFINED, right: Any = UNDEFINED) -> bool:
    """`<`"""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return bool(left < right)
    return less(left, right) is True


def greater_than(left: Any = UNDEFINED, right: Any = UNDEFINED) -> bool:
    """`>`"""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return bool(left > right)
    return less(right, left) is True


def at_most(left: Any = UNDEFINED, right: Any = UNDEFINED) -> bool:
    """`<=`"""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return bool(left <= right)
    return less(right, left) is False


def at_least(left: Any = UNDEFINED, right: Any = UNDEFINED) -> bool:
    """`>=`"""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return bool(left >= right)
    return less(left, right) is False


# JSON ---------------------------------------------------------------------------------------------------------------------------


def to_json(value: Any) -> Json:
    """Plain JSON: dates as ISO text, NaN and ±Infinity as null, undefined dropped from maps and null elsewhere, whole floats as ints."""
    kind = type(value)
    if kind is str:
        return well_formed(value)
    if kind is int or kind is bool or value is None:
        return value
    if kind is float:
        return _json_number(value)
    if isinstance(value, dict):
        return {to_json(key): to_json(item) for key, item in value.items() if item is not UNDEFINED}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return None if value is UNDEFINED else _json_scalar(value)


def _json_number(number: float) -> Json:
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) <= MAX_SAFE else number


_SCALARS: Final[tuple[tuple[type, Callable[[Any], Json]], ...]] = (
    (str, lambda value: well_formed(str.__str__(value))),
    (int, int.__int__),
    (float, lambda value: _json_number(float(value))),
    (Date, lambda value: None if value.is_invalid else iso_text(value)),
    (datetime, lambda value: iso_text(Date.of(value))),
)


def _json_scalar(value: Any) -> Json:
    for kind, convert in _SCALARS:
        if isinstance(value, kind):
            return convert(value)
    raise not_json(value)


def strict_equals(left: Any, right: Any) -> bool:
    """JSON equality: deep, 1 equals 1.0 but neither '1' nor true; undefined members count as missing."""
    if isinstance(left, dict) and isinstance(right, dict):
        return _equal_maps(left, right)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(strict_equals, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _equal_maps(left: dict[str, Any], right: dict[str, Any]) -> bool:
    left = {key: value for key, value in left.items() if value is not UNDEFINED}
    right = {key: value for key, value in right.items() if value is not UNDEFINED}
    return left.keys() == right.keys() and all(strict_equals(value, right[key]) for key, value in left.items())


# Maps ---------------------------------------------------------------------------------------------------------------------------


def own_keys(members: dict[str, Any]) -> list[str]:
    """The keys of a map in the order of ECMAScript: list indexes first, by number, then the others as they were added."""
    keys = list(members)
    if not all(isinstance(key, str) for key in keys):
        raise Fault("a map has a key that is no string")
    if not any(key[:1].isdigit() for key in keys):
        return keys
    indexes = sorted((key for key in keys if list_index(key) is not None), key=int)
    return indexes + [key for key in keys if list_index(key) is None]


def own_items(members: dict[str, Any]) -> list[tuple[str, Any]]:
    """The keys and values of a map in the order of ECMAScript."""
    return [(key, members[key]) for key in own_keys(members)]


def _nothing_in(value: Any) -> Any:
    if value is None or isinstance(value, (int, float, Undefined, Date, datetime)):
        return UNDEFINED
    raise not_json(value)


def get_property(value: Any, key: Any) -> Any:
    """`value[key]`, undefined when there is none or the value is null: elements, members, code units and `length`."""
    if isinstance(value, dict):
        return value.get(key if isinstance(key, str) else to_string(key), UNDEFINED)
    if isinstance(value, list) and type(key) is int:
        return value[key] if 0 <= key < len(value) else UNDEFINED
    if not isinstance(value, (list, str)):
        return _nothing_in(value)
    items = to_units(value) if isinstance(value, str) else value
    name = to_string(key)
    return len(items) if name == "length" else element(items, name)


# Dates --------------------------------------------------------------------------------------------------------------------------


def to_time(value: Any) -> float:
    """The time value of a date input: ISO 8601 text, a number or numeric text in epoch ms, a date. NaN for an invalid date.

    Raises Fault for everything else.
    """
    if isinstance(value, (Date, datetime)):
        return Date.of(value).time_ms
    if isinstance(value, str):
        return _time_of_text(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return time_clip(value)
    raise wrong_type("date", "an ISO 8601 text, epoch milliseconds or a date", value)


def _time_of_text(text: str) -> float:
    time_ms = time_of_text(text)
    if time_ms is None:
        raise Fault(f"{text!r} is no date; write it as 2023-04-23T01:02:03.456Z")
    return time_ms
