"""What a run that continues as new hands on to the next: requests that nobody has answered, and answers that nobody may have read yet.

The history goes, and with it the rows that requests and replies stand in; whoever asks finds the reply in what the next run begins with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from hotmesh.machine.job import Instance, JobState
from hotmesh.values import Json

if TYPE_CHECKING:
    from hotmesh.durable.commands import Answer

RUN = "run"

KEPT_MS = 60_000
"""Replies are handed on for so long after they were made."""

MOST = 1_000
"""The youngest replies that are handed on."""

REQUESTS = ("cancel", "hook", "update", "query")


def handed_on(job: JobState, instance: Instance, kept: Sequence[Json], answer: Answer) -> dict[str, Json]:
    """The requests and replies of a run, for the payload of the next. `instance` is the one whose answer ends the run."""
    requests = [*kept, *(each.input for each in job.open.values() if each is not instance and _is_request(each))]
    now_ms = instance.created_ms
    replies = [*_replies(job.instances.values()), *({**reply, "at": now_ms} for reply in answer.replies)]
    young = [reply for reply in replies if reply["at"] > now_ms - KEPT_MS][-MOST:]
    return {name: value for name, value in (("requests", requests), ("replies", young)) if value}


def replies_of(job: JobState) -> Iterator[dict[str, Json]]:
    """The replies that a job's rows hold, the youngest first."""
    return _replies(reversed(job.instances.values()))


def _replies(instances: Iterable[Instance]) -> Iterator[dict[str, Json]]:
    """The replies that rows hold, with the epoch milliseconds at which each was made."""
    for instance in instances:
        if instance.activity_id == RUN and isinstance(instance.output, dict):
            yield from ({"at": instance.updated_ms, **reply} for reply in instance.output.get("replies", ()))
        if instance.activity_id == RUN and isinstance(instance.input, dict):
            yield from instance.input.get("replies", ())


def _is_request(instance: Instance) -> bool:
    return instance.activity_id == RUN and isinstance(instance.input, dict) and instance.input.get("kind") in REQUESTS
