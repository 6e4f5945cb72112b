"""What each kind of activity does when its turn comes: leg 1. Each begins with `begin(run, instance)`, one file a kind."""

from __future__ import annotations

from collections.abc import Callable

from hotmesh.errors import HotMeshError, PipeError
from hotmesh.machine import ledger as digits
from hotmesh.machine.activities import await_, cycle, hook, interrupt, signal, trigger, worker
from hotmesh.machine.job import Instance
from hotmesh.machine.run import Run

BEGIN: dict[str, Callable[[Run, Instance], None]] = {
    "trigger": trigger.begin,
    "worker": worker.begin,
    "await": await_.begin,
    "hook": hook.begin,
    "signal": signal.begin,
    "cycle": cycle.begin,
    "interrupt": interrupt.begin,
}


def begin(run: Run, instance: Instance) -> None:
    """Do leg 1 of an instance; a map that raises settles it with its error."""
    plan = run.plan_of(instance)
    threshold = plan.activity.status_threshold
    if threshold and run.job.status <= threshold:
        run.end(None)
        return
    try:
        BEGIN[plan.kind](run, instance)
    except HotMeshError as raised:
        _fail(run, instance, raised)


def _fail(run: Run, instance: Instance, raised: HotMeshError) -> None:
    if not digits.has_begun(instance.ledger):
        run.dispatched(instance)
    if isinstance(raised, PipeError) and raised.code == PipeError.code:
        error = run.mapping_error(instance, raised)
    else:
        error = {"code": raised.code, "message": str(raised)}
    run.settle(instance, "error", error["code"], error=error)
