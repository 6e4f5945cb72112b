"""The reference pages are those that the schema and the rules give."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotmesh.lint.reference import PAGES

DOCS = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run `python -m hotmesh.lint.reference`"
