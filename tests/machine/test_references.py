"""What a reference reads inside a job, and what becomes of maps that give nothing useful."""

from __future__ import annotations

from typing import Any

import pytest

from hotmesh.values import Json
from tests.machine.test_activities import to, world
from tests.machine.world import World, plan_of, succeed


def mapped(reference: str) -> Any:
    """What a pass-through hook below the trigger puts into the job's data for a reference."""
    it = world({"h": {"type": "hook", "job": {"maps": {"got": reference}}}}, {"t": to("h")})
    job = it.job(it.start("main", {"x": 1}, key="k"))
    assert job.done, job.error
    return job.data.get("got")


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("{t.output.data.x}", 1),
        ("{t.output.data}", {"x": 1}),
        ("{t.output.metadata.aid}", "t"),
        ("{$self.output.metadata.dad}", ",0,0"),
        ("{h.output.metadata.atp}", "hook"),
        ("{$job.metadata.aid}", "h"),
        ("{$job.metadata.jid}", "k"),
        ("{$job.data}", {}),
    ],
)
def test_a_reference_reads_the_instance_on_the_path_and_the_job(reference: str, value: Json) -> None:
    assert mapped(reference) == value


def test_whole_sections_can_be_read() -> None:
    assert mapped("{t.output}")["data"] == {"x": 1}
    assert mapped("{t.output.metadata}")["as"] == "success"


@pytest.mark.parametrize(("code", "field"), [(200, "exact"), (299, "class")])
def test_job_maps_can_depend_on_the_code(code: int, field: str) -> None:
    maps = {"200": {"maps": {"exact": True}}, "2xx": {"maps": {"class": True}}}
    it = world({"w": {"type": "worker", "topic": "work", "job": maps}}, {"t": to("w")})
    job_id = it.start("main")
    it.run(lambda task: succeed(task, {}, code=code))
    assert it.job(job_id).data[field] is True


@pytest.mark.parametrize(
    ("items", "told"),
    [("text", "takes a list, not str"), ({"a": 1}, "takes a list, not dict")],
)
def test_a_foreach_over_what_is_no_list_fails_the_activity(items: Json, told: str) -> None:
    it = world({"h": {"type": "hook"}}, {"t": [{"to": "h", "foreach": "{t.output.data.items}"}]})
    job = it.job(it.start("main", {"items": items}))
    assert job.failed
    assert job.error["code"] == 590
    assert told in job.error["message"]


def test_a_foreach_over_nothing_enters_nothing() -> None:
    it = world({"h": {"type": "hook"}}, {"t": [{"to": "h", "foreach": "{t.output.data.items}"}]})
    job_id = it.start("main", {})
    assert it.job(job_id).done
    assert list(it.instances(job_id)) == [("t", ",0")]


@pytest.mark.parametrize("sleep", ["soon", {"a": 1}])
def test_a_sleep_that_is_no_duration_fails_the_hook(sleep: Json) -> None:
    it = world({"h": {"type": "hook", "sleep": "{t.output.data.sleep}"}}, {"t": to("h")})
    job = it.job(it.start("main", {"sleep": sleep}))
    assert (job.failed, job.error["code"], job.error["activity"]) == (True, 590, "h")


@pytest.mark.parametrize(("threshold", "status"), [(0, "success"), (1, "interrupted")])
def test_an_activity_closes_the_job_at_its_status_threshold(threshold: int, status: str) -> None:
    it = world({"h": {"type": "hook", "statusThreshold": threshold}}, {"t": to("h")})
    job_id = it.start("main")
    assert it.job(job_id).done
    assert it.instances(job_id)["h", ",0,0"][0] == status


@pytest.mark.parametrize(("index", "held"), [("0", ["v"]), ("2", [None, None, "v"])])
def test_job_maps_can_fill_a_slot_of_a_list(index: str, held: Json) -> None:
    it = world({"h": {"type": "hook", "job": {"maps": {f"list[{index}]": "v"}}}}, {"t": to("h")})
    assert it.job(it.start("main")).data == {"list": held}


def test_a_payload_that_fits_its_schema_starts_the_job() -> None:
    it = world({}, {}, input={"schema": {"type": "object", "required": ["x"]}})
    assert it.job(it.start("main", {"x": 1})).done


@pytest.mark.parametrize(
    "reference",
    ["{zz.output.data}", "{$hook.data}", "{$item}", "{t.nope.x}", "{t.output.nope}", "{$job.nope}", "{late.output.data}"],
)
def test_a_reference_whose_diagnostic_is_silenced_reads_nothing(reference: str) -> None:
    it = World(
        plan_of(
            f"""
subscribes: main
activities:
  t: {{type: trigger}}
  h: {{type: hook, job: {{maps: {{got: '{reference}', id: '{{$job.metadata.jid}}'}}}}}}  # hotmesh: ignore
  late: {{type: hook}}
transitions:
  t: [{{to: h}}]
  h: [{{to: late}}]
"""
        )
    )
    assert it.job(it.start("main", {"x": 1}, key="k")).data == {"id": "k"}


