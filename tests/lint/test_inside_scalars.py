"""The place of a part of a scalar, whatever its quotes and folds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmesh.diagnostic import Span
from hotmesh.lint.inside_scalars import part
from hotmesh.source.composing import compose
from hotmesh.source.findings import Findings
from hotmesh.source.nodes import Scalar, SourceText, descend


def scalar(text: str) -> Scalar:
    node = descend(compose(SourceText("x", text), Findings()), "a")
    assert isinstance(node, Scalar)
    return node


def marked(text: str, span: Span) -> str:
    """The stretch of a text that a span of one line marks."""
    assert span.line == span.end_line
    return text.split("\n")[span.line - 1][span.column - 1 : span.end_column - 1]


TEXTS = {
    "plain": "a: one WORD here\n",
    "single quotes": "a: 'it''s one ''WORD'' here'\n",
    "double quotes": 'a: "tab\\t quote\\" \\u00e9 \\x41 \\U0001F600 WORD here"\n',
    "escaped letters around": 'a: "\\"\\"\\"WORD\\""\n',
    "plain over lines": "a: one\n  two\n\n  three WORD\n  four\n",
    "single quotes over lines": "a: 'one\n\n   two '' WORD\n   four'\n",
    "double quotes over lines": 'a: "one \\\n   two\n   three \\" WORD\n   four"\n',
    "literal": "a: |\n  one\n\n    two\n  three WORD four\n",
    "literal with indentation": "a: |2-\n    one\n  WORD\n",
    "folded": "a: >\n  one\n  two\n\n    more\n  three WORD\n  four\n",
    "folded and stripped": "a: >-\n\n  one\n  two WORD three\n",
    "wide letters before": "a: 'größe 漢字 WORD'\n",
    "after windows line ends": "a: |\r\n  one\r\n  two WORD\r\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_word_is_found_in_its_place(name: str) -> None:
    text = TEXTS[name]
    node = scalar(text)
    start = node.text.index("WORD")
    assert marked(text, part(node, start, start + 4)) == "WORD"


@pytest.mark.parametrize("name", TEXTS)
def test_every_letter_is_found(name: str) -> None:
    text = TEXTS[name]
    node = scalar(text)
    for at, letter in enumerate(node.text):
        span = part(node, at, at + 1)
        if letter.isalpha() and letter.isascii() and letter != "A":
            assert marked(text, span) == letter, f"letter {at} of {node.text!r}"


def test_an_empty_part_is_the_whole() -> None:
    node = scalar("a: ''\n")
    assert part(node, 0, 3) == node.span


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\x85\u2028\u2029"), min_size=1, max_size=30),
    st.data(),
)
def test_any_text_in_single_quotes(word: str, data: st.DataObject) -> None:
    text = f"a: '{word.replace(chr(39), chr(39) * 2)}'\n"
    node = scalar(text)
    at = data.draw(st.integers(0, len(node.text) - 1))
    span = part(node, at, at + 1)
    assert marked(text, span)[:1] == node.text[at]
