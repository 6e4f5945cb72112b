"""G: the shape of a graph: one trigger, edges to known activities, a way to each, no loops but cycles, joins that say how."""

from __future__ import annotations

from typing import Final

from hotmesh.diagnostic import Related
from hotmesh.lint.context import AppContext, GraphContext
from hotmesh.lint.rules.rule import Rule
from hotmesh.source.findings import did_you_mean, nearest
from hotmesh.source.nodes import Scalar
from hotmesh.source.outline import ActivityOutline, EdgeOutline, text_of

RULES: Final = (
    Rule("G101", "a graph has no trigger", "A job starts at its trigger."),
    Rule("G102", "a graph has two triggers", "A job starts at one place."),
    Rule("G103", "two graphs subscribe to one topic", "A topic starts one graph."),
    Rule("G104", "edges leave an unknown activity", "They would never fire."),
    Rule("G105", "an edge leads to an unknown activity", "There is nothing to enter."),
    Rule("G106", "an activity can't be reached", "No way leads to it from the trigger."),
    Rule("G107", "edges form a loop", "Going back is what `type: cycle` is for: it enters its ancestor again, in a new dimension."),
    Rule(
        "G108",
        "an activity has several incoming edges and no join",
        "Say `join: all` (wait for every branch taken) or `join: any` (the first).",
    ),
    Rule("G109", "a cycle's ancestor is not on its path", "A cycle enters again an activity that every way to it has passed."),
    Rule("G110", "an edge leaves a cycle", "A cycle goes back; to go on as well, put the edge on the activity before it."),
    Rule("G111", "an edge leaves an interrupt of its own job", "The job ends there."),
    Rule("G112", "an edge leads to the trigger", "The trigger is where the job began; cycles lead back to hooks, workers and awaits."),
    Rule(
        "G113",
        "a cycle's ancestor can't be entered again",
        "It must be a hook, a worker, an await or a signal; put a hook after the trigger.",
    ),
    Rule("G501", "a cycle has no exit condition", "Every edge on the way is unconditional, so the job never ends by itself."),
    Rule("G504", "a join has nothing to join", "It has one incoming edge, and no foreach above it."),
)


def check_app(app: AppContext) -> None:
    """Topics that two graphs subscribe to."""
    first: dict[str, Scalar] = {}
    for graph in app.outline.graphs:
        node = graph.node.get("subscribes")
        if not isinstance(node, Scalar) or not graph.subscribes:
            continue
        if graph.subscribes in first:
            related = [Related(first[graph.subscribes].span, "first subscribed to here")]
            app.findings.add("G103", node, f"two graphs subscribe to {graph.subscribes}", related=related)
        first.setdefault(graph.subscribes, node)


def check_graph(graph: GraphContext) -> None:
    """Triggers, edges, reachability, loops, joins and cycles of a graph."""
    _triggers(graph)
    for edge in graph.outline.edges:
        _edge(graph, edge)
    loops = _loops(graph)
    _unreachable(graph, {id for loop in loops for id in loop})
    for activity in graph.activities.values():
        _joining(graph, activity)
        if activity.kind == "cycle":
            _cycle(graph, activity)


def _triggers(graph: GraphContext) -> None:
    triggers = graph.outline.triggers
    if not triggers and not any(activity.kind == "" for activity in graph.activities.values()):
        activities = graph.outline.node.entries.get("activities")
        at = activities.key if activities is not None else graph.outline.node
        if graph.activities:
            graph.findings.add("G101", at, f"the graph of {_name(graph)} has no trigger", help="add one: start: {type: trigger}")
    for second in triggers[1:]:
        related = [Related(triggers[0].key.span, "the first trigger")]
        graph.findings.add("G102", second.key, f"{second.id} is a second trigger", help="merge them", related=related)


def _name(graph: GraphContext) -> str:
    return graph.outline.subscribes or "no topic"


def _edge(graph: GraphContext, edge: EdgeOutline) -> None:
    known = graph.activities
    if edge.source not in known:
        graph.findings.add("G104", edge.key, f"edges leave {edge.source}: no such activity", help=did_you_mean(edge.source, known))
        return
    if edge.target not in known:
        graph.findings.add(
            "G105", edge.to, f"an edge leads from {edge.source} to {edge.target}: no such activity", help=did_you_mean(edge.target, known)
        )
    elif known[edge.target].kind == "trigger":
        related = [Related(known[edge.target].key.span, f"{edge.target} is defined here")]
        help = "lead back with a cycle to a hook after the trigger"
        graph.findings.add("G112", edge.to, f"an edge leads from {edge.source} to the trigger", help=help, related=related)
    source = known[edge.source]
    if source.kind == "cycle":
        help = "put the edge on the activity before the cycle"
        graph.findings.add("G110", edge.to, f"an edge leads from the cycle {edge.source} to {edge.target}", help=help)
    elif source.kind == "interrupt" and "target" not in source.node.entries:
        help = "remove the edge, or give the interrupt the target of another job"
        graph.findings.add("G111", edge.to, f"the job ends at {edge.source}, so the edge to {edge.target} never fires", help=help)


