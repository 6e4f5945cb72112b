"""The two activities of the approval app. They only say what they would do, so that the example can be run anywhere."""

from __future__ import annotations

from typing import Any


async def pay(task: Any) -> dict[str, Any]:
    """Pays an expense; the guid is the same for all attempts, so a bank that knows it pays once."""
    return {"paymentId": f"payment-{task.metadata.guid}"}


async def decline(task: Any) -> dict[str, Any]:
    """Tells the employee why there is no money."""
    return {"told": task.data["employee"], "reason": task.data["reason"]}


WORKERS = {"expense.pay": pay, "expense.decline": decline}
"""The activities by the topic they serve."""
