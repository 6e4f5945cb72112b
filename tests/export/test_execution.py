"""Rows to `Execution`: states, waits, edges, events, travelling in time."""

from __future__ import annotations

import json

import jsonschema
import pytest

from hotmesh.export.execution import Execution
from hotmesh.export.overlay import overlay
from hotmesh.export.sections import SECTIONS, job_export
from hotmesh.graph.overlay import State as Drawn
from hotmesh.machine.events import Cancelled, Interrupted, Response, Retried, SignalReceived
from hotmesh.source.files import bundled
from tests.export.rows import Played

ORDER = """
subscribes: go
activities:
  t: {type: trigger, job: {maps: {qty: '{$self.output.data.qty}'}}}
  check: {type: worker, topic: stock.check, job: {maps: {available: '{$self.output.data.available}', status: checked}}}
  reserve: {type: worker, topic: stock.reserve, job: {maps: {status: reserved}}}
  refuse: {type: worker, topic: stock.refuse}
  mend: {type: hook}
transitions:
  t: [{to: check}]
  check:
    - to: reserve
      conditions: {match: [{expected: true, actual: '{check.output.data.enough}'}]}
    - to: refuse
      conditions: {match: [{expected: false, actual: '{check.output.data.enough}'}]}
    - to: mend
      conditions: {code: 422}
"""
ENOUGH = Response("check", (0, 0), "success", 200, {"available": 10, "enough": True})
DONE = Response("reserve", (0, 0, 0), "success", 200, {})

LOOP = """
subscribes: go
activities:
  t: {type: trigger}
  again: {type: hook, job: {maps: {n: '{again.output.data.n}'}}}
  ask: {type: worker, topic: ask}
  back: {type: cycle, ancestor: again, input: {maps: {n: '{ask.output.data.n}'}}}
  end: {type: hook}
transitions:
  t: [{to: again}]
  again: [{to: ask}]
  ask:
    - {to: back, conditions: {match: [{expected: true, actual: '{ask.output.data.more}'}]}}
    - {to: end, conditions: {match: [{expected: false, actual: '{ask.output.data.more}'}]}}
"""

JOIN = """
subscribes: go
activities:
  t: {type: trigger}
  a: {type: worker, topic: a}
  b: {type: worker, topic: b}
  both: {type: hook, join: all}
transitions:
  t: [{to: a}, {to: b}]
  a: [{to: both, conditions: {match: [{expected: true, actual: '{a.output.data.go}'}]}}]
  b: [{to: both}]
"""


def completed() -> Played:
    played = Played(ORDER, {"qty": 5})
    played.take(ENOUGH)
    played.take(DONE)
    return played


def every_kind() -> dict[str, Execution]:
    running, failed, interrupted, cancelled, looped = Played(ORDER), Played(ORDER), Played(ORDER), Played(ORDER), Played(LOOP)
    failed.take(Response("check", (0, 0), "error", 500, None, {"code": 500, "message": "no luck"}))
    interrupted.take(Interrupted("enough of it"))
    cancelled.take(Cancelled())
    cancelled.take(ENOUGH)
    looped.take(Response("ask", (0, 0, 0), "success", 200, {"more": True, "n": 1}))
    return {
        "completed": completed().execution(),
        "running": running.execution(tasks={running.message_id("check"): task(owner="p1", due_ms=running.now_ms + 1000)}),
        "waiting": running.execution(tasks={running.message_id("check"): task()}),
        "paused": running.execution(paused=True),
        "failed": failed.execution(),
        "interrupted": interrupted.execution(),
        "cancelled": cancelled.execution(),
        "looped": looped.execution(),
    }


def task(owner: str | None = None, due_ms: int | None = None, attempt: int = 1, topic: str = "stock.check") -> dict[str, object]:
    return {"topic": topic, "ready": due_ms is None, "due_ms": due_ms, "owner": owner, "attempt": attempt}


@pytest.mark.parametrize("name", ["completed", "running", "waiting", "paused", "failed", "interrupted", "cancelled"])
def test_the_state_in_one_word(name: str) -> None:
    assert every_kind()[name].state == name


@pytest.mark.parametrize("name", every_kind())
def test_json_round_trip_that_fits_the_schema(name: str) -> None:
    execution = every_kind()[name]
    text = json.dumps(execution.to_json())
    assert Execution.from_json(json.loads(text)) == execution
    jsonschema.validate(json.loads(text), json.loads(bundled("execution.schema.json")), jsonschema.Draft202012Validator)


def test_what_is_no_execution_is_refused() -> None:
    with pytest.raises(KeyError, match="Execution has no color"):
        Execution.from_json({**completed().execution().to_json(), "color": "red"})


def test_instances_edges_and_what_was_skipped() -> None:
    execution = completed().execution()
    assert [(each.activity_id, each.state, each.code) for each in execution.instances] == [
        ("t", "done", 200),
        ("check", "done", 200),
        ("reserve", "done", 200),
    ]
    assert [(edge.source, edge.target, edge.kind) for edge in execution.edges] == [
        ("t", "check", "transition"),
        ("check", "reserve", "transition"),
    ]
    assert execution.skipped == ("refuse", "mend")
    assert execution.data == {"qty": 5, "available": 10, "status": "reserved"}


def test_nothing_is_skipped_while_it_can_be_reached() -> None:
    assert Played(ORDER).execution().skipped == ()


