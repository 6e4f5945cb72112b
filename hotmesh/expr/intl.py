"""Dates as people of a locale write them: the part of ECMA-402 `Intl.DateTimeFormat` that `toLocaleString` uses.

A pattern is found by the fields that are wanted (a CLDR skeleton such as `yMMMd`), its letters are replaced by the fields of the
date. The data of 'en-US' and 'en-GB' are built in (`locales`); those of other locales come from babel.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any, Final

from hotmesh.expr.dates import Date
from hotmesh.expr.faults import Fault
from hotmesh.expr.locales import LocaleData, locale_data
from hotmesh.expr.values import to_string, truthy, wrong_type
from hotmesh.values import UNDEFINED

_WIDTHS: Final = ("narrow", "short", "long")
_NUMERIC: Final = ("numeric", "2-digit")
_STYLES: Final = ("full", "long", "medium", "short")
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "era": _WIDTHS,
    "year": _NUMERIC,
    "month": (*_NUMERIC, *_WIDTHS),
    "weekday": _WIDTHS,
    "day": _NUMERIC,
    "hour": _NUMERIC,
    "minute": _NUMERIC,
    "second": _NUMERIC,
    "fractionalSecondDigits": ("1", "2", "3"),
    "timeZoneName": ("short", "long"),
    "hourCycle": ("h11", "h12", "h23", "h24"),
    "dateStyle": _STYLES,
    "timeStyle": _STYLES,
}
"""The options and what they may be; `hour12` is a boolean, `timeZone` the name of a zone, any other option has no effect."""

_DATE_FIELDS: Final = ("weekday", "year", "month", "day")
_TIME_FIELDS: Final = ("hour", "minute", "second", "fractionalSecondDigits")
_LETTERS: Final = {"era": "G", "year": "y", "month": "M", "weekday": "E", "day": "d", "hour": "h", "minute": "m", "second": "s"}


def date_and_time(time_ms: float, locale: Any, options: Any, *, date: bool, time: bool) -> str:
    """The text of a time value; the date or the time or both unless the options say otherwise. Raises Fault for what they can't say."""
    if time_ms != time_ms:
        return "Invalid Date"
    data = locale_data(locale)
    chosen = _checked(options)
    moment = Date(time_ms).to_datetime()
    if moment is None:
        raise Fault("the year is out of the range that locales can write, 1 to 9999")
    at = moment.astimezone(_zone(chosen.get("timeZone", "UTC")))
    if "dateStyle" in chosen or "timeStyle" in chosen:
        pattern = _styled(data, chosen, date=date, time=time)
    else:
        pattern = _pattern(data, _with_defaults(chosen, date=date, time=time))
    return _fill(pattern, at, data)


def _checked(options: Any) -> dict[str, str]:
    if options is UNDEFINED:
        return {}
    if not isinstance(options, dict):
        raise wrong_type("options", "a map", options)
    chosen = {key: to_string(value) for key, value in options.items() if value is not UNDEFINED and key in _CHOICES}
    for key, value in chosen.items():
        if value not in _CHOICES[key]:
            raise Fault(f"the option {key} can't be {value!r}; it is one of {', '.join(_CHOICES[key])}")
    if options.get("hour12", UNDEFINED) is not UNDEFINED:
        chosen["hourCycle"] = "h12" if truthy(options["hour12"]) else "h23"
    if options.get("timeZone", UNDEFINED) is not UNDEFINED:
        chosen["timeZone"] = to_string(options["timeZone"])
    return chosen


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise Fault(f"there is no time zone {name!r}") from None


def _with_defaults(chosen: dict[str, str], *, date: bool, time: bool) -> dict[str, str]:
    """The fields that are wanted, when none was named."""
    wanted = (*(_DATE_FIELDS if date else ()), *(_TIME_FIELDS if time else ()))
    if any(field in chosen for field in wanted):
        return chosen
    defaults = (*(_DATE_FIELDS[1:] if date else ()), *(_TIME_FIELDS[:3] if time else ()))
    return {**dict.fromkeys(defaults, "numeric"), **chosen}


