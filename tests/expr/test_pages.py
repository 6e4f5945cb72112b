"""The reference page is that of the declarations, and what it says is so."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotmesh.expr import DOMAINS, FUNCTIONS
from hotmesh.expr.reference import TITLES, explain, page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "pipes.md"


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m hotmesh.expr.reference"


def test_every_function_has_its_row() -> None:
    assert page().count("\n| `") == len(FUNCTIONS)
    assert list(TITLES) == list(DOMAINS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_can_be_explained(name: str) -> None:
    text = explain(name)
    assert text is not None
    assert text.startswith(f"{name}(")
    assert text == explain(f"{{@{name}}}")


def test_topics() -> None:
    assert explain("nothing") is None
    strings = explain("string")
    assert strings is not None
    assert strings.startswith("string: texts\n  string.split ")
    everything = explain("functions")
    assert everything is not None
    assert all(f"  {name} " in everything for name in FUNCTIONS)