def _loops(graph: GraphContext) -> list[list[str]]:
    """Reports each loop of edges once, at the edge that closes it."""
    state: dict[str, int] = {}
    loops: list[list[str]] = []
    for start in graph.activities:
        if start in state:
            continue
        way, open_edges = [start], [iter(graph.shape.outgoing.get(start, ()))]
        state[start] = 1
        while way:
            edge = next(open_edges[-1], None)
            if edge is None:
                state[way.pop()] = 2
                open_edges.pop()
            elif state.get(edge.target) == 1 and graph.activities[edge.target].kind != "trigger":
                loops.append(way[way.index(edge.target) :])
                _loop(graph, edge, loops[-1])
            elif edge.target not in state:
                state[edge.target] = 1
                way.append(edge.target)
                open_edges.append(iter(graph.shape.outgoing.get(edge.target, ())))
    return loops


def _loop(graph: GraphContext, edge: EdgeOutline, loop: list[str]) -> None:
    way = " → ".join([*loop, edge.target])
    graph.findings.add("G107", edge.to, f"edges form a loop: {way}", help=f"lead back with type: cycle, ancestor: {edge.target}")


def _unreachable(graph: GraphContext, looping: set[str]) -> None:
    """Reports the first activities of each part that the trigger doesn't reach, unless a broken edge explains it."""
    trigger = graph.outline.trigger
    if trigger is None:
        return
    reached, waiting = {trigger.id, *looping}, [trigger.id, *looping]
    while waiting:
        targets = [edge.target for edge in graph.shape.outgoing.get(waiting.pop(), ()) if edge.target not in reached]
        reached.update(targets)
        waiting.extend(targets)
    meant = {nearest(edge.target, graph.activities) for edge in graph.outline.edges if edge.target not in graph.activities}
    fed = {edge.target for edge in graph.outline.edges if edge.source not in graph.activities}
    for activity in graph.activities.values():
        above = graph.shape.incoming.get(activity.id, ())
        if activity.id not in reached and not above and activity.id not in meant | fed and activity.kind != "trigger":
            help = f"lead an edge to it: transitions: {{{trigger.id}: [{{to: {activity.id}}}]}}"
            graph.findings.add("G106", activity.key, f"no way leads from {trigger.id} to {activity.id}", help=help)


def _joining(graph: GraphContext, activity: ActivityOutline) -> None:
    edges = graph.shape.incoming.get(activity.id, [])
    if activity.kind == "trigger":
        return
    if len(edges) > 1 and activity.join is None and "join" not in activity.node.entries:
        related = [Related(edge.to.span, f"from {edge.source}") for edge in edges]
        sources = ", ".join(edge.source for edge in edges)
        help = f"add join: all or join: any to {activity.id}"
        graph.findings.add(
            "G108", activity.key, f"{activity.id} has {len(edges)} incoming edges ({sources}) and no join", help=help, related=related
        )
    elif len(edges) == 1 and activity.join is not None and not _foreach_above(graph, activity.id):
        graph.findings.add(
            "G504", activity.node.key("join"), f"{activity.id} joins nothing: one edge leads to it, and no foreach lies above"
        )


def _foreach_above(graph: GraphContext, activity_id: str) -> bool:
    edges = graph.shape.incoming.get(activity_id, [])
    seen: set[str] = set()
    while len(edges) == 1 and edges[0].source not in seen:
        if "foreach" in edges[0].node.entries:
            return True
        seen.add(edges[0].source)
        below = graph.shape.scope.get(edges[0].source, edges[0].source)
        edges = graph.shape.incoming.get(below, [])[:1]
    return False


_ENTERED_AGAIN: Final = ("hook", "worker", "await", "signal", "")


def _cycle(graph: GraphContext, cycle: ActivityOutline) -> None:
    node = cycle.node.get("ancestor")
    name = text_of(node)
    if node is None or not name:
        return
    ancestor = graph.activities.get(name)
    if ancestor is None:
        help = did_you_mean(name, graph.activities)
        graph.findings.add("G109", node, f"{cycle.id} enters {name} again: no such activity", help=help)
    elif ancestor.kind not in _ENTERED_AGAIN:
        message = f"{cycle.id} enters the {ancestor.kind} {name} again, which can't be"
        graph.findings.add("G113", node, message, help="enter a hook after it")
    elif cycle.id in graph.shape.parent and not graph.shape.is_dominator(name, cycle.id):
        related = [Related(ancestor.key.span, f"{name} is defined here")]
        message = f"{cycle.id} enters {name} again, but {name} is not on every way to {cycle.id}"
        on_path = ", ".join(id for id in graph.dominators(cycle.id) if graph.activities[id].kind in _ENTERED_AGAIN)
        graph.findings.add("G109", node, message, help=f"on its path lie {on_path}" if on_path else None, related=related)
    elif cycle.id in graph.shape.parent:
        _exit(graph, cycle, name)


def _exit(graph: GraphContext, cycle: ActivityOutline, ancestor: str) -> None:
    at = cycle.id
    while at != ancestor:
        edges = graph.shape.incoming.get(at, [])
        if any("conditions" in edge.node.entries or "foreach" in edge.node.entries for edge in edges):
            return
        parent = graph.shape.parent.get(at)
        if parent is None:
            return
        at = parent
    message = f"{cycle.id} always enters {ancestor} again: no edge between them has a condition"
    graph.findings.add("G501", cycle.key, message, help=f"give an edge from {ancestor} to {cycle.id} conditions")
