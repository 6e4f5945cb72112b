"""A mesh for one small app: `start(graphs, workers)`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from textwrap import indent
from typing import Any

import pytest

from hotmesh import HotMesh

Start = Callable[..., Awaitable[HotMesh]]


@pytest.fixture
async def start(dsn: str, app_id: str) -> AsyncIterator[Start]:
    """Deploys an app of these graphs (YAML, from `- subscribes:`), serves these topics, gives the mesh; leaves nothing in the streams."""
    async with AsyncExitStack() as stack:

        async def begin(graphs: str, workers: dict[str, Any] | None = None, **options: Any) -> HotMesh:
            served = [each if isinstance(each, dict) else {"callback": each} for each in (workers or {}).values()]
            named = [{"topic": topic, **each} for topic, each in zip(workers or {}, served, strict=True)]
            mesh = await stack.enter_async_context(HotMesh(app_id=app_id, engine={"connection": dsn}, workers=named, **options))
            await mesh.deploy(f"app:\n  id: {app_id}\n  version: '1'\n  graphs:\n{indent(graphs, '    ')}\n")
            await mesh.activate("1")
            return mesh

        yield begin
