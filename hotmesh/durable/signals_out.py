"""Signals to one workflow from outside."""

from __future__ import annotations

from hotmesh import clock, ids
from hotmesh.client.hotmesh import HotMesh
from hotmesh.durable.definition import SIGNAL_JOB_TOPIC, signal_payload
from hotmesh.errors import JobError, JobNotFound


async def send_to(mesh: HotMesh, workflow_id: str, signal_id: str, data: object) -> None:
    """Send a signal to a workflow; it is kept while that does not wait for it.

    Raises JobNotFound, and JobError (409) when the workflow has ended; then nothing is kept. Asks whether it is there only when it does not
    wait for the signal.
    """
    payload, id_ = signal_payload(signal_id, data, workflow_id), ids.make_id()
    node = mesh.node
    keys = node.programs.signal_keys(SIGNAL_JOB_TOPIC, payload, clock.now())
    token = None if node.engine.paused else ids.make_token()
    message = await node.signals.send(id_, SIGNAL_JOB_TOPIC, keys, payload, "success", 200, token=token)
    if message is not None:
        node.take_message(message)
        return
    node.message_claims.alarm.ring()
    found = await node.jobs.find(workflow_id)
    if found is not None and not found.done:
        return
    await node.signals.take_back(id_)
    if found is None:
        raise JobNotFound(f"there is no workflow {workflow_id!r} in {mesh.app_id}; it may have expired, or signal_with_start may start it")
    raise JobError(f"the workflow {workflow_id} has ended and takes no signals", code=409, job_id=workflow_id)
