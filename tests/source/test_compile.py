"""Apps become programs: every type and key, the tree in a graph, the short form, and the round trip through JSON."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from hotmesh.compile import compile_app
from hotmesh.program import (
    Await,
    Cycle,
    Graph,
    Hook,
    HookRule,
    Interrupt,
    Mapping,
    Match,
    Program,
    Signal,
    Transition,
    Trigger,
    Worker,
)
from hotmesh.source import files
from hotmesh.values import dumps

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
APPS = [*files.apps_in(ROOT / "graphs"), HERE / "everything.yaml"]


def program(text: str) -> Program:
    compiled = compile_app(text)
    assert compiled.program is not None, "\n".join(map(str, compiled.diagnostics))
    return compiled.program


@pytest.fixture(scope="module")
def everything() -> Program:
    return program((HERE / "everything.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def graph(everything: Program) -> Graph:
    return everything.graphs["all.requested"]


def test_the_app(everything: Program) -> None:
    assert (everything.id, everything.version, everything.settings) == ("every-thing_1", "2", {"validate": False, "mine": [1, 2]})
    assert not everything.validates
    assert list(everything.graphs) == ["all.requested", "child.requested"]


def test_the_graph(graph: Graph) -> None:
    assert (graph.publishes, graph.entity, graph.expire, graph.trigger) == ("all.done", "everything", "{$job.data.keep}", "start")
    assert graph.input_schema == {"type": "object", "properties": {"items": {"type": "array"}, "id": {}, "since": {}}}
    assert (graph.output_schema, graph.output_schemas) == ({"type": "object"}, {"422": {"type": "string"}})
    assert list(graph.activities)[:3] == ["start", "work", "child"]


def test_the_trigger(graph: Graph) -> None:
    start = graph.activities["start"]
    assert isinstance(start, Trigger)
    assert (start.title, start.description, start.job_id, start.job_key) == (
        "Start", "It begins", "{$self.output.data.id}", "{$self.output.data.key}",
    )  # fmt: skip
    assert start.facets == {"key": "{$self.output.data.key}", "city": "{$self.output.data.city}"}
    assert start.entity == "{$self.output.data.kind}"
    assert start.job_maps == Mapping({"keep": 60}, (), start.job_maps.span if start.job_maps else start.span)


def test_the_worker(graph: Graph) -> None:
    work = graph.activities["work"]
    assert isinstance(work, Worker)
    assert (work.topic, work.retry) == ("{start.output.data.topic}", {"500": (3,), "4xx": (2,)})
    assert (work.status_threshold, work.emit, work.persist) == (1, True, True)
    assert (work.telemetry, work.settings) == ({"qty": "{$self.output.data.qty}"}, {"mine": 1})
    assert work.input_maps is not None
    assert work.input_maps.template == {"list": ["{start.output.data.a}", {"deep": "{$job.data.keep}"}], "nothing": None}
    assert work.input_maps.reads == ("start",)
    assert work.job_maps is not None
    assert work.job_maps.reads == ("work", "start")
    assert work.output_schemas == {"4xx": {"type": "object"}}
    assert work.job_maps_by_code["422"].template == {"why": "{$self.output.metadata.err}"}
    assert work.job_maps_by_code["422"].reads == ("work",)


def test_the_await(graph: Graph) -> None:
    child = graph.activities["child"]
    assert isinstance(child, Await)
    assert (child.topic, child.wait, child.retry) == ("child.requested", False, {"500": (1,)})


def test_the_hook(graph: Graph) -> None:
    wait = graph.activities["wait"]
    assert isinstance(wait, Hook)
    assert (wait.sleep, wait.hook_schema) == ("5 minutes", {"type": "object", "properties": {"ok": {"type": "boolean"}}})
    assert wait.escalation == {"role": "manager", "priority": 1, "metadata": {"a": "{start.output.data.a}"}}
    assert wait.rules == graph.hooks["wake.up"]
    (rule,) = wait.rules
    assert isinstance(rule, HookRule)
    assert [(match.expected, match.actual) for match in rule.match] == [("{$job.metadata.jid}", "{$hook.data.id}"), (1, "{$hook.data.n}")]


def test_an_activity_is_a_hook(graph: Graph) -> None:
    assert isinstance(graph.activities["pass"], Hook)


def test_the_signal(graph: Graph) -> None:
    tell = graph.activities["tell"]
    assert isinstance(tell, Signal)
    assert (tell.topic, tell.subtype, tell.status, tell.code, tell.scrub) == ("wake.up", "all", "pending", 202, True)
    assert (tell.key_name, tell.key_value) == ("city", "{start.output.data.city}")
    assert tell.signal_maps is not None
    assert tell.resolver_maps is not None
    assert (tell.signal_maps.template, tell.resolver_maps.template) == ({"id": "{$job.metadata.jid}"}, {"b": 2})
    assert (tell.signal_schema, tell.resolver_schema) == ({"type": "object"}, {"type": "object"})


def test_the_cycle_and_the_interrupts(graph: Graph) -> None:
    again, stop, end = graph.activities["again"], graph.activities["stop"], graph.activities["end"]
    assert isinstance(again, Cycle)
    assert again.ancestor == "pass"
    assert isinstance(stop, Interrupt)
    assert (stop.target, stop.topic, stop.reason, stop.error_code) == ("{start.output.data.other}", "all.requested", "enough", 411)
    assert (stop.throw, stop.descend, stop.expire) == (False, True, "1h")
    assert isinstance(end, Interrupt)
    assert (end.target, end.error_code, end.throw, end.descend) == (None, 410, True, False)


def test_the_edges(graph: Graph) -> None:
    to_wait, to_child = graph.activities["work"].edges
    assert isinstance(to_wait, Transition)
    assert (to_wait.source, to_wait.target, to_wait.codes, to_wait.gate) == ("work", "wait", ("422", "5xx"), "and")
    assert to_child.gate == "or"
    assert [match.expected for match in to_child.match] == [1, "{start.output.data.a}"]
    assert isinstance(to_child.match[0], Match)
    assert graph.activities["start"].edges[1].foreach == "{start.output.data.items}"


def test_the_tree(graph: Graph) -> None:
    at = graph.activities
    assert (at["start"].parent, at["start"].depth, graph.ancestors("start")) == (None, 0, ())
    assert (at["tell"].parent, at["tell"].depth, graph.ancestors("tell")) == ("pass", 4, ("start", "work", "wait", "pass"))
    assert (at["again"].parent, at["again"].depth) == ("pass", 4)
    assert (at["gather"].parent, at["gather"].join_scope, at["gather"].depth, at["gather"].join) == ("start", "start", 1, "all")
    assert graph.ancestors("gather") == ("start", "each")
    assert (at["start"].joins_ahead, at["each"].joins_ahead, at["work"].joins_ahead) == (("gather",), ("gather",), ())


TREES = {
    "branches meet below what both have passed": (
        {"a": ["b", "c"], "b": ["j"], "c": ["d"], "d": ["j"], "j": ["k"]}, {"j": "all"}, {"j": "a", "k": "j", "d": "c"}, {"j": "a"},
    ),
    "two joins in a row": (
        {"a": ["b", "c"], "b": ["j"], "c": ["j"], "j": ["d", "e"], "d": ["k"], "e": ["k"]},
        {"j": "all", "k": "any"}, {"j": "a", "k": "j"}, {"j": "a", "k": "j"},
    ),
    "a join of a join and another branch": (
        {"a": ["b", "c", "d"], "b": ["j"], "c": ["j"], "j": ["k"], "d": ["k"]},
        {"j": "all", "k": "all"}, {"j": "a", "k": "a"}, {"j": "a", "k": "a"},
    ),
    "a foreach is gathered where it began": (
        {"a": ["b"], "b": ["*c"], "c": ["d"], "d": ["j"]}, {"j": "all"}, {"c": "b", "d": "c", "j": "b"}, {"j": "b"},
    ),
    "a foreach inside a foreach is gathered twice": (
        {"a": ["*b"], "b": ["*c"], "c": ["j"], "j": ["k"]}, {"j": "all", "k": "all"}, {"j": "b", "k": "a"}, {"j": "b", "k": "a"},
    ),
    "branches below one item meet per item": (
        {"a": ["*b"], "b": ["c", "d"], "c": ["j"], "d": ["j"], "j": ["k"]},
        {"j": "all", "k": "all"}, {"j": "b", "k": "a"}, {"j": "b", "k": "a"},
    ),
    "a foreach meets a plain branch": (
        {"a": ["*b", "c"], "b": ["j"], "c": ["j"]}, {"j": "all"}, {"j": "a"}, {"j": "a"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TREES)
def test_where_joins_hang(name: str) -> None:
    edges, joins, parents, scopes = TREES[name]
    ids = {*edges, *(target.lstrip("*") for targets in edges.values() for target in targets)}
    activities = {id: {"type": "hook"} | ({"join": joins[id]} if id in joins else {}) for id in sorted(ids)} | {"a": {"type": "trigger"}}
    transitions = {
        source: [{"to": target.lstrip("*")} | ({"foreach": "{a.output.data.items}"} if target[0] == "*" else {}) for target in targets]
        for source, targets in edges.items()
    }
    graph = program(json.dumps({"subscribes": "x", "activities": activities, "transitions": transitions})).graphs["x"]
    assert {id: graph.activities[id].parent for id in parents} == parents
    assert {id: graph.activities[id].join_scope for id in scopes} == scopes
    for activity in graph.activities.values():
        assert activity.depth == (0 if activity.parent is None else graph.activities[activity.parent].depth + 1)


def test_joins_ahead_go_through_cycles() -> None:
    graph = program(
        """\
