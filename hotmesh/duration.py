"""A length of time in the forms people write: 90, '90', '1h30m', '5 minutes', 'PT5M', timedelta(minutes=5).

A year counts 365.25 days. Months have no fixed length and are refused.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import TypeAlias

Duration: TypeAlias = float | str | timedelta
"""Seconds, a text with units, or a timedelta."""

LONGEST_S = 1000 * 365.25 * 86_400
"""A thousand years: what is longer is taken for a mistake, since calendars of databases and of Python end."""

UNITS_S: dict[str, float] = {
    **dict.fromkeys(("ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600.0),
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), 604_800.0),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), 31_557_600.0),
}
"""The units of a text, in any case, with their seconds."""

FORMS = "write it like '1h30m', '5 minutes' or 'PT5M'"

_NUMBER = r"\d+(?:\.\d+)?|\.\d+"
_BARE = re.compile(rf"[+-]?(?:{_NUMBER})(?:[eE][+-]?\d+)?")
_PART = re.compile(rf"({_NUMBER})\s*([a-zA-Z]+)")
_WORDS = re.compile(rf"(?:{_NUMBER})\s*[a-zA-Z]+(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*)(?:{_NUMBER})\s*[a-zA-Z]+)*")
_ISO = re.compile(
    r"P(?=.)(?:(?P<y>\d+(?:[.,]\d+)?)Y)?(?:(?P<months>\d+(?:[.,]\d+)?)M)?(?:(?P<w>\d+(?:[.,]\d+)?)W)?(?:(?P<d>\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?=.)(?:(?P<h>\d+(?:[.,]\d+)?)H)?(?:(?P<m>\d+(?:[.,]\d+)?)M)?(?:(?P<s>\d+(?:[.,]\d+)?)S)?)?"
)


def parse_duration(value: object, *, bare: bool = True) -> float:
    """The seconds of a duration.

    `value`: a number of seconds (also negative), a timedelta, or a text: units ('1h30m', '5 minutes', '1 day and 2 hours'), ISO 8601
    ('PT5M'), or, when `bare` is true, a number of seconds ('90').
    Raises ValueError, with one sentence that says what is wrong, for anything else.
    """
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, str):
        seconds = _text(value.strip(), value, bare)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = _number(value)
    else:
        raise ValueError(f"a duration is a number of seconds, a text or a timedelta, not {type(value).__name__}; {FORMS}")
    if abs(seconds) > LONGEST_S:
        raise ValueError(f"the duration {value!r} is longer than a thousand years")
    return float(seconds)


def _number(value: float) -> float:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"a duration must be a finite number of seconds, not {value}")
    return value


def _text(text: str, original: str, bare: bool) -> float:
    if not text:
        raise ValueError(f"the duration is an empty text; {FORMS}")
    if _BARE.fullmatch(text):
        if not bare:
            raise ValueError(f"the duration {original!r} has no unit; write '{text}s' for seconds, or pass a number")
        return _number(float(text))
    if text[0] in "Pp":
        return _iso(text, original)
    if not _WORDS.fullmatch(text):
        raise ValueError(f"{original!r} is not a duration; {FORMS}")
    return math.fsum(float(number) * _unit(unit, original) for number, unit in _PART.findall(text))


def _unit(unit: str, original: str) -> float:
    seconds = UNITS_S.get(unit.lower())
    if seconds is not None:
        return seconds
    if unit.lower() in {"mo", "month", "months"}:
        raise ValueError(f"the duration {original!r} is in months, which have no fixed length; use days or weeks")
    raise ValueError(f"the duration {original!r} has the unknown unit {unit!r}; the units are ms, s, m, h, d, w and y")


def _iso(text: str, original: str) -> float:
    found = _ISO.fullmatch(text.upper())
    if found is None:
        raise ValueError(f"{original!r} is not an ISO 8601 duration; write it like 'PT5M' or 'P1DT12H'")
    parts = {unit: float(number.replace(",", ".")) for unit, number in found.groupdict().items() if number}
    if "months" in parts:
        raise ValueError(f"the duration {original!r} is in months, which have no fixed length; use days or weeks ('PT5M' is five minutes)")
    return math.fsum(number * UNITS_S[unit] for unit, number in parts.items())
