"""W7: deploy and activate an app of ten activities."""

from __future__ import annotations

from uuid import uuid4

from benchmarks.measure import Json, milliseconds, one_by_one
from benchmarks.yaml_form import sequence
from hotmesh import HotMesh


async def w7(dsn: str, scale: float) -> Json:
    """From the YAML text to the version that new jobs get."""
    async with HotMesh(app_id=f"bench{uuid4().hex[:8]}", engine={"connection": dsn}) as mesh:

        async def deploy(number: int) -> None:
            text = f"app:\n  id: {mesh.app_id}\n  version: '{number + 1}'\n  graphs:\n{sequence('ten', 9)}\n"
            await mesh.deploy(text)
            await mesh.activate(number + 1)

        return milliseconds(await one_by_one(max(5, int(20 * scale)), deploy))
