"""One activity in full: what it was sent, what it returned, its error, its lease, what it waits for."""

from __future__ import annotations

from collections.abc import Iterator

from hotmesh.export.execution import Execution, Instance, Wait
from hotmesh.export.why import wait_words
from hotmesh.graph.tooltips import node_tooltip
from hotmesh.program import Activity
from hotmesh.values import UNDEFINED

from .spans import SIGNS, Line, Span, line, wrap
from .values import value_lines
from .words import age, clock_time

MOST = 50
"""Instances of one activity that are told in full."""


def detail_lines(execution: Execution, activity_id: str, width: int, activity: Activity | None = None) -> list[Line]:
    """Everything about an activity's instances, newest last; for one without any, what it would do."""
    instances = execution.instances_of(activity_id)
    if not instances:
        state = "skipped" if activity_id in execution.skipped or execution.is_done else "pending"
        told = "The job went another way." if state == "skipped" else "Not reached yet."
        lines = [((f"{SIGNS[state][0]} ", SIGNS[state][1]), (activity_id, "title")), line(told, "dim"), line("")]
        return lines + (wrap(node_tooltip(activity), width, "dim") if activity is not None else [])
    shown = instances if len(instances) <= MOST else _worth_seeing(instances)
    lines = [((activity_id, "title"), (f"  {len(instances)} instances, {len(shown)} shown", "dim"))] if len(instances) > 1 else []
    for instance in shown:
        lines += [*_instance(instance, execution, width), line("")]
    return lines


def _worth_seeing(instances: tuple[Instance, ...]) -> tuple[Instance, ...]:
    """Failed and open ones first."""
    rank = {"failed": 0, "running": 1, "waiting": 1, "pending": 2}
    return tuple(sorted(instances, key=lambda each: rank.get(each.state, 3)))[:MOST]


def _instance(instance: Instance, execution: Execution, width: int) -> Iterator[Line]:
    sign, role = SIGNS[instance.state]
    end_ms = execution.read_ms if instance.is_open else instance.updated_ms
    name: tuple[Span, ...] = ((f"{sign} ", role), (instance.name, "title"), (f"  {instance.kind}", "dim"))
    yield (*name, (f"  {instance.state}", role), (f" {instance.code}" if instance.code else "", role))
    attempts = f" · {instance.attempts} attempts" if instance.attempts > 1 else ""
    yield line(
        f"{clock_time(instance.created_ms, fraction=True)} · {age(end_ms - instance.created_ms)}{attempts} · at {instance.dimension}", "dim"
    )
    for wait in instance.waits_for:
        yield from _wait(wait, execution.read_ms, width)
    if instance.error:
        yield line("error", "header")
        yield from wrap(f"{instance.error.get('code', '')} {instance.error.get('message', '')}".strip(), width, "failed")
        if instance.error.get("stack"):
            yield from wrap(str(instance.error["stack"]), width, "dim")
    for title, value in (("item", instance.item), ("sent", instance.input), ("hook", instance.hook), ("returned", instance.output)):
        if value is not UNDEFINED:
            yield line(title, "header")
            yield from value_lines(value, width)
    for number, answer in enumerate(instance.interim, 1):
        yield line(f"answer {number} · {clock_time(answer.at_ms)} · {answer.code}", "header")
        yield from value_lines(answer.output if answer.output is not UNDEFINED else answer.hook, width)


def _wait(wait: Wait, now_ms: int, width: int) -> list[Line]:
    words = wait_words(wait, now_ms)
    prefix = "" if wait.kind in ("task", "engine", "retry") else "waits for "
    lease = f", its lease ends in {age(wait.due_ms - now_ms)}" if wait.kind == "task" and wait.due_ms else ""
    return wrap(prefix + words + lease, width, "waiting" if prefix else "running")
