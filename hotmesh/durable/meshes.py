"""Connections to a namespace: one mesh in this process for the clients and workers that go to the same place, with the graph deployed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from hotmesh.client.hotmesh import HotMesh
from hotmesh.durable.definition import NAMESPACE


@dataclass(slots=True)
class Shared:
    """A mesh and how many use it."""

    mesh: HotMesh
    users: int = 0
    ready: asyncio.Lock = field(default_factory=asyncio.Lock)
    started: bool = False


_meshes: dict[tuple[object, ...], Shared] = {}
"""By event loop, connection, namespace and options."""


def app_text(namespace: str) -> str:
    """graphs/durable.yaml as the app of a namespace."""
    text = files("hotmesh.graphs").joinpath("durable.yaml").read_text(encoding="utf-8")
    return text.replace(f"\n  id: {NAMESPACE}\n", f"\n  id: {namespace}\n", 1)


async def join(connection: Any, namespace: str, *, topics: tuple[str, ...] = (), **options: Any) -> Shared:
    """Join a namespace's mesh: the one this process has, or a new one (also when the one there serves one of `topics` already)."""
    loop = asyncio.get_running_loop()
    where = connection if connection is None or isinstance(connection, str) else id(connection)
    number = 0
    while True:
        key = (id(loop), where, namespace, tuple(sorted(options.items())), number)
        shared = _meshes.get(key)
        if shared is None:
            shared = _meshes[key] = Shared(HotMesh(app_id=namespace, engine={"connection": connection}, **options))
        if not (shared.started and any(topic in shared.mesh.node.router.consumers for topic in topics)):
            break
        number += 1
    shared.users += 1
    try:
        async with shared.ready:
            if not shared.started:
                await shared.mesh.start()
                await _deploy(shared.mesh, namespace)
                shared.started = True
    except BaseException:
        await leave(shared)
        raise
    return shared


async def _deploy(mesh: HotMesh, namespace: str) -> None:
    text = app_text(namespace)
    manifest = await mesh.plan(text)
    if mesh.node.programs.active != manifest.version:
        await mesh.deploy(text)
        await mesh.activate(manifest.version)


async def leave(shared: Shared, grace_s: float = 10.0) -> None:
    """Use a mesh no more; the last user stops it."""
    shared.users -= 1
    if shared.users <= 0:
        for key in [key for key, each in _meshes.items() if each is shared]:
            del _meshes[key]
        if shared.started:
            await shared.mesh.stop(grace_s)


def forget() -> None:
    """Whoever comes next gets a new mesh."""
    _meshes.clear()