def test_an_error_that_an_edge_takes_leaves_a_failed_instance_in_a_good_job() -> None:
    played = Played(ORDER)
    played.take(Response("check", (0, 0), "error", 422, None, {"code": 422, "message": "odd"}))
    execution = played.execution()
    assert execution.state == "completed"
    assert [(each.activity_id, each.state, each.code) for each in execution.instances][1:] == [
        ("check", "failed", 422),
        ("mend", "done", 200),
    ]


def test_travelling_in_time_gives_the_data_of_then() -> None:
    execution = completed().execution()
    seen = [(event.kind, event.activity_id, execution.at(event.number).data) for event in execution.events]
    assert seen == [
        ("entered", "t", {}),
        ("settled", "t", {"qty": 5}),
        ("entered", "check", {"qty": 5}),
        ("settled", "check", {"qty": 5, "available": 10, "status": "checked"}),
        ("entered", "reserve", {"qty": 5, "available": 10, "status": "checked"}),
        ("settled", "reserve", {"qty": 5, "available": 10, "status": "reserved"}),
        ("ended", None, {"qty": 5, "available": 10, "status": "reserved"}),
    ]
    assert execution.at(0).instances == ()
    assert execution.at(len(execution.events)) is execution


def test_what_had_not_settled_yet_runs_and_has_no_output() -> None:
    then = completed().execution().at(3)
    assert [(each.activity_id, each.state) for each in then.instances] == [("t", "done"), ("check", "running")]
    assert not then.instances[1].output
    assert then.status == 1
    assert then.state == "running"


def test_a_cycle_is_the_edge_back() -> None:
    execution = every_kind()["looped"]
    back = [edge for edge in execution.edges if edge.kind == "cycle"]
    assert [(edge.source, edge.source_dimension, edge.target, edge.target_dimension) for edge in back] == [
        ("back", ",0,0,0,0", "again", ",0,1")
    ]
    order = [(event.kind, event.activity_id) for event in execution.events]
    assert order.index(("settled", "back")) < max(n for n, each in enumerate(order) if each == ("entered", "again"))
    assert [event.data for event in execution.events if event.data] == [{"n": 1}]


def test_a_retried_activity_says_so() -> None:
    played = Played(ORDER)
    played.take(Response("check", (0, 0), "error", 500, None, {"code": 500, "message": "no luck"}))
    played.take(Retried())
    edges = played.execution().edges
    assert [(edge.source, edge.target, edge.kind) for edge in edges] == [("t", "check", "transition"), ("check", "check", "retry")]


@pytest.mark.parametrize(("goes", "sources"), [(True, ["a", "b"]), (False, ["b"])])
def test_a_join_has_an_edge_from_every_branch_that_went_there(goes: bool, sources: list[str]) -> None:
    played = Played(JOIN)
    played.take(Response("a", (0, 0), "success", 200, {"go": goes}))
    played.take(Response("b", (0, 0), "success", 200, {}))
    assert [edge.source for edge in played.execution().edges if edge.target == "both"] == sources


def test_interim_answers_are_kept_with_their_instance() -> None:
    played = Played(LOOP)
    played.take(Response("ask", (0, 0, 0), "pending", 202, {"more": None}))
    execution = played.execution()
    ask = execution.instances_of("ask")[0]
    assert [(each.code, each.output) for each in ask.interim] == [(202, {"more": None})]
    assert ask.is_open
    assert ("answered", "ask") in [(event.kind, event.activity_id) for event in execution.events]


def test_signals_wait_with_what_they_are_to_bring() -> None:
    text = """
subscribes: go
activities:
  t: {type: trigger}
  approve: {type: hook, sleep: 60}
transitions: {t: [{to: approve}]}
hooks: {approved: [{to: approve, conditions: {match: [{expected: '{t.output.data.id}', actual: '{$hook.data.id}'}]}}]}
"""
    played = Played(text, {"id": "o-1"})
    wait = next(each for made in played.steps for each in made.waits)
    row = {"topic": wait.topic, "key": wait.key, "since_ms": played.now_ms}
    timer = {"kind": "timer", "due_ms": played.now_ms + 60_000, "leased": False}
    execution = played.execution(waits={wait.id: row}, messages={played.message_id("approve"): timer})
    signal, time = execution.instances_of("approve")[0].waits_for
    assert (signal.kind, signal.topic, signal.match) == ("signal", "approved", {"{$hook.data.id}": "o-1"})
    assert (time.kind, time.due_ms) == ("timer", played.now_ms + 60_000)
    played.take(SignalReceived("approve", (0, 0), {"id": "o-1", "ok": True}))
    assert played.execution().instances_of("approve")[0].hook == {"id": "o-1", "ok": True}


def test_the_overlay_of_a_run() -> None:
    drawn = overlay(every_kind()["failed"])
    assert drawn.state is Drawn.FAILED
    assert drawn.activities["check"].state is Drawn.FAILED
    assert drawn.activities["check"].note == "500 no luck"
    assert drawn.activities["reserve"].state is Drawn.SKIPPED
    assert drawn.taken == {("t", "check")}
    assert overlay(every_kind()["looped"]).activities["again"].passes == 1


def test_the_sections_of_an_export() -> None:
    execution = completed().execution()
    assert list(job_export(execution).to_json()) == list(SECTIONS)
    assert job_export(execution, allow=["status", "data"], block=["data"]).to_json() == {"status": 0}
    bare = job_export(execution, values=False).to_json()
    assert bare["data"] == ["available", "qty", "status"]
    assert not any("output" in row for row in bare["timeline"])
    with pytest.raises(ValueError, match="an export has no section 'stuff'; there is data, state, status, timeline, transitions"):
        job_export(execution, allow=["stuff"])
