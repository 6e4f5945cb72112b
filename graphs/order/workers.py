"""The three activities of the order app, over the stock in stock.json.

They only read the stock, so that every run of the example gives the same result. The ids they hand out come from the task's guid, which
is the same for all attempts: a task that is tried again makes no second reservation.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STOCK = Path(__file__).with_name("stock.json")


def available(item_id: str) -> int:
    """How many of an item are in stock; 0 for an item nobody knows."""
    stock: dict[str, int] = json.loads(STOCK.read_text(encoding="utf-8"))
    return stock.get(item_id, 0)


async def check_inventory(task: Any) -> dict[str, Any]:
    """How many there are."""
    return {"available": available(task.data["itemId"])}


async def reserve_item(task: Any) -> dict[str, Any]:
    """Sets them aside."""
    remaining = available(task.data["itemId"]) - task.data["quantity"]
    return {"reservationId": f"reservation-{task.metadata.guid}", "remaining": remaining}


async def notify_backorder(task: Any) -> dict[str, Any]:
    """Asks the supplier for what is missing."""
    return {"backorderId": f"backorder-{task.metadata.guid}", "missing": task.data["missing"]}


WORKERS = {
    "inventory.check": check_inventory,
    "inventory.reserve": reserve_item,
    "inventory.backorder.notify": notify_backorder,
}
"""The activities by the topic they serve."""
