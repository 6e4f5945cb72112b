"""The calculator has no activities of its own: hooks that wait for nothing and pipes do all of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

WORKERS: dict[str, Callable[[Any], Awaitable[dict[str, Any]]]] = {}
"""The activities by the topic they serve: none."""
