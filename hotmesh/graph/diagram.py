"""What a picture of a graph shows, in words and without places: the one model that every renderer draws.

A `Diagram` is made of the program alone. `laid_over` adds a run to it, `diff.compared` the changes between two versions.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from hotmesh.graph.labels import edge_labels
from hotmesh.graph.overlay import ActivityRun, Overlay, State, job_words, run_words
from hotmesh.graph.tooltips import edge_tooltip, node_tooltip
from hotmesh.graph.words import duration_words, plain_words, words
from hotmesh.program import Activity, Await, Cycle, Graph, Hook, Interrupt, Program, Signal, Template, Transition, Trigger, Worker


class Mark(StrEnum):
    """What a line in a box is about; each renderer has a sign for it."""

    TOPIC = "topic"
    STARTS = "starts"
    SIGNAL = "signal"
    TIMER = "timer"
    ESCALATION = "escalation"
    BACK = "back"
    END = "end"
    NOTE = "note"


Change = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line in a box, below its name."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class Node:
    """An activity, ready to be drawn."""

    id: str
    kind: str
    title: str | None = None
    topic: str | None = None
    """The topic as text, when the activity has one."""
    passes: bool = False
    """Whether it is a hook that waits for nothing."""
    lines: tuple[Line, ...] = ()
    tooltip: str = ""
    starts: str | None = None
    """For an await: the topic of the graph of this app that it starts."""
    each: bool = False
    """Whether a `foreach` enters it, once for each item."""
    run: ActivityRun | None = None
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """All transitions from one activity to another, or the way back of a cycle."""

    source: str
    target: str
    label: str = ""
    tooltip: str = ""
    back: bool = False
    each: bool = False
    taken: bool | None = None
    """Whether a run went this way; None without a run."""
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Diagram:
    """One graph, ready to be drawn."""

    topic: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    publishes: str | None = None
    entity: str | None = None
    run: str | None = None
    """One line about the run that is laid over it."""
    change: Change | None = None
    compared: bool = False
    """Whether this is the difference of two versions."""


def diagrams(program: Program, topics: Collection[str] | None = None) -> tuple[Diagram, ...]:
    """The diagrams of the graphs of a program, or of those that start with one of `topics`, in document order."""
    wanted = [graph for topic, graph in program.graphs.items() if topics is None or topic in topics]
    return tuple(diagram(graph, program.graphs) for graph in wanted)


def diagram(graph: Graph, started: Collection[str] = ()) -> Diagram:
    """The diagram of a graph; `started` are the topics of the graphs that an await can be linked to."""
    edges = _edges(graph)
    each = {edge.target for edge in edges if edge.each}
    nodes = tuple(_node(activity, graph, started, activity.id in each) for activity in graph.activities.values())
    return Diagram(graph.subscribes, nodes, edges, graph.publishes, graph.entity)


def _node(activity: Activity, graph: Graph, started: Collection[str], each: bool) -> Node:
    topic = _topic(activity, graph)
    lines = list(_lines(activity, topic))
    if activity.join:
        lines.append(Line(Mark.NOTE, "joins all branches" if activity.join == "all" else "joins the first branch"))
    starts = topic if isinstance(activity, Await) and topic in started else None
    passes = isinstance(activity, Hook) and not activity.rules and activity.sleep is None
    return Node(activity.id, activity.kind, activity.title, topic, passes, tuple(lines), node_tooltip(activity), starts, each)


def _topic(activity: Activity, graph: Graph) -> str | None:
    if isinstance(activity, Trigger):
        return graph.subscribes
    if isinstance(activity, (Worker, Await, Signal)) or (isinstance(activity, Interrupt) and activity.topic is not None):
        return topic_words(activity.topic)
    return None


def topic_words(topic: Template) -> str:
    """A topic as it stands, or in angle brackets what it is taken from."""
    if isinstance(topic, str) and not topic.startswith("{"):
        return topic
    return f"‹{words(topic)}›"


def _lines(activity: Activity, topic: str | None) -> list[Line]:
    match activity:
        case Trigger() | Worker():
            return [Line(Mark.TOPIC, topic or "")]
        case Await():
            return [Line(Mark.STARTS, (topic or "") + ("" if activity.wait is not False else ", doesn't wait"))]
        case Hook():
            return _hook_lines(activity)
        case Signal():
            return [Line(Mark.SIGNAL, f"sends {topic}" + (" to all" if activity.subtype == "all" else ""))]
        case Cycle():
            return [Line(Mark.BACK, f"back to {activity.ancestor}")]
        case Interrupt():
            return [Line(Mark.END, _end(activity))]
    raise TypeError(f"no activity of the language: {activity!r}")


def _hook_lines(hook: Hook) -> list[Line]:
    lines = [Line(Mark.SIGNAL, f"waits for {topic}") for topic in dict.fromkeys(rule.topic for rule in hook.rules)]
    if hook.sleep is not None:
        time = duration_words(hook.sleep)
        lines.append(Line(Mark.TIMER, f"or after {time}" if lines else f"sleeps {time}"))
    if hook.escalation is not None:
        lines.append(Line(Mark.ESCALATION, _escalation(hook.escalation)))
    return lines or [Line(Mark.NOTE, hook.title or "passes through")]


def _escalation(escalation: dict[str, Template]) -> str:
    role = escalation.get("role")
    return "escalates" if role is None else f"escalates to {plain_words(role)}"


def _end(interrupt: Interrupt) -> str:
    if interrupt.target is not None:
        return f"ends job {words(interrupt.target)}"
    if interrupt.throw is False:
        return "ends the job"
    return f"ends the job with {words(interrupt.error_code)}"


def _edges(graph: Graph) -> tuple[Edge, ...]:
    edges: list[Edge] = []
    for activity in graph.activities.values():
        by_target: dict[str, list[tuple[Transition, str]]] = {}
        for transition, label in zip(activity.edges, edge_labels(activity.edges), strict=True):
            by_target.setdefault(transition.target, []).append((transition, label))
        edges.extend(_merged(activity.id, target, group) for target, group in by_target.items())
        if isinstance(activity, Cycle):
            edges.append(Edge(activity.id, activity.ancestor, tooltip=f"{activity.id} goes back to {activity.ancestor}", back=True))
    return tuple(edges)


def _merged(source: str, target: str, group: list[tuple[Transition, str]]) -> Edge:
    labels = [label for _, label in group]
    label = " or ".join(dict.fromkeys(labels)) if all(labels) else ""
    tooltip = "\n".join([f"{source} → {target}", *(edge_tooltip(transition) for transition, _ in group)])
    return Edge(source, target, label, tooltip, each=any(transition.foreach is not None for transition, _ in group))


def laid_over(diagram: Diagram, overlay: Overlay) -> Diagram:
    """The diagram with a run laid over it; a diagram of another graph stays as it is."""
    if diagram.topic != overlay.topic:
        return diagram
    ended = overlay.state in (State.DONE, State.FAILED)
    rest = ActivityRun(State.SKIPPED if ended else State.PENDING)
    runs = [overlay.activities.get(node.id, rest) for node in diagram.nodes]
    nodes = [replace(node, run=run, tooltip=f"{node.tooltip}\n{_told(run)}") for node, run in zip(diagram.nodes, runs, strict=True)]
    edges = [replace(edge, taken=(edge.source, edge.target) in overlay.taken) for edge in diagram.edges]
    return replace(diagram, nodes=tuple(nodes), edges=tuple(edges), run=job_words(overlay))


def _told(run: ActivityRun) -> str:
    return f"{run.state}: {run_words(run)}" + (f"\n{run.note}" if run.note else "")
