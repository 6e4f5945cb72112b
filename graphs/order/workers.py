"""The workers of order.yaml: what the graph sends becomes the arguments of an activity, what that returns becomes the answer.

`task.data` is what the activity's `input.maps` made, `task.metadata.jid` the job's id.
"""

from __future__ import annotations

from typing import Any

import activities


async def check_inventory(task: Any) -> dict[str, Any]:
    """How many there are."""
    return {"available": await activities.check_inventory(task.data["itemId"])}


async def reserve_item(task: Any) -> dict[str, Any]:
    """Sets them aside."""
    return {"reservationId": await activities.reserve_item(task.data["itemId"], task.data["quantity"], task.metadata.jid)}


async def notify_backorder(task: Any) -> dict[str, Any]:
    """Asks the supplier for what is missing."""
    return {"backorderId": await activities.notify_backorder(task.data["itemId"], task.data["missing"], task.metadata.jid)}


WORKERS = {
    "inventory.check": check_inventory,
    "inventory.reserve": reserve_item,
    "inventory.backorder.notify": notify_backorder,
}
"""The activities by the topic they serve."""
