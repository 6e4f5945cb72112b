"""What a string of a template means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmesh.expr import FunctionName, Literal, Malformed, Reference, parse_reference, parse_text, walk
from hotmesh.values import UNDEFINED


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", Literal("")),
        ("{", Literal("{")),
        ("}", Literal("}")),
        ("a {b} c", Literal("a {b} c")),
        ("{{}}", Literal("{}")),
        ("{{a}}", Literal("{a}")),
        ("{{{a}}}", Literal("{{a}}")),
        ("{a}", Reference("a")),
        ("{ a.b }", Reference("a", ("b",))),
        ("{a-b_c.d}", Reference("a-b_c", ("d",))),
        ("{$job.data.x}", Reference("$job", ("data", "x"))),
        ("{$self.output.data}", Reference("$self", ("output", "data"))),
        ("{a.items[0].name}", Reference("a", ("items", "0", "name"))),
        ("{a[0][1]}", Reference("a", ("0", "1"))),
        ("{a['x.y'].z}", Reference("a", ("x.y", "z"))),
        ('{a["it\'s"]}', Reference("a", ("it's",))),
        ("{a.b c.d}", Reference("a", ("b c", "d"))),
        ("{a.é😀}", Reference("a", ("é😀",))),
        ("{a.$error.@x}", Reference("a", ("$error", "@x"))),
        ("{@string.trim}", FunctionName("string", "trim")),
        ("{ @string.trim }", FunctionName("string", "trim")),
    ],
)
def test_a_string(text: str, meaning: object) -> None:
    assert parse_text(text) == meaning


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "empty"),
        ("{  }", "empty"),
        ("{a..b}", "empty segment"),
        ("{.a}", "empty segment"),
        ("{a.}", "empty segment"),
        ("{a.b}{c.d}", "more than one"),
        ("{a.b} and {c.d}", "more than one"),
        ('{"a": 1}', "is no reference"),
        ("{a: 1}", "is no reference"),
        ("{a[x]}", "is no reference"),
        ("{a[}", "is no reference"),
        ("{a['']}", "is no reference"),
        ("{$}", "is no reference"),
        ("{@}", "is no function"),
        ("{@a}", "is no function"),
        ("{@a.b.c}", "is no function"),
        ("{@a.b()}", "is no function"),
    ],
)
def test_a_malformed_string(text: str, problem: str) -> None:
    parsed = parse_text(text)
    assert isinstance(parsed, Malformed)
    assert problem in parsed.problem
    assert parsed.help


@given(st.text(alphabet="{}[]@$.\"' ab01:"))
def test_parsing_never_raises(text: str) -> None:
    parse_text(text)
    parse_reference(text)
    parse_text(f"{{{text}}}")


@given(
    st.recursive(st.integers(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc01"), inner, max_size=3))
)
def test_walking_finds_what_lies_there(value: object) -> None:
    for path, found in leaves(value):
        assert walk(value, path) is found
        assert walk(value, (*path, "nowhere")) is UNDEFINED


def leaves(value: object, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], object]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, item in enumerate(value) for leaf in leaves(item, (*path, str(index)))]
    return [(path, value)]
