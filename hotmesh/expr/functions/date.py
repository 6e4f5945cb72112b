"""Dates, in UTC: ECMAScript's `Date`, with its local time being UTC. A date is given as ISO 8601 text, epoch milliseconds or a date."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from hotmesh.expr.calendar import Fields, fields_of, make_time, time_clip
from hotmesh.expr.dates import Date, compact_text, date_text, day_text, iso_text, milliseconds
from hotmesh.expr.faults import Fault
from hotmesh.expr.scope import Scope
from hotmesh.expr.signature import ANY, Function, example
from hotmesh.expr.values import to_number, to_time, truthy
from hotmesh.values import UNDEFINED


def now(scope: Scope) -> int:
    return milliseconds(scope.now)


def yyyymmdd(scope: Scope, date: Any = UNDEFINED) -> str:
    return to_iso_x_string(scope, date)[:-10]


def from_iso_string(date: Any = UNDEFINED) -> Date:
    return Date(to_time(date))


def parse(date: Any = UNDEFINED) -> float:
    try:
        return to_time(date)
    except Fault:
        return math.nan


def utc(*parts: Any) -> float:
    given = [*parts, *[UNDEFINED] * 7]
    year, *rest = [default if part is UNDEFINED else to_number(part) for part, default in zip(given, _UTC_DEFAULTS, strict=False)]
    return make_time((1900 + int(year) if 0 <= year < 100 else year, *rest))


_UTC_DEFAULTS: Final = (math.nan, 0, 1, 0, 0, 0, 0)


def get_time(date: Any = UNDEFINED) -> float:
    return to_time(date)


def get_timezone_offset(date: Any = UNDEFINED) -> float:
    time_ms = to_time(date)
    return time_ms if time_ms != time_ms else 0


def set_time(date: Any = UNDEFINED, time_ms: Any = UNDEFINED) -> float:
    to_time(date)
    return time_clip(to_number(time_ms))


def to_iso_string(date: Any = UNDEFINED) -> str:
    return iso_text(_valid(to_time(date)))


def to_iso_x_string(scope: Scope, date: Any = UNDEFINED) -> str:
    return compact_text(_valid(to_time(date) if truthy(date) else now(scope)))


def _valid(time_ms: float) -> Date:
    if time_ms != time_ms:
        raise Fault("the date is invalid")
    return Date(time_ms)


def to_json(date: Any = UNDEFINED) -> str | None:
    time_ms = to_time(date)
    return None if time_ms != time_ms else iso_text(Date(time_ms))


def to_string(date: Any = UNDEFINED) -> str:
    return date_text(Date(to_time(date)))


def to_date_string(date: Any = UNDEFINED) -> str:
    return day_text(Date(to_time(date)))


def to_locale_string(date: Any = UNDEFINED, locale: Any = UNDEFINED, options: Any = UNDEFINED) -> str:
    return _locale_text(to_time(date), locale, options, date=True, time=True)


def to_locale_date_string(date: Any = UNDEFINED, locale: Any = UNDEFINED, options: Any = UNDEFINED) -> str:
    return _locale_text(to_time(date), locale, options, date=True, time=False)


def to_locale_time_string(date: Any = UNDEFINED, locale: Any = UNDEFINED, options: Any = UNDEFINED) -> str:
    return _locale_text(to_time(date), locale, options, date=False, time=True)


def _locale_text(time_ms: float, locale: Any, options: Any, *, date: bool, time: bool) -> str:
    from hotmesh.expr.intl import date_and_time

    return date_and_time(time_ms, locale, options, date=date, time=time)


def _getter(index: int) -> Callable[..., float]:
    """Reads one of the `Fields` of a date."""

    def get(date: Any = UNDEFINED) -> float:
        time_ms = to_time(date)
        return time_ms if time_ms != time_ms else fields_of(int(time_ms))[index]

    return get


def _setter(first: int, count: int) -> Callable[..., float]:
    """Sets `count` of the `Fields` of a date from the one numbered `first`; parts that are not given stay."""

    def set_parts(date: Any = UNDEFINED, *parts: Any) -> float:
        time_ms = to_time(date)
        if time_ms != time_ms and first:
            return math.nan
        fields: list[float] = list(fields_of(0 if time_ms != time_ms else int(time_ms))[:7])
        for offset, part in enumerate(parts or (UNDEFINED,)):
            if not offset or part is not UNDEFINED:
                fields[first + offset] = to_number(part)
        return make_time(tuple(fields))

    return set_parts


_PARTS: Final = ("year", "month", "day", "hours", "minutes", "seconds", "milliseconds")
_DATE: Final = "date: date"
_SOME_DAY: Final = "2023-04-23T01:02:03.456Z"


def _getters(name: str, field: str, summary: str, result: int) -> tuple[Function, ...]:
    get = _getter(Fields._fields.index(field))
    return tuple(
        Function(f"date.get{zone}{name}", get, _DATE, "number", summary, example(_SOME_DAY, gives=result), method=True)
        for zone in ("", "UTC")
    )


def _setters(name: str, first: str, count: int, summary: str, argument: int, result: int) -> tuple[Function, ...]:
    index = _PARTS.index(first)
    needed, *others = _PARTS[index : index + count]
    signature = ", ".join([_DATE, f"{needed}: number", *(f"{other}?: number" for other in others)])
    return tuple(
        Function(
            f"date.set{zone}{name}",
            _setter(index, count),
            signature,
            "number",
            summary,
            example(_SOME_DAY, argument, gives=result),
            method=True,
        )
        for zone in ("", "UTC")
    )


FUNCTIONS: Final = (
    Function("date.now", now, "", "number", "The moment of the step, in epoch milliseconds.", example(gives=ANY), context=True),
    Function(
        "date.yyyymmdd",
        yyyymmdd,
        "date?: date",
        "string",
        "The day as 8 digits; today when empty.",
        example(_SOME_DAY, gives="20230423"),
        context=True,
        method=True,
    ),
    Function("date.fromISOString", from_iso_string, _DATE, "date", "The date of a text.", example(_SOME_DAY, gives=_SOME_DAY), method=True),
    Function(
        "date.parse",
        parse,
        _DATE,
        "number",
        "The date in epoch milliseconds, NaN when it is none.",
        example("2023-04-23", gives=1682208000000),
    ),
    Function(
        "date.UTC",
        utc,
        "year: number, month?: number, day?: number, hours?: number, minutes?: number, seconds?: number, milliseconds?: number",
        "number",
        "The epoch milliseconds of a date in parts; months count from 0.",
        example(2023, 3, 23, 1, 2, 3, 456, gives=1682211723456),
    ),
    *_getters("Date", "day", "The day of the month.", 23),
    *_getters("Day", "weekday", "The day of the week; Sunday is 0.", 0),
    *_getters("FullYear", "year", "The year.", 2023),
    *_getters("Hours", "hours", "The hours.", 1),
    *_getters("Milliseconds", "milliseconds", "The milliseconds.", 456),
    *_getters("Minutes", "minutes", "The minutes.", 2),
    *_getters("Month", "month", "The month; January is 0.", 3),
    *_getters("Seconds", "seconds", "The seconds.", 3),
    Function("date.getTime", get_time, _DATE, "number", "The epoch milliseconds.", example(_SOME_DAY, gives=1682211723456), method=True),
    Function("date.valueOf", get_time, _DATE, "number", "The epoch milliseconds.", example(_SOME_DAY, gives=1682211723456), method=True),
    Function(
        "date.getTimezoneOffset",
        get_timezone_offset,
        _DATE,
        "number",
        "Always 0: the time zone is UTC.",
        example(_SOME_DAY, gives=0),
        method=True,
    ),
    *_setters("Date", "day", 1, "The epoch milliseconds with another day of the month.", 1, 1680310923456),
    *_setters("FullYear", "year", 3, "The epoch milliseconds with another year (month, day).", 2024, 1713834123456),
    *_setters("Hours", "hours", 4, "The epoch milliseconds with other hours (minutes, seconds, milliseconds).", 5, 1682226123456),
    *_setters("Milliseconds", "milliseconds", 1, "The epoch milliseconds with other milliseconds.", 5, 1682211723005),
    *_setters("Minutes", "minutes", 3, "The epoch milliseconds with other minutes (seconds, milliseconds).", 30, 1682213403456),
    *_setters("Month", "month", 2, "The epoch milliseconds with another month (day); January is 0.", 0, 1674435723456),
    *_setters("Seconds", "seconds", 2, "The epoch milliseconds with other seconds (milliseconds).", 30, 1682211750456),
    Function(
        "date.setTime",
        set_time,
        "date: date, time: number",
        "number",
        "The epoch milliseconds given.",
        example(_SOME_DAY, 1000, gives=1000),
        method=True,
    ),
    Function("date.toISOString", to_iso_string, _DATE, "string", "The date as ISO 8601.", example(_SOME_DAY, gives=_SOME_DAY), method=True),
    Function(
        "date.toISOXString",
        to_iso_x_string,
        "date?: date",
        "string",
        "The date as digits; now when empty.",
        example(_SOME_DAY, gives="20230423010203.456"),
        context=True,
        method=True,
    ),
    Function(
        "date.toJSON",
        to_json,
        _DATE,
        "string",
        "The date as ISO 8601, null for an invalid one.",
        example(_SOME_DAY, gives=_SOME_DAY),
        method=True,
    ),
    Function(
        "date.toString",
        to_string,
        _DATE,
        "string",
        "The date as ECMAScript writes it.",
        example(_SOME_DAY, gives="Sun Apr 23 2023 01:02:03 GMT+0000 (Coordinated Universal Time)"),
        method=True,
    ),
    Function("date.toDateString", to_date_string, _DATE, "string", "The day.", example(_SOME_DAY, gives="Sun Apr 23 2023"), method=True),
    Function(
        "date.toLocaleString",
        to_locale_string,
        "date: date, locale?: any, options?: map",
        "string",
        "The date and time as a locale writes them ('en-US' unless told otherwise), with the options of Intl.DateTimeFormat.",
        example(_SOME_DAY, "en-US", {"timeZone": "America/New_York"}, gives="4/22/2023, 9:02:03 PM"),
        method=True,
    ),
    Function(
        "date.toLocaleDateString",
        to_locale_date_string,
        "date: date, locale?: any, options?: map",
        "string",
        "The day as a locale writes it.",
        example(_SOME_DAY, "en-GB", gives="23/04/2023"),
        method=True,
    ),
    Function(
        "date.toLocaleTimeString",
        to_locale_time_string,
        "date: date, locale?: any, options?: map",
        "string",
        "The time as a locale writes it.",
        example(_SOME_DAY, "en-US", gives="1:02:03 AM"),
        method=True,
    ),
)
