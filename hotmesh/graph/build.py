"""A graph of a program as a networkx DiGraph, for analysis; nodes and edges carry what a picture shows and what the program holds.

Node attributes: `activity` (the program's), `kind`, `title`, `topic`, `starts` (an await's graph in this app), `label`. Edge attributes:
`transitions` (the program's), `label` (the condition in words), `back` (the way back of a cycle), `each` (a foreach).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, TypeAlias

from hotmesh.graph.diagram import diagram
from hotmesh.program import Await, Graph, Program

if TYPE_CHECKING:
    import networkx

ActivityGraph: TypeAlias = "networkx.DiGraph[str]"


def digraph(graph: Graph, started: Collection[str] = ()) -> ActivityGraph:
    """The activities of a graph and the ways between them, in document order, cycles as edges with `back`."""
    import networkx

    shown = diagram(graph, started)
    result: ActivityGraph = networkx.DiGraph(topic=graph.subscribes, publishes=graph.publishes, trigger=graph.trigger)
    for node in shown.nodes:
        about = {"kind": node.kind, "title": node.title, "topic": node.topic, "starts": node.starts, "label": node.id}
        result.add_node(node.id, activity=graph.activities[node.id], **about)
    for edge in shown.edges:
        transitions = tuple(each for each in graph.activities[edge.source].edges if each.target == edge.target)
        result.add_edge(edge.source, edge.target, transitions=transitions, label=edge.label, back=edge.back, each=edge.each)
    return result


def call_graph(program: Program) -> ActivityGraph:
    """The graphs of a program by topic; an edge for each await that starts one, with the awaits' ids as `awaits`."""
    import networkx

    result: ActivityGraph = networkx.DiGraph(app=program.id, version=program.version)
    result.add_nodes_from(program.graphs)
    for topic, graph in program.graphs.items():
        for activity in graph.activities.values():
            if isinstance(activity, Await) and activity.topic in program.graphs:
                before = result.get_edge_data(topic, activity.topic, {"awaits": ()})["awaits"]
                result.add_edge(topic, activity.topic, awaits=(*before, activity.id))
    return result