subscribes: x
activities:
  a: {type: trigger}
  loop: {type: hook}
  back: {type: cycle, ancestor: loop}
  b: {type: hook}
  c: {type: hook}
  here: {type: hook}
  again: {type: cycle, ancestor: b}
  j: {type: hook, join: all}
  afresh: {type: cycle, ancestor: loop}
  itself: {type: cycle, ancestor: j}
transitions:
  a: [{to: loop}]
  loop: [{to: b}, {to: c}, {to: back, conditions: {code: 201}}]
  b: [{to: j}, {to: here}]
  here: [{to: again, conditions: {code: 201}}]
  c: [{to: j}]
  j: [{to: afresh, conditions: {code: 201}}, {to: itself, conditions: {code: 202}}]
"""
    ).graphs["x"]
    ahead = {id: activity.joins_ahead for id, activity in graph.activities.items()}
    branches = dict.fromkeys(["a", "loop", "b", "c", "here", "again"], ("j",))
    assert ahead == branches | dict.fromkeys(["back", "j", "afresh", "itself"], ()), "what enters the join's scope again meets another join"


SHORT = "subscribes: hello\nactivities:\n  start: {type: trigger}\n"


def test_one_graph_alone_is_an_app() -> None:
    short = compile_app(SHORT, app_id="mesh").program
    assert short is not None
    assert (short.id, short.version, list(short.graphs)) == ("mesh", "1", ["hello"])
    assert program("version: 7\n" + SHORT).version == "7"


def test_the_digest_is_that_of_the_meaning() -> None:
    spaced = "# a comment\nactivities:\n  start:\n    type: trigger\nsubscribes: 'hello'\n"
    assert program(SHORT).digest == program(spaced).digest
    assert program(SHORT).digest != program(SHORT.replace("hello", "hallo")).digest


@pytest.mark.parametrize("path", APPS, ids=lambda path: path.name)
def test_programs_survive_json_and_fit_their_schema(path: Path) -> None:
    compiled = compile_app(path.read_bytes(), file=path)
    assert compiled.program is not None, "\n".join(map(str, compiled.diagnostics))
    value = json.loads(dumps(compiled.program.to_json()))
    assert Program.from_json(value) == compiled.program
    schema = json.loads(files.bundled("program.schema.json"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(value)


@pytest.mark.parametrize("path", files.apps_in(ROOT / "graphs"), ids=lambda path: path.name)
def test_the_apps_that_come_along_are_clean(path: Path) -> None:
    assert compile_app(path.read_bytes(), file=path).diagnostics == ()
