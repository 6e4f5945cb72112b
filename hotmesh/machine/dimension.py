"""Dimensions: where an activity instance stands, one number per activity on its path; `(0, 0, 2)` is `,0,0,2` in the rows."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

Dimension: TypeAlias = tuple[int, ...]

ROOT: Dimension = (0,)
"""The trigger's."""


@lru_cache(maxsize=100_000)
def to_text(dimension: Dimension) -> str:
    """`(0, 0, 2)` → `,0,0,2`."""
    return "".join(f",{number}" for number in dimension)


def from_text(text: str) -> Dimension:
    """`,0,0,2` → `(0, 0, 2)`. Raises ValueError for anything else."""
    return tuple(map(int, text[1:].split(",")))
