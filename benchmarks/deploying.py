"""W7: deploy and activate an app of ten activities."""

from __future__ import annotations

from itertools import count

from benchmarks.measure import Json, milliseconds, one_by_one
from benchmarks.yaml_form import YamlForm, sequence

_versions = count(2)


async def w7(form: YamlForm, scale: float) -> Json:
    """From the YAML text to the version that new jobs get; another text each time."""
    mesh = form.mesh

    async def deploy(_: int) -> None:
        version = next(_versions)
        await mesh.deploy(f"app:\n  id: {mesh.app_id}\n  version: '{version}'\n  graphs:\n{sequence('ten', 9)}\n")
        await mesh.activate(version)

    return milliseconds(await one_by_one(max(3, int(20 * scale)), deploy))
