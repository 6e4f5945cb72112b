"""Starts that meet a job of their id: their own doing, brought twice, or a child whose parent tries again and asks for it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotmesh.errors import DuplicateJobError
from hotmesh.machine.events import ChildAnswered, Retried
from hotmesh.machine.job import JobState, Parent
from hotmesh.machine.restore import restore
from hotmesh.runtime.work import Pending, StartRequest
from hotmesh.store.jobs import Found
from hotmesh.store.streams import Lease

if TYPE_CHECKING:
    from hotmesh.runtime.node import Node


async def meet(node: Node, request: StartRequest, lease: Lease, error: DuplicateJobError) -> None:
    """A start that was brought before changes nothing. A parent that tries again has its child. Any other is given up."""
    if request.job_id in await node.jobs.revisions([request.job_id]):
        await node.streams.drop([], [lease])
        return
    adopted = await node.jobs.adopt(request.key, request.parent) if request.again and request.parent is not None else None
    if adopted is None:
        node.give_up_start(request, lease, error)
    elif not adopted.done:
        await node.streams.drop([], [lease])
    else:
        assert request.parent is not None
        node.engine.accept(*await _answer_of(node, adopted, request.parent, lease))


async def _answer_of(node: Node, child: Found, parent: Parent, lease: Lease) -> tuple[str, Pending]:
    """What is to happen: a child that failed at an activity is tried again, any other has its answer told to its parent."""
    job = await _read(node, child.id)
    error = job.error
    if job.failed and error is not None and error.get("activity"):
        return child.id, Pending(Retried(), message=lease)
    status, code = ("success", 200) if error is None else ("error", error["code"])
    event = ChildAnswered(parent.activity_id, parent.dimension, child.id, status, code, dict(job.data), error)
    return parent.job_id, Pending(event, message=lease)


async def _read(node: Node, row_id: str) -> JobState:
    loaded = (await node.jobs.load([row_id]))[row_id]
    await node.programs.want({loaded.job.version})
    restore(node.programs.plan(loaded.job.version).graph_of(loaded.job.topic), loaded.job, loaded.rows)
    return loaded.job
