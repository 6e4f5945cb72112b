"""Those who wait for a workflow that stands still are told why: in the timeout's message, and in the log when they have waited a while."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from hotmesh.client.hotmesh import HotMesh
from hotmesh.errors import HotMeshError
from hotmesh.export.why import why

log = logging.getLogger("hotmesh.durable")

PATIENCE_S = 5.0
"""After so long, a wait for a workflow that nobody works on is worth a line in the log."""

LOOKS = 10
"""Workflows of one mesh looked at in that time: what holds up thousands is the same for most, and looking is work of its own."""

_looks: WeakKeyDictionary[HotMesh, deque[float]] = WeakKeyDictionary()
"""When the last ones were looked at."""


async def reason(mesh: HotMesh, workflow_id: str) -> str:
    """One sentence: what a workflow waits for."""
    try:
        return why(await mesh.execution(workflow_id, history=False)).replace("The job ", "The workflow ", 1)
    except HotMeshError as error:
        return str(error)


@contextmanager
def patient(mesh: HotMesh, workflow_id: str) -> Iterator[None]:
    """Say in the log why a workflow stands still, when whoever waits inside has waited for a while."""
    alarm = asyncio.get_running_loop().call_later(PATIENCE_S, _ring, mesh, workflow_id)
    try:
        yield
    finally:
        alarm.cancel()


def _ring(mesh: HotMesh, workflow_id: str) -> None:
    now = asyncio.get_running_loop().time()
    looks = _looks.setdefault(mesh, deque(maxlen=LOOKS))
    if len(looks) < LOOKS or now - looks[0] > PATIENCE_S:
        looks.append(now)
        mesh.node.spawn(_tell(mesh, workflow_id))


async def _tell(mesh: HotMesh, workflow_id: str) -> None:
    said = await reason(mesh, workflow_id)
    if "no live process serves" in said or " is paused " in said:
        log.warning("%s", said)
