"""A failed workflow that is asked to try again (`hotmesh retry`): what failed is done again, and what the failure has ended goes on.

The step that failed is no part of the history. An activity or a child whose error it brought is run again; any other event is given to the
function once more, whose code may have been mended. What the function waits for and is closed, since the failure closed it, is opened
anew: a sleep ends when it would have ended, at once when that is past; a limit (`asyncio.timeout`, a condition's timeout) begins again,
since what it limits does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotmesh.machine.events import Aside
from hotmesh.machine.job import Instance, JobState, Key
from hotmesh.values import Json

if TYPE_CHECKING:
    from hotmesh.durable.run import WorkflowRun

AGAIN = "again"
"""In the answer of a `run` instance: its event was not given to the function."""

RUN = "run"


def run_again(job: JobState, instance: Instance) -> bool:
    """Whether a `run` instance brings an event that has failed the workflow before."""
    runs = (each for (activity, _), each in job.instances.items() if activity == RUN and each is not instance)
    return any(each.status == "error" and each.input == instance.input for each in runs)


def reopening(run: WorkflowRun, places: dict[str, Key], job: JobState, time: float) -> Aside:
    """What the function waits for and is closed, to be opened anew at `time` (epoch seconds)."""
    waited = {operation: places[operation] for operation in run.operations() if operation in places}
    closed = {operation: key for operation, key in waited.items() if key in job.instances and key not in job.open}
    items = {key: _rest(job.instances[key], time) for operation, key in closed.items() if run.is_sleep(operation)}
    return Aside(reopened=tuple(closed.values()), items=items)


def _rest(timer: Instance, time: float) -> Json:
    """The item of a sleep with the seconds that are left of it."""
    end = timer.created_ms / 1000 + timer.item["seconds"]
    return {**timer.item, "seconds": max(0.0, round(end - time, 3))}


def reopened_places(job: JobState) -> dict[str, Key]:
    """Where operations are carried out that were opened anew."""
    again = (each for (activity, _), each in job.instances.items() if activity != RUN and each.passed and isinstance(each.item, dict))
    return {each.item["id"]: each.key for each in again if "id" in each.item}
