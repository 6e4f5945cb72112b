"""Questions about the DiGraph of a graph (`build.digraph`): what is reached, what dominates, what a cycle repeats, how long it takes."""

from __future__ import annotations

from hotmesh.graph.build import ActivityGraph


def forward(graph: ActivityGraph) -> ActivityGraph:
    """The graph without the ways back of its cycles; in a compiled program it has no loops."""
    import networkx

    result: ActivityGraph = networkx.DiGraph(**graph.graph)
    result.add_nodes_from(graph.nodes(data=True))
    result.add_edges_from((a, b, data) for a, b, data in graph.edges(data=True) if not data["back"])
    return result


def unreachable(graph: ActivityGraph) -> list[str]:
    """The activities that no way from the trigger reaches, in document order."""
    import networkx

    start = graph.graph["trigger"]
    reached = networkx.descendants(graph, start) | {start}
    return [node for node in graph if node not in reached]


def dominators(graph: ActivityGraph) -> dict[str, str]:
    """Per activity the last one that every way to it passes; the trigger has none."""
    import networkx

    start = graph.graph["trigger"]
    found = networkx.immediate_dominators(forward(graph), start)
    return {node: found[node] for node in graph if node != start and node in found}


def cycle_bodies(graph: ActivityGraph) -> dict[str, list[str]]:
    """Per cycle activity what it repeats: the activities on the ways from its ancestor to it, both included, in document order."""
    import networkx

    ahead = forward(graph)
    bodies = {}
    for source, target, data in graph.edges(data=True):
        if data["back"]:
            within = (networkx.descendants(ahead, target) | {target}) & (networkx.ancestors(ahead, source) | {source})
            bodies[source] = [node for node in graph if node in within]
    return bodies


def joins(graph: ActivityGraph) -> dict[str, list[str]]:
    """Per activity with several ways in: where they come from, in document order."""
    ahead = forward(graph)
    return {node: list(ahead.predecessors(node)) for node in ahead if ahead.in_degree(node) > 1}


def longest_path(graph: ActivityGraph) -> list[str]:
    """The longest way through the graph without cycles: no job takes more steps in a row than this between two re-entries."""
    import networkx

    path: list[str] = networkx.dag_longest_path(forward(graph), weight="weight", default_weight=1)
    return path
