"""The one activity of the fan-out app."""

from __future__ import annotations

from typing import Any


async def count(task: Any) -> dict[str, Any]:
    """How many words a text has."""
    return {"words": len(task.data["text"].split())}


WORKERS = {"text.count": count}
"""The activities by the topic they serve."""
