"""Dates, locales and cron beyond the vectors: what is refused, what babel gives, and the next moment of a cron expression."""

from __future__ import annotations

import math
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from hotmesh.errors import PipeError
from hotmesh.expr import DataScope, Date, compile_template
from hotmesh.values import UNDEFINED

SOME_DAY = "2023-04-23T13:02:03.456Z"


def call(function: str, *arguments: Any, now: datetime | None = None) -> Any:
    rows = [[f"{{d.{index}}}" for index in range(len(arguments))], [f"{{@{function}}}"]]
    return compile_template({"@pipe": rows})(DataScope({"d": list(arguments)}, now=now))


def test_dates_are_values() -> None:
    assert Date(5) == Date(5)
    assert len({Date(5), Date(5), Date(6)}) == 2
    assert (repr(Date(0)), repr(Date(math.nan))) == ("Date(1970-01-01T00:00:00.000Z)", "Date(NaN)")
    assert Date(5) != 5


@pytest.mark.parametrize("value", ["soon", "Apr 23, 2023", "2023/04/23", "23.4.2023", True, [], {}, None, UNDEFINED])
def test_what_is_no_date(value: Any) -> None:
    for function in ("getTime", "fromISOString", "toISOString", "setDate", "toLocaleString"):
        with pytest.raises(PipeError, match=r"no date|date must be"):
            call(f"date.{function}", value)


def test_parts_that_are_not_given_stay() -> None:
    assert call("date.setHours", SOME_DAY, 5, UNDEFINED, 7) == call("date.getTime", "2023-04-23T05:02:07.456Z")
    assert math.isnan(call("date.setHours", SOME_DAY))
    assert math.isnan(call("date.setHours", "2023-13-01", 5))


def test_empty_means_now() -> None:
    now = datetime(2023, 4, 23, 1, 2, 3, tzinfo=UTC)
    for empty in (UNDEFINED, None, "", 0):
        assert call("date.yyyymmdd", empty, now=now) == "20230423"


@pytest.mark.parametrize(
    ("locale", "options", "text"),
    [
        (["de", "fr"], UNDEFINED, "23.4.2023, 13:02:03"),
        ([], UNDEFINED, "4/23/2023, 1:02:03 PM"),
        ("de-u-ca-gregory", UNDEFINED, "23.4.2023, 13:02:03"),
        ("zh-Hans-CN", {"dateStyle": "long"}, "2023年4月23日"),
        ("xx", UNDEFINED, "4/23/2023, 1:02:03 PM"),
        ("de-XX", UNDEFINED, "23.4.2023, 13:02:03"),
        ("en", {"timeStyle": "full", "timeZone": "America/New_York"}, "9:02:03 AM Eastern Daylight Time"),
        ("fr", {"timeStyle": "full"}, "13:02:03 temps universel coordonné"),
        ("en-GB", {"timeZone": "Asia/Kolkata", "timeZoneName": "short"}, "23/04/2023, 18:32:03 GMT+5:30"),
        ("de", {"timeZone": "Europe/London", "timeZoneName": "short"}, "23.4.2023, 14:02:03 GMT+1"),
        ("de", {"timeZone": "Africa/Abidjan", "timeZoneName": "short"}, "23.4.2023, 13:02:03 GMT"),
        ("en-US", {"era": "short"}, "4/23/2023 AD, 1:02:03 PM"),
        ("en-US", {"year": "numeric", "day": "numeric"}, "2023 23"),
        ("en-US", {"timeStyle": "long", "hour12": False}, "13:02:03 UTC"),
        ("en-US", {"fractionalSecondDigits": 2}, "45"),
        ("ja", {"hour12": True, "hour": "numeric"}, "午後1時"),
        ("en-US", {"weekday": "long", "hour": "numeric", "minute": "2-digit", "fractionalSecondDigits": 3}, "Sunday 1:02 PM"),
    ],
)
def test_locales_and_options(locale: Any, options: Any, text: str) -> None:
    pytest.importorskip("babel")
    assert call("date.toLocaleString", SOME_DAY, locale, options) == text


