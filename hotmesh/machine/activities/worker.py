"""worker: a task for the consumers of a topic; their answer settles it."""

from __future__ import annotations

from hotmesh.errors import PipeError
from hotmesh.machine.effects import Task
from hotmesh.machine.job import Instance
from hotmesh.machine.run import Run


def begin(run: Run, instance: Instance) -> None:
    """Send the input to the topic."""
    plan = run.plan_of(instance)
    instance.input = run.mapped_input(instance, plan)
    topic = topic_of(run, instance)
    instance.message_id = run.make_id()
    run.dispatched(instance)
    run.step.tasks.append(Task(instance.message_id, topic, instance.activity_id, instance.dimension, instance.input))


def topic_of(run: Run, instance: Instance) -> str:
    """The topic of a worker, await or signal. Raises PipeError unless it is a text."""
    plan = run.plan_of(instance)
    topic = run.value(plan["topic"], instance, "topic")
    if not isinstance(topic, str) or not topic:
        raise PipeError(f"the topic of {plan.id} is {topic!r}, not a text", path="topic")
    return topic
