"""Jobs that take messages: one activity of their graph has `settings: {inbox: true}`, an inline worker that is entered for each.

Such a job is told of a cancellation instead of being ended by it, and its worker may have it begin afresh.
"""

from __future__ import annotations

from uuid import UUID, uuid5

from hotmesh.machine.dimension import Dimension, to_text
from hotmesh.machine.effects import Message, Publication
from hotmesh.machine.events import Aside
from hotmesh.machine.job import Instance, Key
from hotmesh.machine.plan import ActivityPlan
from hotmesh.machine.run import Run
from hotmesh.values import UNDEFINED, Json

ARRIVALS = 4_500
"""A page (what the inbox activity hangs from) takes in what comes from elsewhere until it was entered so often. What is left of its ten
thousand entries is kept for those who come back to it."""


def post(run: Run, payload: Json) -> None:
    """Enter the inbox activity again with a message."""
    if run.graph.inbox is None:
        run.step.dropped += 1
    else:
        arrive(run, run.graph.inbox, payload)


def arrive(run: Run, inbox: ActivityPlan, payload: Json) -> None:
    """Enter the inbox activity again below the youngest page; begin a new one when that has taken in its share."""
    dimension: Dimension = (0,)
    for activity_id in inbox.lineage[:-1]:
        dimension = (*dimension, run.job.instances[activity_id, dimension].opened - 1)
    if dimension[-1] < ARRIVALS or inbox.depth < 2:
        run.reenter(inbox.id, (*dimension[:-1], 0), payload)
    else:
        run.reenter(inbox.lineage[-2], dimension[:-1], payload)


def is_page(inbox: ActivityPlan, activity: ActivityPlan) -> bool:
    """Whether an activity is what the inbox activity hangs from."""
    return inbox.depth > 1 and inbox.lineage[-2] == activity.id


def restart(run: Run, payload: Json) -> None:
    """Begin the job afresh below its trigger: the data stays, the history goes, the numbers go on."""
    inbox = run.graph.inbox
    assert inbox is not None
    job, step = run.job, run.step
    for key in list(job.open):
        run.withdraw(key, abandon=True)
    trigger = job.instances[run.graph.trigger.id, (0,)]
    step.touched = {key: new for key, new in step.touched.items() if key == trigger.key}
    job.instances = {trigger.key: trigger}
    job.answers.clear()
    job.joins.clear()
    run.queue.clear()
    step.purged_below = trigger.opened
    run.enter(inbox.lineage[1], (0,), trigger.opened, input=payload, passed=True)


def put_aside(run: Run, instance: Instance, aside: Aside) -> None:
    """Do what an inline worker has done beside its answer."""
    for key in aside.abandoned:
        run.withdraw(key, abandon=True)
    for kind, payload in aside.messages:
        run.step.messages.append(Message(run.make_id(), kind, None, payload=payload))
    for key, seconds, error in aside.deadlines:
        run.step.messages.append(Message(deadline_id(run.job.id, key), "overdue", run.job.id, *key, error, seconds))
    run.step.removed_messages.extend(deadline_id(run.job.id, key) for key in aside.moot)
    for key in aside.reopened:
        _reopen(run, instance, run.job.instances[key], aside.items.get(key, UNDEFINED))
    for topic, payload in aside.emissions.items():
        run.step.publications.append(Publication(topic, False, payload))
    if aside.trace:
        run.step.telemetry[instance.key] = dict(aside.trace)


def _reopen(run: Run, inbox: Instance, former: Instance, item: Json) -> None:
    if former.status == "success":
        run.reenter(inbox.activity_id, inbox.dimension, {"of": former.activity_id, "at": to_text(former.dimension)})
        return
    run.reenter(former.activity_id, former.dimension, former.input)
    if item is not UNDEFINED:
        run.queue[-1].item = item


def deadline_id(job_id: str, key: Key) -> str:
    """The id of the message that tells of an instance's deadline, found again when the deadline is moot."""
    return str(uuid5(UUID(job_id), f"{key[0]}{to_text(key[1])}"))
