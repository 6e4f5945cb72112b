"""How a job stands, in one word, from what its row says."""

from __future__ import annotations

from hotmesh.export.execution import State
from hotmesh.values import Json


def ended_state(status: int, error: Json) -> State:
    """The state of a job that has ended. `error` is the row's; those who end a job from outside leave their `kind` in it."""
    if status == 0:
        return "completed"
    if error is None:
        return "interrupted"
    kind = error.get("kind") if isinstance(error, dict) else None
    if kind == "interrupted":
        return "interrupted"
    return "cancelled" if kind == "cancelled" else "failed"
