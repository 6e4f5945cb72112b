"""H: hook rules, the hooks they wake, and the signals and publications that nobody sends or takes."""

from __future__ import annotations

from typing import Final

from hotmesh.diagnostic import Related
from hotmesh.lint.context import AppContext, GraphContext
from hotmesh.lint.mentions import mentions_in
from hotmesh.lint.rules.rule import Rule
from hotmesh.lint.slots import Slot, matches_of
from hotmesh.source.findings import did_you_mean, nearest
from hotmesh.source.nodes import Node, Scalar
from hotmesh.source.outline import ActivityOutline, RuleOutline, text_of

RULES: Final = (
    Rule("H101", "a hook rule names an unknown activity", "The signal would wake nobody."),
    Rule("H102", "a hook rule names what is no hook", "Only hooks wait for signals."),
    Rule("H103", "a signal is sent on a topic without a hook rule", "Sending it fails: the topic has no rule in this version."),
    Rule("H104", "a signal to all jobs doesn't say to which", "`subtype: all` finds jobs by the facet key_name = key_value."),
    Rule("H105", "an await starts a graph of its own kind without a condition", "The job would start itself for ever."),
    Rule(
        "H501", "nobody in the app sends the signal of a hook rule", "The app sends other signals itself, so this may be a misspelt topic."
    ),
    Rule("H502", "nobody in the app takes a publication", "The app has several graphs, and none of them subscribes to the topic."),
    Rule("H503", "a hook rule has no match", "Every signal on the topic wakes whichever hook waits first, in any job."),
    Rule(
        "H504", "the actual of a hook rule doesn't read the signal", "It is the same for every signal, so it can't tell one from another."
    ),
    Rule("H505", "an await names a topic that no graph of the app subscribes to", "It starts a graph of the same app by its topic."),
)


def check_graph(graph: GraphContext) -> None:
    """The hook rules of a graph, and its signals and awaits."""
    for rule in graph.outline.rules:
        _target(graph, rule)
        _matches(graph, rule)
    for activity in graph.activities.values():
        if activity.kind == "signal":
            _signal(graph, activity)
        elif activity.kind == "await":
            _await(graph, activity)


def _target(graph: GraphContext, rule: RuleOutline) -> None:
    target = graph.activities.get(rule.target)
    if target is None:
        hooks = [activity.id for activity in graph.activities.values() if activity.kind == "hook"]
        help = did_you_mean(rule.target, hooks) or (f"the hooks are {', '.join(hooks)}" if hooks else None)
        graph.findings.add("H101", rule.to, f"the hook rule of {rule.topic} wakes {rule.target}: no such activity", help=help)
    elif target.kind not in ("hook", ""):
        related = [Related(target.key.span, f"{target.id} is defined here")]
        message = f"the hook rule of {rule.topic} wakes {rule.target}, which is no hook ({target.kind})"
        graph.findings.add("H102", rule.to, message, related=related)


def _matches(graph: GraphContext, rule: RuleOutline) -> None:
    matches = matches_of(rule)
    if not matches:
        help = "add conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.…}'}]}"
        graph.findings.add("H503", rule.to, f"any signal on {rule.topic} wakes any waiting {rule.target}", help=help)
    for match in matches:
        actual = match.get("actual")
        if actual is not None and not any(True for _ in mentions_in(Slot(rule.target, "", actual, "actual"))):
            message = f"the actual in the hook rule of {rule.topic} doesn't read the signal"
            graph.findings.add("H504", actual, message, help="write '{$hook.data.…}'")


def _literal(node: Node | None) -> str:
    """The text of a topic that is none of reference and pipe."""
    text = text_of(node)
    return "" if text.startswith("{") else text


def _signal(graph: GraphContext, activity: ActivityOutline) -> None:
    node = activity.node.get("topic")
    topic = _literal(node)
    if node is not None and topic and topic not in graph.app.hook_topics:
        message = f"{activity.id} signals {topic}, but no hook rule of the app has this topic"
        graph.findings.add("H103", node, message, help=did_you_mean(topic, graph.app.hook_topics))
    if text_of(activity.node.get("subtype")) == "all":
        for key in ("key_name", "key_value"):
            if key not in activity.node.entries:
                graph.findings.add("H104", activity.key, f"{activity.id} signals all jobs, but lacks {key}")


def _await(graph: GraphContext, activity: ActivityOutline) -> None:
    node = activity.node.get("topic")
    topic = _literal(node)
    if node is None or not topic:
        return
    if topic not in graph.app.by_topic:
        message = f"{activity.id} awaits {topic}, but no graph of the app subscribes to it"
        graph.findings.add("H505", node, message, help=did_you_mean(topic, graph.app.by_topic))
    elif topic == graph.outline.subscribes and not _conditional(graph, activity.id):
        message = f"{activity.id} starts its own graph {topic} without a condition, for ever"
        graph.findings.add("H105", node, message, help="give an edge on the way to it conditions")


def _conditional(graph: GraphContext, activity_id: str) -> bool:
    for at in [activity_id, *graph.dominators(activity_id)]:
        edges = graph.shape.incoming.get(at, [])
        if any("conditions" in edge.node.entries or "foreach" in edge.node.entries for edge in edges):
            return True
    return False


def check_app(app: AppContext) -> None:
    """Signals that nobody sends and publications that nobody takes, where the app itself sends and takes such things."""
    signals = [activity for graph in app.graphs for activity in graph.activities.values() if activity.kind == "signal"]
    sent = {_literal(activity.node.get("topic")) for activity in signals}
    known = set(app.hook_topics)
    for topic, rule in app.hook_topics.items():
        if sent and "" not in sent and topic not in sent and nearest(topic, sent - known) is None:
            app.findings.add("H501", rule.key, f"no signal activity of the app sends {topic}", help=did_you_mean(topic, sent))
    for graph in app.graphs if len(app.graphs) > 1 else ():
        _published(app, graph)


def _published(app: AppContext, graph: GraphContext) -> None:
    node = graph.outline.node.get("publishes")
    topic = _literal(node)
    taken = {*app.by_topic, *app.hook_topics}
    if isinstance(node, Scalar) and topic and topic not in taken and graph.outline.subscribes not in _awaited(app):
        app.findings.add("H502", node, f"no graph of the app subscribes to {topic}", help=did_you_mean(topic, taken))


def _awaited(app: AppContext) -> set[str]:
    return {
        _literal(activity.node.get("topic")) for graph in app.graphs for activity in graph.activities.values() if activity.kind == "await"
    }
