"""Dates: a time value in milliseconds, its texts, and how a date is read from what people write."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from hotmesh.expr.calendar import RANGE_MS, Fields, fields_of, make_time

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAYS: Final = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Date:
    """A moment, to the millisecond; `time_ms` is NaN for the invalid date."""

    __slots__ = ("time_ms",)

    def __init__(self, time_ms: float) -> None:
        self.time_ms = time_ms

    @staticmethod
    def of(value: Date | datetime) -> Date:
        """A `Date` from itself or from a datetime (a naive one is taken as UTC)."""
        return value if isinstance(value, Date) else Date(milliseconds(value))

    @property
    def is_invalid(self) -> bool:
        return self.time_ms != self.time_ms

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Date) and self.time_ms == other.time_ms

    def __hash__(self) -> int:
        return hash(self.time_ms)

    def __repr__(self) -> str:
        return f"Date({'NaN' if self.is_invalid else iso_text(self)})"

    def to_datetime(self) -> datetime | None:
        """The same moment as an aware datetime; None when it is invalid or its year is not 1 to 9999."""
        if self.is_invalid or not 1 <= fields_of(int(self.time_ms)).year <= 9999:
            return None
        return _EPOCH + timedelta(milliseconds=self.time_ms)


def milliseconds(moment: datetime) -> int:
    """The milliseconds since 1970 of a datetime; a naive one is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(milliseconds=1)


_ISO: Final = re.compile(
    r"(?P<year>\d{4}|[+-]\d{6})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?"
    r"(?:[Tt ](?P<hours>\d\d):(?P<minutes>\d\d)(?::(?P<seconds>\d\d)(?:[.,](?P<fraction>\d+))?)?"
    r"\s?(?P<offset>[Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)


def time_of_text(text: str) -> float | None:
    """The time value of an ISO 8601 text or of a numeric text; NaN when a part is out of its range, None for any other text."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        number = float(text)
        return int(number) if abs(number) <= RANGE_MS else math.nan
    match = _ISO.fullmatch(text)
    return None if match is None or match["year"] == "-000000" else _time_of_parts(match)


def _time_of_parts(match: re.Match[str]) -> float:
    year, month, day = int(match["year"]), int(match["month"] or 1), int(match["day"] or 1)
    hours, minutes, seconds = (int(match[name] or 0) for name in ("hours", "minutes", "seconds"))
    fraction = int((match["fraction"] or "0")[:3].ljust(3, "0"))
    midnight = hours == 24 and not (minutes or seconds or fraction)
    if not (1 <= month <= 12 and 1 <= day <= 31 and (hours < 24 or midnight) and minutes < 60 and seconds < 60):
        return math.nan
    return make_time((year, month - 1, day, hours, minutes - _offset_minutes(match["offset"]), seconds, fraction))


def _offset_minutes(offset: str | None) -> float:
    if offset is None or offset in "Zz":
        return 0
    digits = offset[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        return math.nan
    return (hours * 60 + minutes) * (-1 if offset[0] == "-" else 1)


def iso_text(date: Date) -> str:
    """'2023-04-23T01:02:03.456Z' (Date.prototype.toISOString). The date must be valid."""
    at = fields_of(int(date.time_ms))
    return f"{_iso_year(at.year)}-{at.month + 1:02}-{at.day:02}T{_clock(at)}.{at.milliseconds:03}Z"


def _iso_year(year: int) -> str:
    return f"{year:04}" if 0 <= year <= 9999 else f"{year:+07}"


def _clock(at: Fields) -> str:
    return f"{at.hours:02}:{at.minutes:02}:{at.seconds:02}"


def day_text(date: Date) -> str:
    """'Sun Apr 23 2023', or 'Invalid Date'."""
    if date.is_invalid:
        return "Invalid Date"
    at = fields_of(int(date.time_ms))
    year = f"{at.year:04}" if at.year >= 0 else f"-{-at.year:04}"
    return f"{DAYS[at.weekday]} {MONTHS[at.month]} {at.day:02} {year}"


def date_text(date: Date) -> str:
    """'Sun Apr 23 2023 01:02:03 GMT+0000 (Coordinated Universal Time)', or 'Invalid Date'."""
    if date.is_invalid:
        return "Invalid Date"
    return f"{day_text(date)} {_clock(fields_of(int(date.time_ms)))} GMT+0000 (Coordinated Universal Time)"


def compact_text(date: Date) -> str:
    """'20230423010203.456'. The date must be valid."""
    return iso_text(date).translate(_COMPACT)


_COMPACT: Final = str.maketrans("", "", "-:TZ")
