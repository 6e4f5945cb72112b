"""What a pipe may use, and what happens past it: a sentence, quickly, and never a hang."""

from __future__ import annotations

from typing import Any

import pytest

from hotmesh.errors import PipeError
from hotmesh.expr import DataScope, check, compile_template
from hotmesh.expr.budget import CELL_LIMIT, RESULT_LIMIT, TEMPLATE_DEPTH_LIMIT
from hotmesh.expr.values import STRING_LIMIT


def evaluate(rows: list[Any], data: dict[str, Any] | None = None) -> Any:
    return compile_template({"@pipe": rows})(DataScope({"a": data or {}}))


def fails(rows: list[Any], data: dict[str, Any] | None = None) -> str:
    with pytest.raises(PipeError) as caught:
        evaluate(rows, data)
    return str(caught.value)


COUNT_UP = {"@reduce": [["{$output}", 1], ["{@math.add}"]]}


def test_cells_of_a_reduce_are_counted() -> None:
    """Three cells a round."""
    within = list(range(CELL_LIMIT // 3))
    assert evaluate([["{a.list}", 0], COUNT_UP], {"list": within}) == len(within)
    message = fails([["{a.list}", 0], COUNT_UP], {"list": [*within, 1, 2]})
    assert message == "the reduce passes the limit of 100,000 evaluated cells (row 1)"


def test_rounds_of_nested_reduces_and_of_pipes_in_cells_are_counted() -> None:
    nested = {"@reduce": [["{a.list}", 0], COUNT_UP, ["{@math.add}", "{$output}"], ["{@math.add}"]]}
    assert "100,000" in fails([["{a.list}", 0], nested], {"list": list(range(400))})
    in_cell = {"@reduce": [[{"@pipe": [["{a.list}", 0], COUNT_UP]}]]}
    assert "100,000" in fails([["{a.list}", 0], in_cell], {"list": list(range(400))})


def test_each_pipe_of_a_template_has_its_own_budget() -> None:
    pipe = {"@pipe": [["{a.list}", 0], COUNT_UP]}
    data = {"a": {"list": list(range(20_000))}}
    assert compile_template([pipe, pipe, pipe])(DataScope(data)) == [20_000] * 3


def test_a_long_pipe() -> None:
    count: Any = ["{@math.add}", 1]
    assert evaluate([[0, 1], *[count] * 5000]) == 5000
    sub_pipe: Any = {"@pipe": [["{@math.add}"]]}
    assert evaluate([[0, 1], *[sub_pipe, sub_pipe, ["{@math.add}"]] * 30]) == 2**30
    with pytest.raises(PipeError, match=r"text must be a string, not number \(row 501, cell 0\)"):
        evaluate([[0, 1], *[count] * 500, ["{@string.trim}"]])


def test_a_pipe_with_too_many_cells_is_not_compiled() -> None:
    rows = [[1] * (CELL_LIMIT + 1)]
    assert fails(rows) == "the pipe has more than 100,000 cells"
    assert [finding.code for finding in check({"@pipe": rows})] == ["P504", "P115"]


@pytest.mark.parametrize(
    "rows",
    [
        [["x", RESULT_LIMIT], ["{@string.repeat}"]],
        [["{a.long}"]],
        [["{a.list}"]],
        [["{a.map}"]],
        [["{a.list}"], ["{@array.concat}"]],
    ],
)
def test_a_result_past_its_limit(rows: list[Any]) -> None:
    data = {"long": "x" * (RESULT_LIMIT + 1), "list": list(range(600_000)), "map": {"x" * 1000 + str(n): n for n in range(1100)}}
    assert fails(rows, data).startswith("the result would pass the limit of 1 MiB")


def test_a_result_within_its_limit() -> None:
    assert len(evaluate([["x", RESULT_LIMIT - 2], ["{@string.repeat}"]])) == RESULT_LIMIT - 2


def doubling(function: str) -> list[Any]:
    """Forty rounds that each put the accumulator into itself twice: as a tree it has 2⁴⁰ leaves."""
    return [["{a.rounds}", "{a.seed}"], {"@reduce": [["{a.empty}", "{$output}", "{$output}"], [function]]}]


def test_a_value_that_contains_itself_many_times() -> None:
    data = {"rounds": list(range(40)), "seed": [1], "empty": []}
    assert "1 MiB" in fails(doubling("{@array.push}"), data)
    assert "16,777,216 characters" in fails([*doubling("{@array.push}"), ["{@string.concat}"]], data)
    assert "16,777,216 characters" in fails([*doubling("{@array.push}"), ["{@array.join}"]], data)
    assert "16,777,216 characters" in fails([*doubling("{@array.push}"), ["{@json.stringify}"]], data)


def test_a_value_nested_too_deep() -> None:
    data = {"rounds": list(range(3000)), "empty": []}
    rows = [["{a.rounds}", 1], {"@reduce": [["{a.empty}", "{$output}"], ["{@array.push}"]]}]
    assert "nested more than 200 levels deep" in fails(rows, data)
    assert "its arguments are nested too deep" in fails([*rows, ["{@json.stringify}"]], data)


@pytest.mark.parametrize(
    "rows",
    [
        [["ab", STRING_LIMIT], ["{@string.repeat}"]],
        [["ab", STRING_LIMIT + 1], ["{@string.padStart}"]],
        [["ab", STRING_LIMIT + 1], ["{@string.padEnd}"]],
        [["{a.long}", "{a.long}"], ["{@string.concat}"]],
        [["{a.long}", "{a.long}"], ["{@array.concat}"]],
        [["{a.long}", "{a.long}"], ["{@math.add}"]],
        [["{a.long}", "x", "$`"], ["{@string.replace}"]],
        [["{a.longs}"], ["{@array.join}"]],
    ],
)
def test_texts_past_their_limit(rows: list[Any]) -> None:
    long = "y" * (STRING_LIMIT // 2 + 1)
    assert "limit of 16,777,216 characters" in fails(rows, {"long": long + "x", "longs": [long, long]})


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(a|a?)+$"])
def test_a_slow_pattern_is_stopped(pattern: str) -> None:
    message = fails([["a" * 5000 + "!", pattern], ["{@string.search}"]])
    assert "took more than 50 ms" in message


def test_a_pattern_that_repeats_without_need_is_refused() -> None:
    for pattern in ("x{10001}", "(?:x{1000}){1000}", "((xy){80}){80}"):
        assert "repeats its parts more than 10,000 times" in fails([["a", pattern], ["{@string.search}"]])
    assert evaluate([["a", "(?:xy){0,99999999999}a{1,99999999999}"], ["{@string.search}"]]) == 0


def test_what_the_engine_of_patterns_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    import regex

    def refuse(pattern: str, flags: int) -> None:
        raise regex.error("no", pattern, 0)

    monkeypatch.setattr(regex, "compile", refuse)
    assert "'refused' is no regular expression: no at position 0" in fails([["a", "refused"], ["{@string.search}"]])


def test_a_long_pattern_is_refused() -> None:
    assert "longer than 10,000 characters" in fails([["a", "a" * 10_001], ["{@string.search}"]])
    deep = [["a", "(" * 4000 + ")" * 4000], ["{@string.search}"]]
    assert "nested too deep" in fails(deep)
    assert [finding.code for finding in check({"@pipe": deep})] == ["P114"]


def test_a_template_nested_too_deep() -> None:
    tree: Any = 1
    for _ in range(TEMPLATE_DEPTH_LIMIT + 1):
        tree = [tree]
    with pytest.raises(PipeError, match="nested more than 100 levels deep"):
        compile_template(tree)
    rows: Any = [[1]]
    for _ in range(TEMPLATE_DEPTH_LIMIT + 1):
        rows = [{"@pipe": rows}, ["{@math.add}"]]
    with pytest.raises(PipeError, match="nested more than 100 levels deep"):
        compile_template({"@pipe": rows})
    assert [finding.code for finding in check(tree)] == ["P115"]
    assert [finding.code for finding in check({"@pipe": rows})] == ["P115"]


def test_a_template_that_contains_itself() -> None:
    loop: list[Any] = []
    loop += [loop, loop]
    assert {finding.code for finding in check(loop)} == {"P115"}
    with pytest.raises(PipeError):
        compile_template(loop)


def test_a_list_with_an_element_far_beyond_its_end() -> None:
    assert "beyond the end of the list" in fails([[[1], 1_000_000, 1], ["{@object.set}"]])
