"""Small apps for the tests of the engine, and a mesh to run them in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from hotmesh import HotMesh

ORDER = Path(__file__).parents[3] / "graphs" / "order" / "order.yaml"


def graph(topic: str, activities: str, transitions: str = "{}", *, hooks: str = "{}", more: str = "") -> str:
    """One graph; `activities`, `transitions` and `hooks` in YAML's flow style."""
    return f"""
    - subscribes: {topic}
      publishes: {topic}.done
      activities: {activities}
      transitions: {transitions}
      hooks: {hooks}
      {more}
"""


def app(app_id: str, *graphs: str, version: str = "1") -> str:
    """An app of these graphs."""
    return f"app:\n  id: {app_id}\n  version: '{version}'\n  graphs:" + "".join(graphs)


@asynccontextmanager
async def running(dsn: str, app_id: str, text: str, workers: Mapping[str, Any] | None = None, **options: Any) -> AsyncIterator[HotMesh]:
    """A mesh in which the app of `text` is active."""
    given = [each if isinstance(each, dict) else {"topic": topic, "callback": each} for topic, each in (workers or {}).items()]
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=given, **options) as mesh:
        manifest = await mesh.deploy(text)
        await mesh.activate(manifest.version)
        yield mesh


async def until(look: Callable[[], Awaitable[bool]], timeout_s: float = 30.0) -> None:
    """Wait until the database shows something; what another process does there can't be waited for otherwise."""
    async with asyncio.timeout(timeout_s):
        while not await look():  # noqa: ASYNC110
            await asyncio.sleep(0.03)


def renew_nothing(mesh: HotMesh) -> None:
    """From now on what the process holds is its own no longer than a lease lasts, as if the process stood still."""

    async def nothing() -> None:
        return

    mesh.node.leases.renew = nothing  # type: ignore[method-assign]


async def drained(admin: asyncpg.Connection, app_id: str) -> None:
    """Wait until the streams are empty, and nothing waits."""

    async def empty() -> bool:
        tables = [f'"{app_id}".{table}' for table in ("engine_streams", "worker_streams", "waits")]
        return not any([await admin.fetchval(f"SELECT count(*) FROM {table}") for table in tables])

    await until(empty)