def _styled(data: LocaleData, chosen: dict[str, str], *, date: bool, time: bool) -> str:
    for key, allowed in (("dateStyle", date), ("timeStyle", time)):
        if key in chosen and not allowed:
            raise Fault(f"the option {key} has no place here; use toLocaleString")
    if any(field in chosen for field in (*_DATE_FIELDS, *_TIME_FIELDS)):
        raise Fault("dateStyle and timeStyle can't stand beside single fields")
    days, clock = chosen.get("dateStyle"), chosen.get("timeStyle")
    clock_pattern = _cycled(data, data.time_styles[clock], chosen) if clock else ""
    if not days:
        return clock_pattern
    if not clock:
        return data.date_styles[days]
    joints = {"full": data.joint_at, "long": data.joint_at, "medium": data.joint, "short": data.joint_short}
    return _joined(joints[days], data.date_styles[days], clock_pattern)


def _cycled(data: LocaleData, pattern: str, chosen: dict[str, str]) -> str:
    """A time pattern with the hours counted as the options want them."""
    cycle = chosen.get("hourCycle")
    if cycle is None or (cycle in ("h11", "h12")) == ("a" in _letters_of(pattern)):
        return pattern
    fields = {name: "numeric" for name in ("hour", "minute", "second") if _LETTERS[name] in _letters_of(pattern).lower()}
    zone = "z" * _letters_of(pattern).count("z")
    return _time_pattern(data, {**fields, "hourCycle": cycle}) + (f" {zone}" if zone else "")


def _letters_of(pattern: str) -> str:
    return re.sub("'[^']*'", "", pattern)


def _pattern(data: LocaleData, chosen: dict[str, str]) -> str:
    days = _date_pattern(data, chosen)
    clock = _time_pattern(data, chosen)
    if days and clock and not any(field in chosen for field in ("era", "year", "month", "day")):
        joined = data.skeletons.get("E" + _time_skeleton(data, chosen))
        return _widened(joined, chosen) if joined else f"{days} {clock}"
    zone = {"short": "z", "long": "zzzz"}.get(chosen.get("timeZoneName", ""), "")
    if zone:
        clock = f"{clock} {zone}" if clock else zone
    if chosen.get("month") == "long":
        return _joined(data.joint_at, days, clock)
    return _joined(data.joint if chosen.get("month") == "short" else data.joint_short, days, clock)


def _joined(joint: str, days: str, clock: str) -> str:
    return joint.replace("{1}", days).replace("{0}", clock) if days and clock else days or clock


def _date_pattern(data: LocaleData, chosen: dict[str, str]) -> str:
    letters = "".join(_LETTERS[field] for field in ("era", "year", "month", "weekday", "day") if field in chosen)
    named = chosen.get("month") in _WIDTHS
    candidates = [_exact(letters, chosen), *([letters.replace("M", "MMMM")] if chosen.get("month") == "long" else [])]
    for skeleton in (*candidates, letters.replace("M", "MMM") if named else letters):
        if skeleton in data.skeletons:
            return _widened(data.skeletons[skeleton], chosen)
    singles = [data.skeletons.get("MMM" if letter == "M" and named else letter, letter) for letter in letters]
    return _widened(" ".join(singles), chosen)


def _exact(letters: str, chosen: dict[str, str]) -> str:
    """The skeleton with the widths that are wanted, as `yMMdd`."""
    widths = {"M": _width("month", chosen), "d": _width("day", chosen), "E": 4 if chosen.get("weekday") == "long" else 1}
    return "".join(letter * widths.get(letter, 1) for letter in letters)


def _width(field: str, chosen: dict[str, str]) -> int:
    return {"numeric": 1, "2-digit": 2, "short": 3, "long": 4, "narrow": 5}.get(chosen.get(field, ""), 1)


