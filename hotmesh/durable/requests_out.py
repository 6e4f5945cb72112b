"""Requests to a running workflow from outside, and waiting for their replies."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from hotmesh.client.hotmesh import HotMesh
from hotmesh.durable.definition import DONE_TOPIC
from hotmesh.durable.handing_on import find_reply
from hotmesh.errors import JobError, JobNotFound, JobTimeout, WorkflowError
from hotmesh.ids import make_id
from hotmesh.machine.events import Posted
from hotmesh.machine.job import JobState
from hotmesh.machine.restore import restore
from hotmesh.runtime.listening import Finished
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
    heard = asyncio.Event()

    def listener(_: Finished) -> None:
        heard.set()

    listeners = mesh.node.listeners.setdefault(f"{DONE_TOPIC}.{workflow_id}", [])
    listeners.append(listener)
    try:
        job = await _post(mesh, found.id, workflow_id, {**payload, "id": request})
        if not wait:
            return request
        async with asyncio.timeout(timeout):
            return _value(await _reply(mesh, job, request, heard), workflow_id)
    except TimeoutError:
        raise JobTimeout(f"{workflow_id} has not answered {payload['kind']} {payload['name']} within {timeout:g} s") from None
    finally:
        listeners.remove(listener)
        if not listeners:
            mesh.node.listeners.pop(f"{DONE_TOPIC}.{workflow_id}", None)


async def _post(mesh: HotMesh, row_id: str, workflow_id: str, payload: dict[str, Json]) -> JobState:
    try:
        return await mesh.node.engine.submit(row_id, Posted(payload))
    except DroppedEvent:
        raise JobError(f"{workflow_id} has ended and takes no requests", code=409, job_id=workflow_id) from None


async def _reply(mesh: HotMesh, job: JobState, request: str, heard: asyncio.Event) -> dict[str, Json]:
    """The reply, from the job's state now, or whenever it has changed."""
    node = mesh.node
    announced = False
    while True:
        reply = find_reply(job, request)
        if reply is not None:
            return reply
        if job.done:
            raise JobError(f"{job.key} ended before it replied", code=409, job_id=job.key)
        if not announced:
            await node.announce()
            announced = True
        with suppress(TimeoutError):
            await asyncio.wait_for(heard.wait(), node.settings.poll_s)
        heard.clear()
        loaded = (await node.jobs.load([job.id]))[job.id]
        await node.programs.want({loaded.job.version})
        restore(node.programs.plan(loaded.job.version).graph_of(loaded.job.topic), loaded.job, loaded.rows)
        job = loaded.job


def _value(reply: dict[str, Json], workflow_id: str) -> Any:
    error = reply.get("error")
    if error is None:
        return reply.get("result")
    raise WorkflowError(error["message"], code=error["code"], job_id=workflow_id, stack=error.get("stack"), type=error.get("type"))
