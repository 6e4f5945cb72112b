"""Conditions, durations and maps in words."""

from __future__ import annotations

import pytest

from hotmesh.graph.labels import edge_labels
from hotmesh.graph.words import duration_words, match_words, seconds_words, words
from hotmesh.graph.wrapping import wrapped
from hotmesh.program import Match, Transition
from hotmesh.values import Json


def pipe(*rows: Json) -> Json:
    return {"@pipe": list(rows)}


A, B = "{a.output.data.qty}", "{b.output.data.qty}"
AT_LEAST_10 = pipe([A, 10], ["{@conditional.gte}"])

MATCHES: list[tuple[Json, Json, str]] = [
    (True, AT_LEAST_10, "qty ≥ 10"),
    (False, AT_LEAST_10, "qty < 10"),
    (True, pipe([A, B], ["{@conditional.gt}"]), "a.qty > b.qty"),
    (True, pipe([A, "{b.output.data.limit}"], ["{@conditional.less_than_or_equal}"]), "qty ≤ limit"),
    ("approved", "{h.hook.data.status}", "status = approved"),
    ("two words", "{h.hook.data.status}", "status = 'two words'"),
    ("", A, "qty = ''"),
    (True, "{a.output.data.ok}", "ok"),
    (False, "{a.output.data.ok}", "not ok"),
    (None, "{a.output.data.items.0.name}", "items[0].name is null"),
    (3, "{$job.data.count}", "count = 3"),
    (False, pipe([A, 1], ["{@math.add}"], ["{@number.isEven}"]), "not isEven(qty + 1)"),
    (True, pipe(["{a.output.data.items}"], ["{@array.length}", 3], ["{@conditional.gt}"]), "length of items > 3"),
    (True, pipe([A, True], ["{@logical.and}"], ["{@logical.not}"]), "not (qty and true)"),
    (False, pipe(["{a.output.data.ok}"], ["{@unary.not}"]), "ok"),
    (True, pipe(pipe([A, 2], ["{@math.multiply}"]), pipe([B, 1], ["{@math.add}"]), ["{@conditional.lt}"]), "a.qty × 2 < b.qty + 1"),
    (True, pipe([A, 2], ["{@math.add}", 3], ["{@math.multiply}", 4], ["{@conditional.eq}"]), "(qty + 2) × 3 = 4"),
    (404, "{a.output.metadata.code}", "code = 404"),
    ("{$job.metadata.jid}", "{a.output.data.id}", "id = job.jid"),
]


@pytest.mark.parametrize(("expected", "actual", "text"), MATCHES, ids=[text for _, _, text in MATCHES])
def test_matches(expected: Json, actual: Json, text: str) -> None:
    assert match_words(Match(expected, actual)) == text


TEMPLATES: list[tuple[Json, str]] = [
    ("plain", "plain"),
    ("{a.output.data}", "a"),
    ("{$item}", "item"),
    ("{$item.price}", "item.price"),
    ("{a.hook.data.x}", "x"),
    ("{not closed", "'{not closed'"),
    ("{a b}", "{a b}"),
    (["{a.output.data.x}", 1, None, True], "[x, 1, null, true]"),
    ({"to": "{a.output.data.x}", "n": 1.5}, "{to: x, n: 1.5}"),
    (pipe(["{@date.now}"]), "now"),
    (pipe(["{a.output.data.list}", 1], ["{@array.get}"]), "list[1]"),
    (pipe(["{a.output.data.ok}", "yes", "no"], ["{@conditional.ternary}"]), "if ok then yes else no"),
    (pipe(["{a.output.data.list}", 0], {"@reduce": [["{$output}", "{$item}"], ["{@math.add}"]]}), "reduce(list)"),
    (pipe(["a b", " "], ["{@string.split}"], pipe(["{@array.get}"]), ["{@string.toUpperCase}"]), "toUpperCase(split('a b', ' ')[0])"),
    (pipe(), "nothing"),
    ({"@pipe": "broken"}, "nothing"),
]


@pytest.mark.parametrize(("template", "text"), TEMPLATES, ids=[text for _, text in TEMPLATES])
def test_templates(template: Json, text: str) -> None:
    assert words(template) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"),
        (0.25, "250 ms"),
        (1.5, "1.5 s"),
        (9.97, "10 s"),
        (90, "1 min 30 s"),
        (3599.7, "1 h"),
        (5400, "1 h 30 min"),
        (86400, "1 d"),
        (90061, "1 d 1 h"),
        (14 * 86400, "2 w"),
    ],
)
def test_seconds(value: float, text: str) -> None:
    assert seconds_words(value) == text


def test_durations() -> None:
    assert duration_words("1h30m") == "1 h 30 min"
    assert duration_words("{a.output.data.delay}") == "delay"
    assert duration_words("soon") == "soon"


YES = (Match(True, AT_LEAST_10),)
NO = (Match(False, AT_LEAST_10),)
EDGES: list[tuple[str, list[Transition], list[str]]] = [
    ("one edge without conditions", [Transition("a", "b")], [""]),
    ("yes and no", [Transition("a", "b", match=YES), Transition("a", "c", match=NO)], ["qty ≥ 10", "else"]),
    ("only no", [Transition("a", "c", match=NO)], ["qty < 10"]),
    ("success and an error", [Transition("a", "b"), Transition("a", "c", codes=("422",))], ["success", "code 422"]),
    ("several codes", [Transition("a", "c", codes=("404", "5xx"))], ["code 404 or 5xx"]),
    ("always beside sometimes", [Transition("a", "b"), Transition("a", "c", match=YES)], ["always", "qty ≥ 10"]),
    ("each", [Transition("a", "b", foreach="{a.output.data.items}")], ["each of items"]),
    ("each, when", [Transition("a", "b", foreach="{a.output.data.items}", match=YES)], ["each of items if qty ≥ 10"]),
    ("code and condition", [Transition("a", "b", codes=("422",), match=YES)], ["code 422 and qty ≥ 10"]),
    (
        "code and one of two conditions",
        [Transition("a", "b", codes=("422",), gate="or", match=(*YES, Match("x", "{a.output.data.kind}")))],
        ["code 422 and (qty ≥ 10 or kind = x)"],
    ),
]


@pytest.mark.parametrize(("edges", "labels"), [case[1:] for case in EDGES], ids=[case[0] for case in EDGES])
def test_edges(edges: list[Transition], labels: list[str]) -> None:
    assert edge_labels(edges) == labels


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ("short",)),
        ("total > amount and kind = car", ("total > amount", "and kind = car")),
        ("available ≥ requestedQuantity", ("available ≥", "requestedQuantity")),
        ("averyveryverylongwordwithoutanybreak", ("averyveryverylongwor…",)),
        ("a and b and c and d and e and f and g and h and i and j and k and l and m and n and o and p", None),
    ],
)
def test_wrapping(text: str, lines: tuple[str, ...] | None) -> None:
    found = wrapped(text, 21)
    assert lines is None or found == lines
    assert len(found) <= 3
    assert all(len(line) <= 21 for line in found)
