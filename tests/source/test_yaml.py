"""Text to nodes: values, places, aliases, merge keys and limits; the same with libyaml and without it."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmesh.compile import compile_app
from hotmesh.source import composing
from hotmesh.source.composing import compose
from hotmesh.source.findings import Findings
from hotmesh.source.nodes import Node, Scalar, SourceText, children, descend, to_json
from hotmesh.values import Json

ROOT = Path(__file__).parents[2]
YAML = [
    *(ROOT / "graphs").rglob("*.yaml"),
    *(ROOT / "hotmesh" / "lint" / "examples").glob("*.good.yaml"),
    Path(__file__).with_name("everything.yaml"),
]


def tree(text: str) -> Node:
    findings = Findings()
    node = compose(SourceText("x.yaml", text), findings)
    assert node is not None, findings.sorted()
    assert not len(findings), findings.sorted()
    return node


def codes(text: str) -> list[str]:
    findings = Findings()
    compose(SourceText("x.yaml", text), findings)
    return [found.code for found in findings.sorted()]


VALUES: dict[str, Json] = {
    "1": 1, "-7": -7, "+3": 3, "007": 7, "0o17": 15, "0x1F": 31, "0b1": "0b1", "1_000": "1_000", "1.5": 1.5, ".5": 0.5, "1.": 1.0,
    "1e3": 1000.0,
    "1.5e-3": 0.0015, ".inf": math.inf, "-.inf": -math.inf, "~": None, "null": None, "": None, "true": True, "False": False, "yes": "yes",
    "on": "on", "2024-01-31": "2024-01-31", "12:30:45": "12:30:45", "'1'": "1", '"true"': "true", "!!str 1": "1", "!!int 1": 1,
    "!!float 1": 1.0,
    "! 1": "1", "9223372036854775807": 9223372036854775807, "9223372036854775808": 9223372036854775808.0, "9" * 500: "9" * 500,
    "0o8": "0o8", "0x": "0x", "-": "-", ".": ".", "+": "+", "1e400": math.inf, "'it''s'": "it's", '"a\\tb\\u00e9"': "a\tbé",
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [item for item in VALUES.items() if item[0] != "-"])
def test_what_a_scalar_means(text: str, value: Json) -> None:
    found = to_json(tree(f"a: {text}\n"))["a"]
    assert found == value
    assert type(found) is type(value)


def test_aliases_are_copies_that_know_where_they_stand() -> None:
    node = tree("a: &x {b: 1}\nc: *x\n")
    assert to_json(node) == {"a": {"b": 1}, "c": {"b": 1}}
    copied = descend(node, "c", "b")
    assert copied is not None
    assert str(copied.span) == "x.yaml:1:11"
    assert [(str(via.span), via.message) for via in copied.via] == [("x.yaml:2:4", "reached through the alias *x")]


def test_merge_keys_add_what_is_missing() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 0\nd: {<<: *a}\ne: {'<<': 3}\n"
    assert to_json(tree(text)) == {
        "a": {"x": 1, "y": 1}, "b": {"y": 2, "z": 2}, "c": {"x": 0, "y": 1, "z": 2}, "d": {"x": 1, "y": 1}, "e": {"<<": 3},
    }  # fmt: skip


def test_keys_are_texts() -> None:
    assert to_json(tree("500: a\ntrue: b\n~: c\n'1': d\n")) == {"500": "a", "true": "b", "~": "c", "1": "d"}


def test_every_place_is_exact() -> None:
    node = tree("é: |\n  one\n  two\n\nb:   'q''s'\nc: {d: [1, 2], e: plain text}\nf: >-\n  folded\n  text  \n# end\n")
    spans = {key: descend(node, *key) for key in (("é",), ("b",), ("c",), ("c", "d"), ("c", "d", 1), ("c", "e"), ("f",))}
    assert {key[-1]: (n.span.line, n.span.column, n.span.end_line, n.span.end_column) for key, n in spans.items() if n} == {
        "é": (1, 4, 3, 6), "b": (5, 6, 5, 12), "c": (6, 4, 6, 30), "d": (6, 8, 6, 14), 1: (6, 12, 6, 13), "e": (6, 19, 6, 29),
        "f": (7, 4, 9, 7),
    }  # fmt: skip
    assert (node.span.end_line, node.span.end_column) == (9, 7)


def depth(text: str, levels: int) -> str:
    return f"a: {text[0] * levels}{text[1] * levels}"


LIMITS = {
    "deep": ("a: " + "[" * 101 + "]" * 101, ["Y107"]),
    "deeper": ("[" * 100_000, ["Y107"]),
    "deep maps": ("{a: " * 50_000, ["Y107"]),
    "deep blocks": ("".join(f"{' ' * n}a:\n" for n in range(3000)), ["Y107"]),
    "an alias that deepens": ("a: &a " + "[" * 60 + "]" * 60 + "\nb: " + "[" * 60 + "*a" + "]" * 60, ["Y107"]),
    "a billion laughs": ("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)), ["Y110"]),
    "merges that multiply": ("a0: &a0 {k: [x, x, x, x, x]}\n" + "".join(
        f"a{n}: &a{n} {{{', '.join(f'k{m}: *a{n - 1}' for m in range(10))}}}\n" for n in range(1, 10)), ["Y110"]),
    "an alias of what contains it": ("a: &a [*a]", ["Y109"]),
    "two documents": ("a: 1\n---\nb: 2\n", ["Y105"]),
    "tabs": ("a:\n\tb: 1\n", ["Y113"]),
    "a key twice": ("a: 1\nb: 2\na: 3\n", ["Y106"]),
    "a number and a text as one key": ("1: a\n'1': b\n", ["Y106"]),
    "a list as key": ("? [a]\n: 1\n", ["Y111"]),
    "an unknown tag": ("a: !new 1\nb: !!set {c}\n", ["Y108", "Y108"]),
    "a tag that lies": ("a: !!int x\n", ["Y108"]),
    "an escaped NUL": ('a: "\\0"\n', ["Y103"]),
    "a line separator": ("a: 'x\u2028y'\n", ["Y103"]),
    "nothing": ("", ["Y104"]),
    "comments only": ("# hello\n", ["Y104"]),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_what_is_too_much_or_broken_is_a_finding_and_no_hang(name: str) -> None:
    text, expected = LIMITS[name]
    assert codes(text) == expected


def test_too_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "MAX_NODES", 1000)
    assert codes("a: [" + "a," * 990 + "a]") == []
    assert codes("a: [" + "a," * 1000 + "a]") == ["Y102"]


def test_a_document_of_more_than_8_mib() -> None:
    found = compile_app("# " + "x" * (8 * 1024 * 1024)).diagnostics
    assert [each.code for each in found] == ["Y102"]


def test_many_small_aliases_take_no_time() -> None:
    text = "a: &a 1\nb:\n" + "  - *a\n" * 90_000
    assert codes(text) == []


def shown(node: Node) -> list[tuple[str, Json]]:
    """A tree with all its places."""
    span = node.span
    own = (f"{span.line}:{span.column}-{span.end_line}:{span.end_column}", node.value if isinstance(node, Scalar) else type(node).__name__)
    return [own, *(pair for child in children(node) for pair in shown(child))]


@pytest.fixture
def without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_ruamel_yaml", None)


@pytest.mark.parametrize("path", YAML, ids=lambda path: path.name)
def test_both_parsers_agree(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    with_libyaml = shown(tree(text))
    monkeypatch.setitem(sys.modules, "_ruamel_yaml", None)
    assert shown(tree(text)) == with_libyaml


@pytest.mark.usefixtures("without_libyaml")
@pytest.mark.parametrize("name", [name for name in LIMITS if name not in ("deeper", "deep maps")])
def test_the_limits_hold_without_libyaml(name: str) -> None:
    text, expected = LIMITS[name]
    assert codes(text) == expected


@settings(max_examples=60, deadline=2000)
@given(
    st.recursive(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-(2**60), 2**60),
            st.text(st.characters(codec="utf-8", exclude_characters="\x00\x85\u2028\u2029"), max_size=20),
        ),
        lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text("abcäß", max_size=4), inner)),
        max_leaves=20,
    )
)
def test_json_is_yaml(value: Json) -> None:
    assert to_json(tree(json.dumps({"a": value}))) == {"a": value}