def test_a_whole_activity_can_be_read() -> None:
    assert mapped("{t}")["output"]["data"] == {"x": 1}
    assert mapped("{$self}")["output"]["metadata"]["aid"] == "h"


def test_chance_differs_from_instance_to_instance_and_not_from_run_to_run() -> None:
    pick = {"type": "hook", "output": {"maps": {"n": {"@pipe": [["{@math.random}"]]}}}}
    runs = []
    for _ in range(2):
        it = world({"a": pick, "b": pick}, {"t": to("a", "b")})
        runs.append([output["n"] for (name, _), (_, output) in it.instances(it.start("main")).items() if name != "t"])
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 2


def test_the_item_is_known_below_the_activity_it_was_for() -> None:
    see = {"type": "hook", "job": {"maps": {"last": {"@pipe": [["{$item}", "!"], ["{@string.concat}"]]}}}}
    it = world({"a": {"type": "hook"}, "b": see}, {"t": to("a", foreach=["x"]), "a": to("b")})
    assert it.job(it.start("main")).data == {"last": "x!"}


def test_a_join_reads_what_lies_deep_in_a_branch() -> None:
    say = {"type": "worker", "topic": "work", "input": {"maps": {"v": "{t.output.data.x}"}}}
    gather = {"type": "hook", "join": "all", "job": {"maps": {"got": "{b.output.data.v}"}}}
    it = world(
        {"a": {"type": "hook"}, "b": say, "c": {"type": "hook"}, "j": gather}, {"t": to("a", "c"), "a": to("b"), "b": to("j"), "c": to("j")}
    )
    job = it.start("main", {"x": 5})
    it.run()
    assert it.job(job).data == {"got": 5}


def test_a_job_id_and_its_facets_come_from_the_payload() -> None:
    stats = {"id": "{t.output.data.x}", "key": "{$self.output.data.x}", "color": "{t.input.data.color}"}
    main = {"subscribes": "main", "activities": {"t": {"type": "trigger", "stats": stats}}}
    it = World(plan_of({"app": {"id": "test", "version": "1", "graphs": [main]}}))
    job = it.job(it.start("main", {"x": "seven", "color": "red"}))
    assert (job.key, job.facets) == ("seven", {"color": "red", "key": "seven"})


BROKEN: Json = {"@pipe": [["{"], ["{@json.parse}"]]}


def test_an_output_map_is_added_to_what_there_is_or_replaces_it() -> None:
    for maps, output in (({"y": 2}, {"x": 1, "y": 2}), ("{t.output.data.list}", [1])):
        it = world({"w": {"type": "worker", "topic": "work", "output": {"maps": maps}}}, {"t": to("w")})
        job = it.start("main", {"list": [1]})
        it.run(lambda task: succeed(task, {"x": 1}))
        assert it.instances(job)["w", ",0,0"][1] == output


def test_telemetry_names_span_attributes() -> None:
    it = world({"h": {"type": "hook", "telemetry": {"x": "{t.output.data.x}"}}}, {"t": to("h")})
    it.start("main", {"x": 1})
    assert it.steps[0].telemetry == {("h", (0, 0)): {"x": 1}}


def test_job_maps_that_give_no_map_fail_the_activity() -> None:
    it = world({"h": {"type": "hook", "job": {"maps": "{t.output.data.x}"}}}, {"t": to("h")})
    error = it.job(it.start("main", {"x": 1})).error
    assert (error["code"], "job.maps gives int, not a map" in error["message"]) == (590, True)


@pytest.mark.parametrize(
    ("edges", "place"),
    [
        (to("b", conditions={"match": [{"expected": 1, "actual": BROKEN}]}), "transition to b"),
        (to("b", foreach=BROKEN), "foreach of b"),
        (to("b", conditions={"gate": "or", "code": [200, 590], "match": [{"expected": 1, "actual": BROKEN}]}), "transition to b"),
    ],
)
def test_a_condition_that_raises_fails_the_activity_with_its_place(edges: Json, place: str) -> None:
    it = world({"h": {"type": "hook"}, "b": {"type": "hook"}}, {"t": to("h"), "h": edges})
    error = it.job(it.start("main")).error
    assert (error["code"], error["activity"], place in error["message"]) == (590, "h", True)


def test_what_a_hook_expects_may_raise_and_says_where() -> None:
    rule = {"to": "h", "conditions": {"match": [{"expected": BROKEN, "actual": "{$hook.data.x}"}]}}
    it = world({"h": {"type": "hook"}}, {"t": to("h")}, hooks={"go": [rule]})
    error = it.job(it.start("main")).error
    assert (error["code"], "hooks.go.expected" in error["message"]) == (590, True)
