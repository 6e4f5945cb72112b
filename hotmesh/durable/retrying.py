"""A failed workflow that is asked to try again (`hotmesh retry`): what failed is done again, and what the failure has ended goes on.

The step that failed is no part of the history. An activity or a child whose error it brought is run again; any other event is given to the
function once more, whose code may have been mended. What the function waits for and is closed, since the failure closed it, is opened anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotmesh.machine.job import Instance, JobState, Key

if TYPE_CHECKING:
    from hotmesh.durable.run import WorkflowRun

AGAIN = "again"
"""In the answer of a `run` instance: its event was not given to the function."""

RUN = "run"


def run_again(job: JobState, instance: Instance) -> bool:
    """Whether a `run` instance brings an event that has failed the workflow before."""
    runs = (each for (activity, _), each in job.instances.items() if activity == RUN and each is not instance)
    return any(each.status == "error" and each.input == instance.input for each in runs)


def to_reopen(run: WorkflowRun, places: dict[str, Key], job: JobState) -> tuple[Key, ...]:
    """What the function waits for and is closed."""
    waited = (places.get(operation) for operation in run.operations())
    return tuple(key for key in waited if key in job.instances and key not in job.open)


def reopened_places(job: JobState) -> dict[str, Key]:
    """Where operations are carried out that were opened anew."""
    again = (each for (activity, _), each in job.instances.items() if activity != RUN and each.passed and isinstance(each.item, dict))
    return {each.item["id"]: each.key for each in again if "id" in each.item}
