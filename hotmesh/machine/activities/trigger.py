"""trigger: its output is the payload that started the job, so it settles at once."""

from __future__ import annotations

from hotmesh.machine.job import Instance
from hotmesh.machine.run import Run


def begin(run: Run, instance: Instance) -> None:
    """Settle with the payload."""
    run.dispatched(instance)
    run.settle(instance, "success", 200)
