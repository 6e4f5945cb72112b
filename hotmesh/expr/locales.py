"""What a locale knows of dates: names, and patterns by skeleton. English is built in, the others are babel's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from hotmesh.expr.faults import Fault
from hotmesh.expr.values import wrong_type
from hotmesh.values import UNDEFINED

if TYPE_CHECKING:
    from babel import Locale

_WIDTHS: Final = {1: "abbreviated", 2: "abbreviated", 3: "abbreviated", 4: "wide", 5: "narrow"}
Names = Mapping[str, Mapping[str, Mapping[int, str]]]
"""Names by context ('format' or 'stand-alone'), by width, by number."""


@dataclass(frozen=True)
class LocaleData:
    """The data of one locale. The joints join a date `{1}` and a time `{0}`, `joint_short` one in digits, `joint_at` one written out."""

    tag: str
    months: Names
    days: Names
    day_halves: tuple[str, str]
    era: str
    decimal: str
    twelve_hours: bool
    skeletons: Mapping[str, str]
    date_styles: Mapping[str, str]
    time_styles: Mapping[str, str]
    joint: str
    joint_short: str
    joint_at: str

    def month_name(self, month: int, width: int, context: str) -> str:
        return self.months[context][_WIDTHS[width]][month]

    def day_name(self, weekday: int, width: int, context: str) -> str:
        """`weekday` counts from Monday = 0."""
        return self.days[context][_WIDTHS[width]][weekday]

    def zone_name(self, at: datetime, width: int) -> str:
        """The name of the time zone of `at`: 'EDT' in America, 'GMT-4' elsewhere; its long name when the width is 4."""
        if width == 4 and not (self.tag.startswith("en") and str(at.tzinfo) == "UTC"):
            return _long_zone_name(self.tag, at)
        name = at.tzname() or ""
        if width == 4:
            return "Coordinated Universal Time"
        return name if name == "UTC" or (self.tag == "en-US" and name.isalpha()) else _offset_name(at)


def _offset_name(at: datetime) -> str:
    minutes = int((at.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"GMT{'-' if minutes < 0 else '+'}{hours}{f':{rest:02}' if rest else ''}" if minutes else "GMT"


_TAG: Final = re.compile(
    r"(?P<language>[a-z]{2,3}|[a-z]{5,8})(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|\d{3}))?"
    r"(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wyz\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?",
    re.ASCII | re.IGNORECASE,
)


def locale_data(locale: Any) -> LocaleData:
    """The data of a language tag, or of the first of a list of tags; 'en-US' for undefined and for languages nobody knows.

    Raises Fault for what is no tag, and when the locale needs babel and babel is not installed.
    """
    tag = locale[0] if isinstance(locale, list) and locale else locale
    if tag is UNDEFINED or locale == []:
        return ENGLISH["en-US"]
    if not isinstance(tag, str):
        raise wrong_type("locale", "a language tag", tag)
    match = _TAG.fullmatch(tag)
    if match is None:
        raise Fault(f"{tag!r} is no language tag; write it as en-US")
    return _data_of(match["language"].lower(), (match["script"] or "").title(), (match["region"] or "").upper())


@lru_cache(maxsize=64)
def _data_of(language: str, script: str, region: str) -> LocaleData:
    name = "-".join(filter(None, (language, region)))
    known = ENGLISH.get("en-US" if name == "en" else name)
    return known or _data_of_babel(language, script, region)


def _data_of_babel(language: str, script: str, region: str) -> LocaleData:
    try:
        from babel import Locale, UnknownLocaleError
    except ImportError:
        raise Fault(f"the locale {language!r} needs babel: pip install 'hotmesh[locale]'") from None
    for parts in ((language, script, region), (language, "", region), (language, "", "")):
        try:
            return _read(Locale.parse("_".join(filter(None, parts))))
        except (UnknownLocaleError, ValueError):
            continue
    return ENGLISH["en-US"]


def _read(locale: Locale) -> LocaleData:
    time_styles = {style: str(pattern) for style, pattern in locale.time_formats.items()}
    joint = str(locale.datetime_formats["medium"])
    return LocaleData(
        tag=str(locale),
        months=locale.months,
        days=locale.days,
        day_halves=_day_halves(locale),
        era=locale.eras["abbreviated"][1],
        decimal=locale.number_symbols["latn"]["decimal"],
        twelve_hours="h" in re.sub("'[^']*'", "", time_styles["medium"]),
        skeletons={key: str(pattern) for key, pattern in locale.datetime_skeletons.items()},
        date_styles={style: str(pattern) for style, pattern in locale.date_formats.items()},
        time_styles=time_styles,
        joint=joint,
        joint_short=str(locale.datetime_formats["short"]),
        joint_at=_JOINT_AT.get(locale.language, joint),
    )


def _day_halves(locale: Locale) -> tuple[str, str]:
    periods = locale.day_periods["format"]
    names = next(
        (periods[width] for width in ("abbreviated", "wide", "narrow") if "am" in periods.get(width, ())), {"am": "AM", "pm": "PM"}
    )
    return names["am"], names["pm"]


def _long_zone_name(tag: str, at: datetime) -> str:
    try:
        from babel.dates import get_timezone_name
    except ImportError:
        raise Fault("the long name of a time zone needs babel: pip install 'hotmesh[locale]'") from None
    return str(get_timezone_name(at, width="long", locale=tag.replace("-", "_")))


_JOINT_AT: Final = {
    "en": "{1} 'at' {0}",
    "de": "{1} 'um' {0}",
    "fr": "{1} 'à' {0}",
    "es": "{1} 'a las' {0}",
    "it": "{1} 'alle ore' {0}",
    "pt": "{1} 'às' {0}",
    "nl": "{1} 'om' {0}",
    "sv": "{1} 'kl.' {0}",
    "da": "{1} 'kl.' {0}",
    "nb": "{1} 'kl.' {0}",
    "pl": "{1} {0}",
    "cs": "{1} 'v' {0}",
    "ru": "{1} 'в' {0}",
    "uk": "{1} 'о' {0}",
    "ar": "{1} 'في' {0}",
    "el": "{1} 'στις' {0}",
    "ro": "{1} 'la' {0}",
    "he": "{1} 'בשעה' {0}",
    "hi": "{1} 'को' {0} 'बजे'",
    "ca": "{1}, 'a les' {0}",
    "id": "{1} 'pukul' {0}",
    "vi": "'lúc' {0} {1}",
    "th": "{1} 'เวลา' {0}",
    "bg": "{1} 'в' {0}",
    "hr": "{1} 'u' {0}",
    "sk": "{1} 'o' {0}",
    "sl": "{1} 'ob' {0}",
    "et": "{1}, 'kell' {0}",
}
"""How a date with the month written out and a time are joined, where it is not as others are."""

_ENGLISH_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_ENGLISH_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TIMES: Final = {
    "h": "h a", "hm": "h:mm a", "hms": "h:mm:ss a", "H": "HH", "Hm": "HH:mm", "Hms": "HH:mm:ss", "ms": "mm:ss", "E": "ccc",
    "Ehm": "E h:mm a", "EHm": "E HH:mm", "Ehms": "E h:mm:ss a", "EHms": "E HH:mm:ss", "d": "d", "M": "L", "MMM": "LLL", "y": "y",
    "Gy": "y G", "yMMM": "MMM y", "GyMMM": "MMM y G",
}  # fmt: skip


def _names(names: tuple[str, ...], first: int, abbreviated: dict[str, str]) -> Names:
    widths = {
        "wide": dict(enumerate(names, first)),
        "abbreviated": {number: abbreviated.get(name, name[:3]) for number, name in enumerate(names, first)},
        "narrow": {number: name[:1] for number, name in enumerate(names, first)},
    }
    return {"format": widths, "stand-alone": widths}


def _english(tag: str, halves: tuple[str, str], twelve: bool, skeletons: str, dates: str, times: str, september: str) -> LocaleData:
    return LocaleData(
        tag=tag,
        months=_names(_ENGLISH_MONTHS, 1, {"September": september}),
        days=_names(_ENGLISH_DAYS, 0, {}),
        day_halves=halves,
        era="AD",
        decimal=".",
        twelve_hours=twelve,
        skeletons=_TIMES | dict(line.split("=") for line in skeletons.split("|")),
        date_styles=dict(zip(("full", "long", "medium", "short"), dates.split("|"), strict=True)),
        time_styles=dict(zip(("full", "long", "medium", "short"), times.split("|"), strict=True)),
        joint="{1}, {0}",
        joint_short="{1}, {0}",
        joint_at="{1} 'at' {0}",
    )


ENGLISH: Final = {
    "en-US": _english(
        "en-US", ("AM", "PM"), True,
        "Ed=d E|GyMd=M/d/y G|GyMMMd=MMM d, y G|GyMMMEd=E, MMM d, y G|Md=M/d|MEd=E, M/d|MMMd=MMM d|MMMEd=E, MMM d"
        "|yM=M/y|yMd=M/d/y|yMEd=E, M/d/y|yMMMd=MMM d, y|yMMMEd=E, MMM d, y",
        "EEEE, MMMM d, y|MMMM d, y|MMM d, y|M/d/yy", "h:mm:ss a zzzz|h:mm:ss a z|h:mm:ss a|h:mm a", "Sep",
    ),
    "en-GB": _english(
        "en-GB", ("am", "pm"), False,
        "Ed=E d|GyMd=dd/MM/y G|GyMMMd=d MMM y G|GyMMMEd=E, d MMM y G|Md=dd/MM|MEd=E dd/MM|MMMd=d MMM|MMMEd=E d MMM|MMMEEEEd=EEEE d MMM"
        "|yM=MM/y|yMd=dd/MM/y|yMEd=E, dd/MM/y|yMMMd=d MMM y|yMMMEd=E, d MMM y",
        "EEEE, d MMMM y|d MMMM y|d MMM y|dd/MM/y", "HH:mm:ss zzzz|HH:mm:ss z|HH:mm:ss|HH:mm", "Sept",
    ),
}  # fmt: skip
"""The locales that need no babel."""
