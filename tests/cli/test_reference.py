"""The page about the commands says what the commands say."""

from __future__ import annotations

from pathlib import Path

from hotmesh.cli.reference import page

PAGE = Path(__file__).parents[2] / "docs/reference/cli.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m hotmesh.cli.reference > docs/reference/cli.md"
