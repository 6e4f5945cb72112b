"""A process of the poison test: a worker whose tasks take a moment, and one of which kills it.

    python -m tests.functional.crash.mine DSN APP_ID LEASE_S

It prints `ready` once it takes part, and works until a task kills it, or somebody else.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from hotmesh import HotMesh


async def step(task: Any) -> dict[str, bool]:
    """Blow up, or be done in a moment."""
    if task.data["mine"]:
        os._exit(9)
    await asyncio.sleep(0.02)
    return {"done": True}


async def work(dsn: str, app_id: str, lease_s: float) -> None:
    """Take part until killed."""
    workers = [{"topic": "field", "callback": step}]
    await HotMesh.init(app_id=app_id, engine={"connection": dsn}, workers=workers, lease_s=lease_s, poll_s=0.1)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], float(sys.argv[3])))
