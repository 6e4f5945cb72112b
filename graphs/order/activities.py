"""What an order does: ordinary functions over the stock in stock.json, for the graph (workers.py) and for the function (workflow.py).

They only read the stock, so that every run of the example gives the same result. The ids they hand out come from the order's id: a task
that is tried again makes no second reservation.
"""

from __future__ import annotations

import json
from pathlib import Path

STOCK = Path(__file__).with_name("stock.json")


async def check_inventory(item_id: str) -> int:
    """How many of an item are in stock; 0 for an item nobody knows."""
    stock: dict[str, int] = json.loads(STOCK.read_text(encoding="utf-8"))
    return stock.get(item_id, 0)


async def reserve_item(item_id: str, quantity: int, order_id: str) -> str:
    """Sets so many aside for an order; the reservation's id."""
    return f"reservation-{order_id}"


async def notify_backorder(item_id: str, missing: int, order_id: str) -> str:
    """Asks the supplier for what an order misses; the backorder's id."""
    return f"backorder-{order_id}"
