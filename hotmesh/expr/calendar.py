"""The calendar of ECMAScript (ECMA-262, "Time Values and Time Range"): milliseconds since 1970 in UTC, without leap seconds."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

DAY_MS: Final = 86_400_000
RANGE_MS: Final = 8_640_000_000_000_000
"""The furthest a time value may lie from 1970."""


class Fields(NamedTuple):
    """A time value taken apart. `month` counts from 0 and `weekday` from Sunday = 0, as in ECMAScript."""

    year: int
    month: int
    day: int
    hours: int
    minutes: int
    seconds: int
    milliseconds: int
    weekday: int


def day_number(year: int, month: int, day: int) -> int:
    """The days from 1970-01-01 to a date of the proleptic Gregorian calendar; `month` counts from 0 and may run over."""
    year, month = year + month // 12, month % 12
    shifted = year - (month < 2)
    era, year_of_era = divmod(shifted, 400)
    day_of_year = (153 * ((month + 10) % 12) + 2) // 5
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468 + day - 1


def fields_of(time_ms: int) -> Fields:
    """A time value taken apart, in UTC."""
    days, rest = divmod(time_ms, DAY_MS)
    year, month, day = _civil(days)
    hours, rest = divmod(rest, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return Fields(year, month, day, hours, minutes, *divmod(rest, 1000), (days + 4) % 7)


def _civil(days: int) -> tuple[int, int, int]:
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    month = (shifted_month + 2) % 12
    return era * 400 + year_of_era + (month < 2), month, day_of_year - (153 * shifted_month + 2) // 5 + 1


def make_time(parts: tuple[float, ...]) -> float:
    """The time value of (year, month, day, hours, minutes, seconds, milliseconds), each of which may run over; NaN when out of range."""
    if not all(math.isfinite(part) for part in parts):
        return math.nan
    year, month, day, hours, minutes, seconds, milliseconds = (int(part) for part in parts)
    if abs(year) + abs(month) > 10_000_000:
        return math.nan
    days = day_number(year, month, 1) + day - 1
    return time_clip(days * DAY_MS + hours * 3_600_000 + minutes * 60_000 + seconds * 1000 + milliseconds)


def time_clip(time_ms: float) -> float:
    """A whole time value within the range of dates, or NaN."""
    return int(time_ms) if abs(time_ms) <= RANGE_MS else math.nan
