"""cycle: enters an ancestor again, beside its instance on this path."""

from __future__ import annotations

from hotmesh.machine.inbox import arrive, is_page
from hotmesh.machine.job import Instance
from hotmesh.machine.run import Run
from hotmesh.program import Cycle
from hotmesh.values import UNDEFINED


def begin(run: Run, instance: Instance) -> None:
    """Re-enter the ancestor with this cycle's maps and settle. Who comes back to the page of an inbox goes to the youngest one.

    With `settings: {stored: false}` a cycle leaves no row: that its ancestor was entered again tells as much.
    """
    plan = run.plan_of(instance)
    activity = plan.activity
    assert isinstance(activity, Cycle)
    payload = UNDEFINED if plan.input_maps is None else run.value(plan.input_maps, instance, "input.maps")
    ancestor = run.graph.activities[activity.ancestor]
    run.dispatched(instance)
    if run.graph.inbox is not None and is_page(run.graph.inbox, ancestor):
        arrive(run, run.graph.inbox, payload)
    else:
        run.reenter(ancestor.id, instance.dimension[: ancestor.depth + 1], payload)
    run.settle(instance, "success", 200)
    if plan.leaves_no_row and instance.status == "success":
        run.forget(instance)
