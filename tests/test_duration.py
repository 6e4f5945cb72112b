"""Durations in every form, and the sentence each mistake gets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hotmesh.duration import parse_duration

GOOD: list[tuple[object, float]] = [
    (0, 0.0),
    (90, 90.0),
    (1.5, 1.5),
    (-3, -3.0),
    ("90", 90.0),
    (" 0.5 ", 0.5),
    ("1e3", 1000.0),
    ("-2", -2.0),
    (timedelta(minutes=5), 300.0),
    ("1h30m", 5400.0),
    ("1h 30m", 5400.0),
    ("5 minutes", 300.0),
    ("1 hour", 3600.0),
    ("1 hour and 30 minutes", 5400.0),
    ("1 day, 2 hours, and 3 sec", 93_603.0),
    ("1.5 hours", 5400.0),
    (".5s", 0.5),
    ("250ms", 0.25),
    ("2 Weeks", 1_209_600.0),
    ("1 year", 31_557_600.0),
    ("60s", 60.0),
    ("PT5M", 300.0),
    ("pt5m", 300.0),
    ("P1DT12H", 129_600.0),
    ("P2W", 1_209_600.0),
    ("PT0.5S", 0.5),
    ("PT0,5S", 0.5),
    ("P1Y", 31_557_600.0),
]

BAD: list[tuple[object, str]] = [
    ("", "empty text"),
    ("   ", "empty text"),
    ("soon", "'soon' is not a duration"),
    ("5 parsecs", "unknown unit 'parsecs'"),
    ("5 5 minutes", "is not a duration"),
    ("1h30", "is not a duration"),
    ("1 month", "no fixed length"),
    ("P1M", "no fixed length"),
    ("P", "not an ISO 8601 duration"),
    ("PT", "not an ISO 8601 duration"),
    ("P5", "not an ISO 8601 duration"),
    ("-5 minutes", "is not a duration"),
    (float("nan"), "finite"),
    (float("inf"), "finite"),
    (True, "not bool"),
    (None, "not NoneType"),
    ([1], "not list"),
    (1e12, "thousand years"),
    (10**400, "thousand years"),
    ("1e400", "finite"),
    ("2000 years", "thousand years"),
]


@pytest.mark.parametrize(("value", "seconds"), GOOD, ids=repr)
def test_a_duration_has_its_seconds(value: object, seconds: float) -> None:
    assert parse_duration(value) == pytest.approx(seconds)


@pytest.mark.parametrize(("value", "sentence"), BAD, ids=[repr(value)[:20] for value, _ in BAD])
def test_a_mistake_is_named(value: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_duration(value)


def test_a_text_without_a_unit_can_be_refused() -> None:
    with pytest.raises(ValueError, match="'90' has no unit; write '90s'"):
        parse_duration("90", bare=False)
