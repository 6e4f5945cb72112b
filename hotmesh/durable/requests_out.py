"""Requests to a running workflow from outside, and waiting for their replies."""

from __future__ import annotations

import asyncio
from typing import Any

from hotmesh.client.hotmesh import HotMesh
from hotmesh.durable.replies import replies_from
from hotmesh.errors import JobError, JobNotFound, JobTimeout, WorkflowError
from hotmesh.ids import make_id
from hotmesh.machine.events import Posted
from hotmesh.runtime.work import DroppedEvent
from hotmesh.values import Json


async def ask(mesh: HotMesh, workflow_id: str, payload: dict[str, Json], timeout: float | None, *, wait: bool = True) -> Any:
    """Post a request and give its reply (without `wait`, the request's id).

    Raises JobNotFound; JobError when the workflow has ended; WorkflowError with the handler's error; JobTimeout.
    """
    found = await mesh.node.jobs.find(workflow_id)
    if found is None:
        raise JobNotFound(f"there is no workflow {workflow_id!r} in {mesh.app_id}; it may have expired")
    request = make_id()
    replies = replies_from(mesh.node, found.id, workflow_id)
    try:
        with replies.expected(request) as reply:
            await _post(mesh, found.id, workflow_id, {**payload, "id": request})
            if not wait:
                return request
            replies.watch()
            async with asyncio.timeout(timeout):
                return _value(await reply, workflow_id)
    except TimeoutError:
        raise JobTimeout(f"{workflow_id} has not answered {payload['kind']} {payload['name']} within {timeout:g} s") from None


async def _post(mesh: HotMesh, row_id: str, workflow_id: str, payload: dict[str, Json]) -> None:
    try:
        await mesh.node.engine.submit(row_id, Posted(payload))
    except DroppedEvent:
        raise JobError(f"{workflow_id} has ended and takes no requests", code=409, job_id=workflow_id) from None


def _value(reply: dict[str, Json], workflow_id: str) -> Any:
    error = reply.get("error")
    if error is None:
        return reply.get("result")
    raise WorkflowError(error["message"], code=error["code"], job_id=workflow_id, stack=error.get("stack"), type=error.get("type"))