def _time_pattern(data: LocaleData, chosen: dict[str, str]) -> str:
    skeleton = _time_skeleton(data, chosen)
    pattern = data.skeletons.get(skeleton, ":".join(skeleton))
    digits = "S" * int(chosen.get("fractionalSecondDigits", 0))
    if digits:
        pattern = re.sub("s+", lambda match: f"{match.group()}{data.decimal}{digits}", pattern) if "second" in chosen else digits
    return _widened(pattern, chosen)


def _time_skeleton(data: LocaleData, chosen: dict[str, str]) -> str:
    twelve = data.twelve_hours if "hourCycle" not in chosen else chosen["hourCycle"] in ("h11", "h12")
    hour = ("h" if twelve else "H") if "hour" in chosen else ""
    return hour + "".join(_LETTERS[field] for field in ("minute", "second") if field in chosen)


def _widened(pattern: str, chosen: dict[str, str]) -> str:
    """The pattern with its fields as wide as the options want them; a field that shall be numeric keeps the width of the pattern."""
    return _FIELD.sub(lambda match: _widen(match.group(), chosen), pattern)


def _widen(field: str, chosen: dict[str, str]) -> str:
    name = _FIELD_NAMES.get(field[0])
    width = chosen.get(name or "")
    if width is None or width == "numeric" or field[0] == "'":
        return field
    if width == "2-digit":
        return field[0] * 2
    if name == "month" and len(field) < 3:
        return field
    return field[0] * {"short": 3, "long": 4, "narrow": 5}[width]


_FIELD: Final = re.compile(r"'[^']*'|([A-Za-z])\1*")
_FIELD_NAMES: Final = {
    "G": "era", "y": "year", "M": "month", "L": "month", "E": "weekday", "c": "weekday", "d": "day",
    "h": "hour", "H": "hour", "m": "minute", "s": "second",
}  # fmt: skip


def _fill(pattern: str, at: datetime, data: LocaleData) -> str:
    return _FIELD.sub(lambda match: _field(match.group(), at, data), pattern).replace("\u202f", " ")


def _field(field: str, at: datetime, data: LocaleData) -> str:
    if field[0] == "'":
        return field[1:-1] or "'"
    return _WRITERS[field[0]](at, len(field), data) if field[0] in _WRITERS else field


def _padded(number: int, width: int) -> str:
    return f"{number:0{width}}"


def _month(at: datetime, width: int, data: LocaleData, context: str) -> str:
    return _padded(at.month, width) if width < 3 else data.month_name(at.month, width, context)


def _year(at: datetime, width: int, data: LocaleData) -> str:
    return f"{at.year % 100:02}" if width == 2 else str(at.year)


_WRITERS: Final[dict[str, Callable[[datetime, int, LocaleData], str]]] = {
    "G": lambda at, width, data: data.era,
    "y": _year,
    "M": lambda at, width, data: _month(at, width, data, "format"),
    "L": lambda at, width, data: _month(at, width, data, "stand-alone"),
    "d": lambda at, width, data: _padded(at.day, width),
    "E": lambda at, width, data: data.day_name(at.weekday(), width, "format"),
    "c": lambda at, width, data: data.day_name(at.weekday(), width, "stand-alone"),
    "K": lambda at, width, data: _padded(at.hour % 12, width),
    "h": lambda at, width, data: _padded((at.hour + 11) % 12 + 1, width),
    "H": lambda at, width, data: _padded(at.hour, width),
    "m": lambda at, width, data: _padded(at.minute, width),
    "s": lambda at, width, data: _padded(at.second, width),
    "S": lambda at, width, data: f"{at.microsecond // 1000:03}"[:width],
    "a": lambda at, width, data: data.day_halves[at.hour >= 12],
    "z": lambda at, width, data: data.zone_name(at, width),
}
"""What each letter of a pattern becomes."""
