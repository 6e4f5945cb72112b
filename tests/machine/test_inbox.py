"""A job that takes messages: each one enters its inbox activity again; a cancellation is such a message."""

from __future__ import annotations

from typing import Any

from hotmesh.machine.events import Aside, Cancelled, Posted
from hotmesh.values import Json
from tests.machine.test_activities import only_task, to, world
from tests.machine.world import World, succeed

INBOX: Json = {"type": "worker", "topic": "work", "settings": {"inbox": True}}


def taking_messages() -> tuple[World, str]:
    it = world({"w": INBOX}, {"t": to("w")})
    return it, it.start("main", {"n": 0})


def inputs(it: World) -> list[Any]:
    return [task.input for _, task in it.tasks.values()]


def test_a_message_enters_the_inbox_again() -> None:
    it, job_id = taking_messages()
    it.take(job_id, Posted({"n": 1}))
    assert inputs(it) == [{"n": 0}, {"n": 1}]
    it.run()
    assert it.job(job_id).done


def test_a_cancellation_is_told_and_ends_nothing() -> None:
    it, job_id = taking_messages()
    it.take(job_id, Cancelled("enough"))
    assert inputs(it)[-1] == {"kind": "cancel", "reason": "enough"}
    assert not it.job(job_id).cancelled


def test_a_job_without_an_inbox_drops_messages() -> None:
    it = world({"w": {"type": "worker", "topic": "work"}}, {"t": to("w")})
    job_id = it.start("main")
    assert it.take(job_id, Posted({"n": 1})).dropped == 1
    assert len(it.tasks) == 1


def test_a_last_word_ends_the_job_and_takes_back_what_is_open() -> None:
    it, job_id = taking_messages()
    first = only_task(it)
    it.take(job_id, Posted({"n": 1}))
    it.take(job_id, succeed(first, {}, ends=True))
    job = it.job(job_id)
    assert (job.done, job.status, job.failed) == (True, 0, False)
    assert inputs(it) == [{"n": 0}], "the other instance's task is taken back"


def test_a_job_that_begins_afresh_keeps_its_data_and_loses_its_history() -> None:
    it, job_id = taking_messages()
    first = only_task(it)
    it.take(job_id, Posted({"n": 1}))
    it.take(job_id, succeed(first, {}, aside=Aside(restart={"n": 9})))
    assert inputs(it)[-1] == {"n": 9}
    assert set(it.instances(job_id)) == {("t", ",0"), ("w", ",0,2")}


def test_what_is_done_beside_an_answer_is_committed_with_it() -> None:
    it, job_id = taking_messages()
    task = only_task(it)
    aside = Aside(emissions={"news": {"a": 1}}, messages=(("cancel", {"key": "other"}),), trace={"app.x": 1})
    done = it.take(job_id, succeed(task, {}, "pending", 202, aside=aside))
    assert [(each.topic, each.final, each.data) for each in done.publications] == [("news", False, {"a": 1})]
    assert [(each.kind, each.payload) for each in done.messages] == [("cancel", {"key": "other"})]
    assert done.telemetry == {("w", (0, 0)): {"app.x": 1}}
