"""What a reference reads inside a job, and what becomes of maps that give nothing useful."""

from __future__ import annotations

from typing import Any

import pytest

from hotmesh.values import Json
from tests.machine.test_activities import to, world
from tests.machine.world import succeed


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
