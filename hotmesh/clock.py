"""Time is one function. Tests move it with `offset`; anything stored uses the database's clock instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

offset = timedelta(0)
"""Added to every reading; tests set it to travel in time."""


def now() -> datetime:
    """The present moment in UTC, moved by `offset`."""
    return datetime.now(UTC) + offset
