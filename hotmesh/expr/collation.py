"""The order of texts by locale (a A ä b B): accents and case count only where the letters are the same."""

from typing import Any


def collation_key(text: str) -> Any:
    return text
