"""The execution that the calling code belongs to."""

from __future__ import annotations

from asyncio import events
from typing import TYPE_CHECKING

from hotmesh.durable.loop import WorkflowLoop
from hotmesh.errors import WorkflowViolation

if TYPE_CHECKING:
    from hotmesh.durable.run import WorkflowRun


def running() -> WorkflowRun | None:
    """The execution whose function is calling, None outside of workflows."""
    loop = events._get_running_loop()
    return loop.host if isinstance(loop, WorkflowLoop) else None  # type: ignore[return-value]


def current(name: str) -> WorkflowRun:
    """The execution whose function is calling `name`. Raises WorkflowViolation outside of workflows."""
    run = running()
    if run is None:
        raise WorkflowViolation(f"Durable.workflow.{name}() is only there inside a workflow function")
    return run
