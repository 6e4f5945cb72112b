"""What a workflow leaves behind when it ends: calls that nobody awaited, errors that nobody looked at. Both are mistakes worth a line."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from hotmesh.durable.call import DurableCall
from hotmesh.durable.loop import WorkflowLoop

log = logging.getLogger("hotmesh.durable")

_AWAITED = ("activity", "wait", "task")
"""Commands that are asked for in order to wait for them; a child, a signal or an order may be left alone."""


def report_loose_ends(info: Any, outcome: str, loop: WorkflowLoop, waiting: Iterable[object]) -> None:
    """Log what the workflow `info` leaves behind."""
    for task in loop.unseen():
        error = task.exception()
        log.error("workflow %s %s: %s ended with an error that nobody awaited", info.name, info.id, task.get_name(), exc_info=error)
    if outcome != "completed":
        return
    for call in waiting:
        if isinstance(call, DurableCall) and call.command.kind in _AWAITED and not call.watched:
            log.warning(
                "workflow %s %s has ended without awaiting %s (%s): what nobody awaits may never run",
                info.name,
                info.id,
                call.command,
                call.command.place,
            )
