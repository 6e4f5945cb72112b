"""The order as a function: what order.yaml draws, in Python, over the same activities.

Run it: `python graphs/order/workflow.py item-123 5`
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import activities

from hotmesh import Durable

w = Durable.workflow


@Durable.define(task_queue="orders")
async def order(item_id: str, quantity: int) -> dict[str, Any]:
    """Reserve the items when enough are there, else order what is missing."""
    act = w.proxy_activities(activities, retry={"maximum_attempts": 4, "initial_interval": "10 ms"})
    order_id = w.workflow_info().id
    available = await act.check_inventory(item_id)
    found = {"itemId": item_id, "requestedQty": quantity, "available": available}
    if available >= quantity:
        return {**found, "status": "reserved", "reservationId": await act.reserve_item(item_id, quantity, order_id)}
    return {**found, "status": "backordered", "backorderId": await act.notify_backorder(item_id, quantity - available, order_id)}


async def main(item_id: str, quantity: int) -> None:
    """Run one order, with a worker in this process."""
    async with Durable.Client() as client, Durable.Worker(client, workflows=order, activities=activities):
        print(json.dumps(await client.execute(order, item_id, quantity), indent=2))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
