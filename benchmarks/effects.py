"""Effects that can be counted: a row each, under a key that is the same for all attempts of an activity."""

from __future__ import annotations

from enum import Enum
from typing import Any

APP_ID = "bench"
"""The app (namespace, name) in the database of each process."""

TABLE = "public.effects"
CONCURRENCY = 50
"""Effects that a worker has in flight."""
SECONDS = 0.01
"""How long one takes after its row is written: the time in which a kill finds it half done."""
LEASE_S = 5.0
"""The lease of the process that is killed, in place of the default of 30 s, to save time."""
SHORT_LEASE_S = 1.0
"""That of a quick look."""


class Effects(Enum):
    """What the worker of another process does."""

    NONE = "none"
    ORDINARY = "ordinary"
    TRANSACTIONAL = "transactional"


async def record(connection: Any, key: str) -> None:
    """The effect. `connection`: one of asyncpg, or a pool."""
    await connection.execute(f"INSERT INTO {TABLE} (key) VALUES ($1)", key)
