"""A process of the crash tests: a worker of the workflows in workflows.py.

    python -m tests.functional.durable.member DSN NAMESPACE LEASE_S DIE_AFTER

It prints `ready` once it takes part, and works until it is killed; with DIE_AFTER > 0 it kills itself after so many commits.
`CLOCK_OFFSET_S` in its environment moves its clock.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta
from typing import Any

from hotmesh import Durable, clock
from tests.functional.durable.workflows import ACTIVITIES, QUEUE, WORKFLOWS


async def work(dsn: str, namespace: str, lease_s: float, die_after: int) -> None:
    """Take part until killed."""
    client = Durable.Client(dsn, namespace=namespace, lease_s=lease_s, poll_s=0.2)
    engine = (await client.mesh()).node.engine
    commits, told = 0, engine.on_commit

    async def dying(works: Any, epoch: int) -> None:
        nonlocal commits
        commits += 1
        if commits == die_after:
            os.kill(os.getpid(), signal.SIGKILL)
        await told(works, epoch)

    engine.on_commit = dying
    worker = Durable.Worker(client, task_queue=QUEUE, workflows=WORKFLOWS, activities=ACTIVITIES, lease_s=lease_s, poll_s=0.2)
    await worker.start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    clock.offset = timedelta(seconds=float(os.environ.get("CLOCK_OFFSET_S", "0")))
    asyncio.run(work(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])))