@pytest.mark.parametrize(
    ("function", "locale", "options", "sentence"),
    [
        ("toLocaleString", "en_US", UNDEFINED, "'en_US' is no language tag; write it as en-US"),
        ("toLocaleString", None, UNDEFINED, "locale must be a language tag, not null"),
        ("toLocaleString", 5, UNDEFINED, "locale must be a language tag, not number"),
        ("toLocaleString", "en-US", "x", "options must be a map, not string"),
        ("toLocaleString", "en-US", {"month": "tiny"}, "the option month can't be 'tiny'; it is one of numeric, 2-digit"),
        ("toLocaleString", "en-US", {"timeZone": "Mars/Base"}, "there is no time zone 'Mars/Base'"),
        ("toLocaleString", "en-US", {"timeZone": "../../etc/passwd"}, "there is no time zone"),
        ("toLocaleDateString", "en-US", {"timeStyle": "short"}, "the option timeStyle has no place here"),
        ("toLocaleString", "en-US", {"timeStyle": "short", "hour": "numeric"}, "can't stand beside single fields"),
    ],
)
def test_locales_and_options_that_are_wrong(function: str, locale: Any, options: Any, sentence: str) -> None:
    with pytest.raises(PipeError) as caught:
        call(f"date.{function}", SOME_DAY, locale, options)
    assert sentence in str(caught.value)


def test_years_that_locales_can_not_write() -> None:
    with pytest.raises(PipeError, match="out of the range"):
        call("date.toLocaleString", 8.64e15)


def test_without_babel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "babel", None)
    monkeypatch.setitem(sys.modules, "babel.dates", None)
    assert call("date.toLocaleString", SOME_DAY, "en-GB", {"dateStyle": "full"}) == "Sunday, 23 April 2023"
    with pytest.raises(PipeError, match=r"needs babel: pip install 'hotmesh\[locale\]'"):
        call("date.toLocaleString", SOME_DAY, "is")
    with pytest.raises(PipeError, match="needs babel"):
        call("date.toLocaleString", SOME_DAY, "en-US", {"timeStyle": "full", "timeZone": "Asia/Tokyo"})


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("* * * * *", 56),
        ("*/15 * * * *", 776),
        ("@hourly", 3476),
        ("@daily", 82676),
        ("0 9 * * MON", 115_076),
        ("0 0 1 jan *", 21_855_476),
        ("0 0 L * *", 601_076),
        ("0 0 * * 5L", 428_276),
        ("0 0 * * MON#1", 687_476),
        ("30 * * * * *", 26),
        ("* * * * * *", 1),
        ("0 0 1 ? 5", 428_276),
        ("0 0 ? * MON", 82676),
        (" 5 1 * * * ", 176),
    ],
)
def test_cron(expression: str, seconds: int) -> None:
    """The moment is 2023-04-23 01:02:04, a Sunday."""
    assert call("cron.nextDelay", expression, now=datetime(2023, 4, 23, 1, 2, 4, tzinfo=UTC)) == seconds


def test_cron_never_wakes_too_early() -> None:
    assert call("cron.nextDelay", "* * * * *", now=datetime(2023, 4, 23, 1, 2, 3, 1, tzinfo=UTC)) == 57


def test_cron_of_nothing() -> None:
    assert call("cron.nextDelay", None) == -1
    assert call("cron.nextDelay") == -1


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("", "'' is no cron expression: wrong number of fields"),
        ("* * *", "'* * *' is no cron expression: wrong number of fields"),
        ("61 * * * *", "'61 * * * *' is no cron expression: bad minute"),
        ("@never", "'@never' is no cron expression: wrong number of fields"),
        ("0 0 */30 * SUN#2", "'0 0 */30 * SUN#2' never matches"),
        (5, "expression must be a cron expression, not number"),
    ],
)
def test_cron_that_does_not_parse(expression: Any, sentence: str) -> None:
    with pytest.raises(PipeError) as caught:
        call("cron.nextDelay", expression)
    assert sentence in str(caught.value)
