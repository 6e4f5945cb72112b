"""The DiGraph of a graph, and the questions one can ask of it."""

from __future__ import annotations

from hotmesh.graph.analyse import cycle_bodies, dominators, forward, joins, longest_path, unreachable
from hotmesh.graph.build import ActivityGraph, call_graph, digraph
from tests.graph.apps import EVERYTHING, EXAMPLES, ROOT, program

APP = program(EVERYTHING)
CLAIM = APP.graphs["claim.filed"]


def claim() -> ActivityGraph:
    return digraph(CLAIM, APP.graphs)


def test_nodes_and_edges_say_what_they_are() -> None:
    graph = claim()
    assert list(graph) == list(CLAIM.activities)
    assert graph.graph == {"topic": "claim.filed", "publishes": "claim.closed", "trigger": "claim"}
    assert graph.nodes["police"]["kind"] == "await"
    assert graph.nodes["police"]["starts"] == "report.requested"
    assert graph.nodes["police"]["activity"] is CLAIM.activities["police"]
    assert graph.edges["weigh", "cool"]["label"] == "code 429 or 503"
    assert graph.edges["claim", "assess"]["each"]
    assert graph.edges["again", "weigh"]["back"]
    assert len(graph.edges["weigh", "expert"]["transitions"]) == 1


def test_the_compiler_and_networkx_agree_on_dominators() -> None:
    """The compiler finds the tree by itself; here is a second opinion."""
    for path in (*EXAMPLES, EVERYTHING):
        for graph in program(path).graphs.values():
            found = dominators(digraph(graph))
            for activity in graph.activities.values():
                if activity.id != graph.trigger and not (activity.join and graph.activities[activity.id].join_scope != found[activity.id]):
                    assert found[activity.id] == activity.parent, f"{path.stem}: {activity.id}"


def test_a_cycle_repeats_what_lies_between() -> None:
    assert cycle_bodies(claim()) == {"again": ["weigh", "cool", "again"]}
    polling = program(ROOT / "graphs/polling/polling.yaml").graphs["report.wanted"]
    assert cycle_bodies(digraph(polling)) == {"again": ["check", "pause", "again"]}


def test_joins_and_ways() -> None:
    calculator = digraph(program(ROOT / "graphs/calculator/calculator.yaml").graphs["invoice.calculate"])
    assert joins(calculator) == {"total": ["large", "small"]}
    assert dominators(calculator)["total"] == "sum"
    assert longest_path(calculator) == ["invoice", "sum", "large", "total"]
    assert ("again", "weigh") not in forward(claim()).edges


def test_what_nothing_reaches() -> None:
    graph = claim()
    assert unreachable(graph) == []
    graph.remove_edge("weigh", "cool")
    assert unreachable(graph) == ["cool", "again"]


def test_which_graphs_start_which() -> None:
    calls = call_graph(APP)
    assert list(calls) == ["claim.filed", "report.requested"]
    assert dict(calls.edges) == {("claim.filed", "report.requested"): {"awaits": ("police",)}}
