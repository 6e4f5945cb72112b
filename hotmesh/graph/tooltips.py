"""What shows when the pointer rests on a box or an edge: titles, maps in words, and whatever else an activity says of itself."""

from __future__ import annotations

from collections.abc import Iterator

from hotmesh.graph.labels import condition_words
from hotmesh.graph.words import duration_words, words
from hotmesh.program import Activity, Await, Hook, Interrupt, Mapping, Signal, Template, Transition, Trigger, Worker

MAX_LINES = 40


def node_tooltip(activity: Activity) -> str:
    """The tooltip of an activity."""
    lines = [f"{activity.id} · {activity.kind}", *(text for text in (activity.title, activity.description) if text)]
    lines += list(_own(activity))
    lines += [line for name, mapping in _maps(activity) for line in _map_lines(name, mapping)]
    lines += list(_flags(activity))
    return "\n".join(lines if len(lines) <= MAX_LINES else [*lines[:MAX_LINES], f"… {len(lines) - MAX_LINES} more lines"])


def edge_tooltip(transition: Transition) -> str:
    """The whole condition of an edge."""
    each = f"for each of {words(transition.foreach)}" if transition.foreach is not None else ""
    condition = condition_words(transition)
    when = f"when {condition}" if condition else "on success"
    return f"{each} {when}".strip()


def _own(activity: Activity) -> Iterator[str]:
    match activity:
        case Trigger():
            yield from _given({"job id": activity.job_id, "job key": activity.job_key, "entity": activity.entity})
        case Worker() | Await():
            yield f"topic: {words(activity.topic)}"
            yield from (f"retry: {_times(retries)} after {code}" for code, retries in activity.retry.items())
        case Hook():
            yield from (_rule(rule.topic, [words(match.expected) for match in rule.match]) for rule in activity.rules)
            if activity.sleep is not None:
                yield f"sleep: {duration_words(activity.sleep)}"
            yield from _template("escalation", activity.escalation or {}) if activity.escalation is not None else ()
        case Signal():
            yield from _given({"topic": activity.topic, "key": activity.key_name, "value": activity.key_value})
        case Interrupt():
            yield from _given({"target": activity.target, "reason": activity.reason, "code": activity.error_code})


def _times(retries: tuple[int, ...]) -> str:
    count = sum(retries)
    return f"{count} more {'time' if count == 1 else 'times'}"


def _rule(topic: str, expected: list[str]) -> str:
    return f"signal: {topic}" + (f" with {' and '.join(expected)}" if expected else "")


def _given(values: dict[str, Template]) -> Iterator[str]:
    yield from (f"{name}: {words(value)}" for name, value in values.items() if value is not None)


def _maps(activity: Activity) -> Iterator[tuple[str, Mapping | None]]:
    yield "input", activity.input_maps
    if isinstance(activity, Signal):
        yield "signal", activity.signal_maps
        yield "resolver", activity.resolver_maps
    yield "output", activity.output_maps
    yield "job", activity.job_maps
    yield from ((f"job on {code}", mapping) for code, mapping in activity.job_maps_by_code.items())


def _map_lines(name: str, mapping: Mapping | None) -> Iterator[str]:
    if mapping is not None:
        yield from _template(name, mapping.template)


def _template(name: str, template: Template, indent: str = "") -> Iterator[str]:
    """A tree of maps as indented lines, its leaves in words."""
    if isinstance(template, dict) and template and "@pipe" not in template:
        yield f"{indent}{name}"
        for key, value in template.items():
            yield from _template(key, value, f"{indent}  ")
    else:
        yield f"{indent}{name}: {words(template, qualified=True)}"


def _flags(activity: Activity) -> Iterator[str]:
    if activity.join:
        yield f"join: {activity.join}"
    if activity.status_threshold:
        yield f"status threshold: {activity.status_threshold}"
    yield from _given({name: value for name, value in (("emit", activity.emit), ("persist", activity.persist)) if value is not False})
