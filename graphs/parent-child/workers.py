"""The two activities of the parent-and-child app. The bank here declines every amount above its limit."""

from __future__ import annotations

from typing import Any

LIMIT = 1_000


async def charge(task: Any) -> dict[str, Any]:
    """Charges the card, or answers with the code 402."""
    if task.data["amount"] > LIMIT:
        return {"status": "error", "code": 402, "data": {"message": f"more than {LIMIT} is too much for this card"}}
    return {"paymentId": f"payment-{task.metadata.guid}"}


async def ship(task: Any) -> dict[str, Any]:
    """Sends the parcel."""
    return {"parcel": f"parcel-{task.data['cartId']}"}


WORKERS = {"card.charge": charge, "parcel.ship": ship}
"""The activities by the topic they serve."""
