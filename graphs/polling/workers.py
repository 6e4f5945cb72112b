"""The three activities of the polling app. They keep nothing: a report is ready at its third poll."""

from __future__ import annotations

from typing import Any

READY_AT = 3


async def order(task: Any) -> dict[str, Any]:
    """Orders a report; the guid is the same for all attempts, so there is one order."""
    return {"reportId": f"{task.data['name']}-{task.metadata.guid}"}


async def check(task: Any) -> dict[str, Any]:
    """Whether a report is ready, and which poll this was."""
    poll = task.data["poll"]
    return {"ready": poll >= READY_AT, "poll": poll}


async def fetch(task: Any) -> dict[str, Any]:
    """Where a finished report lies."""
    return {"url": f"https://reports.example/{task.data['reportId']}"}


WORKERS = {"report.order": order, "report.check": check, "report.fetch": fetch}
"""The activities by the topic they serve."""
