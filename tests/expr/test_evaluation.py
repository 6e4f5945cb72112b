"""What templates mean: references, rows, sub-pipes, reduces, and the errors with their places (cases/evaluation.yaml)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from ruamel.yaml import YAML

from hotmesh import clock
from hotmesh.errors import PipeError
from hotmesh.expr import DataScope, Date, compile_template, references, to_json
from hotmesh.values import UNDEFINED
from tests.expr.vectors import CASES

PAGE = YAML(typ="safe", pure=True).load((CASES / "evaluation.yaml").read_text(encoding="utf-8"))


def evaluate(template: Any, data: dict[str, Any] | None = None, **options: Any) -> Any:
    return compile_template(template)(DataScope(data or {}, **options))


@pytest.mark.parametrize("case", PAGE["cases"], ids=lambda case: case["name"])
def test_a_template(case: dict[str, Any]) -> None:
    data = case.get("data", PAGE["data"])
    if "raises" in case:
        with pytest.raises(PipeError) as caught:
            evaluate(case["template"], data)
        assert case["raises"] in str(caught.value)
        assert caught.value.code == 590
    elif case.get("undefined"):
        assert evaluate(case["template"], data) is UNDEFINED
    else:
        assert to_json(evaluate(case["template"], data)) == case["gives"]


def test_an_error_names_its_place() -> None:
    with pytest.raises(PipeError) as caught:
        evaluate({"user": [{"@pipe": [[1, 2], ["{@math.add}"], ["{@string.trim}", 3]]}]})
    error = caught.value
    assert (error.path, error.row, error.cell, error.function) == ("user.0", 2, 0, "string.trim")


def test_a_literal_is_built_once_and_never_changed() -> None:
    template = compile_template({"list": [1, 2], "map": {"x": 1}})
    first = template(DataScope())
    assert template(DataScope()) is first
    pushed = compile_template({"@pipe": [["{a.list}", 3], ["{@array.push}"]]})
    data = {"a": {"list": [1, 2]}}
    assert pushed(DataScope(data)) == [1, 2, 3]
    assert data == {"a": {"list": [1, 2]}}


def test_the_template_may_change_after_it_was_compiled() -> None:
    rows = [["a"], ["{@string.toUpperCase}"]]
    template = compile_template({"@pipe": rows})
    rows[1][0] = "{@string.toLowerCase}"
    assert template(DataScope()) == "A"


def test_now_is_that_of_the_scope() -> None:
    now = datetime(2023, 4, 23, 1, 2, 3, 456_789, tzinfo=UTC)
    template = {
        "now": "{@date.now}",
        "date": "{@symbol.date}",
        "text": "{@date.toISOXString}",
        "day": "{@date.yyyymmdd}",
        "delay": {"@pipe": [["0 0 * * *"], ["{@cron.nextDelay}"]]},
    }
    given = {"now": 1682211723456, "date": "2023-04-23T01:02:03.456Z", "text": "20230423010203.456", "day": "20230423", "delay": 82677}
    assert to_json(evaluate(template, now=now)) == given
    assert to_json(evaluate(template, now=now.astimezone(timezone(timedelta(hours=5))))) == given


def test_without_a_moment_now_is_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: moment)
    assert evaluate("{@date.toISOXString}") == "20300101000000.000"


def test_random_numbers_repeat_with_the_seed_and_differ_from_each_other() -> None:
    draws = {"@pipe": [[[1, 2, 3], []], {"@reduce": [["{$output}", "{@math.random}"], ["{@array.push}"]]}]}
    template = {"a": "{@math.random}", "b": "{@math.random}", "c": draws, "d": draws}
    first = evaluate(template, seed=1)
    numbers = [first["a"], first["b"], *first["c"], *first["d"]]
    assert len(set(numbers)) == 8
    assert all(0 <= number < 1 for number in numbers)
    assert evaluate(template, seed=1) == first
    assert evaluate(template, seed=2) != first


def test_a_reduce_sees_the_moment_of_the_scope() -> None:
    now = datetime(2023, 4, 23, tzinfo=UTC)
    rows = [[[1], 0], {"@reduce": [["{@date.now}"]]}]
    assert evaluate({"@pipe": rows}, now=now) == 1682208000000


def test_dates_in_the_data_are_dates() -> None:
    data = {"a": {"when": datetime(2023, 4, 23, 1, 2, 3, tzinfo=UTC), "naive": datetime(2023, 4, 23), "date": Date(0)}}
    assert to_json(evaluate("{a}", data)) == {
        "when": "2023-04-23T01:02:03.000Z",
        "naive": "2023-04-23T00:00:00.000Z",
        "date": "1970-01-01T00:00:00.000Z",
    }
    assert evaluate({"@pipe": [["{a.when}"], ["{@date.getHours}"]]}, data) == 1
    assert evaluate({"@pipe": [["{a.date}", " "], ["{@string.concat}"]]}, data).startswith("Thu Jan 01 1970")


def test_tuples_read_as_lists() -> None:
    assert evaluate("{a.1}", {"a": (1, 2)}) == 2
    assert compile_template(({"@pipe": (("a", "b"), ("{@string.concat}",))},))(DataScope()) == ["ab"]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain", []),
        ("{a.b.0.c}", [("a", ("b", "0", "c"))]),
        ("{a.b[0].c}", [("a", ("b", "0", "c"))]),
        ({"x": ["{a.b}", "{$job.data.y}"], "y": "{a.b}"}, [("a", ("b",)), ("$job", ("data", "y"))]),
        ("{@string.trim}", []),
        ("{a..b}", []),
        (5, []),
        (
            {"@pipe": [["{a.list}", "{$item}"], {"@reduce": [["{$item.x}", "{b.c}"], {"@pipe": [["{$output}"]]}]}]},
            [("a", ("list",)), ("$item", ()), ("b", ("c",))],
        ),
    ],
)
def test_references(template: Any, expected: list[Any]) -> None:
    assert references(template) == expected
