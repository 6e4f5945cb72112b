"""A job that takes messages: each one enters its inbox activity again; a cancellation is such a message."""

from __future__ import annotations

from typing import Any

import pytest

from hotmesh.machine import inbox
from hotmesh.machine.events import Aside, Cancelled, Deadline, Posted
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
    assert not it.tasks, "the other instance's task is taken back"


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


def test_a_pending_answer_that_was_taken_before_a_crash_is_dropped() -> None:
    it, job_id = taking_messages()
    answer = succeed(only_task(it), {}, "pending", 202, number=1)
    assert it.take(job_id, answer).dropped == 0
    it.memory.clear()
    assert it.take(job_id, answer).dropped == 1


def test_an_answer_withdraws_what_its_worker_waits_for_no_more() -> None:
    it = world({"w": INBOX, "h": {"type": "hook", "sleep": 60}}, {"t": to("w", "h")})
    job_id = it.start("main")
    it.deliver(next(iter(it.tasks)), lambda task: succeed(task, {}, withdrawn=(("h", (0, 0)), ("h", (0, 7)))))
    assert it.job(job_id).done
    assert it.instances(job_id)["h", ",0,0"][0] == "interrupted"
    assert not it.messages, "the timer is taken back"


def test_an_answer_can_begin_its_branches_before_it_ends_the_instance() -> None:
    it = world({"w": INBOX, "h": {"type": "hook"}}, {"t": to("w"), "w": to("h", conditions={"code": 202})})
    job_id = it.start("main")
    it.deliver(next(iter(it.tasks)), lambda task: succeed(task, {}, aside=Aside(spawns=True)))
    assert it.job(job_id).done
    assert it.instances(job_id)["h", ",0,0,0"][0] == "success"


def test_a_deadline_is_a_message_that_is_taken_back_when_it_is_moot() -> None:
    it = world({"w": INBOX}, {"t": to("w")})
    job_id = it.start("main", job_id="00000000-0000-7000-8000-000000000001")
    task = only_task(it)
    key = ("w", (0, 0))
    late = {"code": 504, "message": "late"}
    set_ = it.take(job_id, succeed(task, {}, "pending", 202, aside=Aside(deadlines=(Deadline(key, 5, late),))))
    [message] = set_.messages
    assert (message.kind, message.delay_s, message.payload) == ("overdue", 5, late)
    done = it.take(job_id, succeed(task, {}, aside=Aside(moot=(key,))))
    assert done.removed_messages == [message.id]


def test_an_abandoned_child_goes_on() -> None:
    child = {"subscribes": "child", "activities": {"c": {"type": "trigger"}, "d": {"type": "worker", "topic": "in"}}}
    it = world({"w": INBOX, "a": {"type": "await", "topic": "child"}}, {"t": to("w", "a")}, child | {"transitions": {"c": to("d")}})
    job_id = it.start("main")
    it.deliver(next(iter(it.tasks)), lambda task: succeed(task, {}, aside=Aside(abandoned=(("a", (0, 0)),))))
    assert it.job(job_id).done
    assert [message.kind for message in it.messages.values()] == ["start"], "the child's start is not taken back"


def test_closed_instances_are_done_again_or_told_of() -> None:
    it = world({"w": INBOX, "a": {"type": "worker", "topic": "a"}, "b": {"type": "worker", "topic": "b"}}, {"t": to("w", "a", "b")})
    job_id = it.start("main", {"n": 0})
    [told, lost, done] = [task for _, task in it.tasks.values()]
    it.deliver(done.id)
    it.take(job_id, succeed(told, {}, "pending", 202, withdrawn=(("a", (0, 0)),)))
    it.take(job_id, succeed(told, {}, aside=Aside(reopened=(("a", (0, 0)), ("b", (0, 0))))))
    new = [(task.topic, task.input) for _, task in it.tasks.values() if task not in (told, lost)]
    assert new == [("a", {"n": 0}), ("work", {"of": "b", "at": ",0,0"})]


def pages(monkeypatch: pytest.MonkeyPatch, arrivals: int) -> World:
    """A job whose inbox activity hangs from a page, which takes in so many."""
    monkeypatch.setattr(inbox, "ARRIVALS", arrivals)
    turn = {"type": "cycle", "ancestor": "p"}
    return world({"p": {"type": "hook"}, "w": INBOX, "turn": turn}, {"t": to("p"), "p": to("w"), "w": to("turn", conditions={"code": 202})})


def places(it: World) -> list[Any]:
    return [task.dimension for _, task in it.tasks.values()]


def test_a_page_that_has_taken_in_its_share_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    it = pages(monkeypatch, 2)
    job_id = it.start("main", {"n": 0})
    for number in (1, 2, 3, 4):
        it.memory.clear()
        it.take(job_id, Posted({"n": number}))
    assert places(it) == [(0, 0, 0), (0, 0, 1), (0, 0, 2), (0, 1, 0), (0, 1, 1)]


def test_a_cycle_to_the_page_comes_in_like_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    it = pages(monkeypatch, 10)
    job_id = it.start("main", {"n": 0})
    it.take(job_id, succeed(only_task(it), {}, "pending", 202))
    assert places(it) == [(0, 0, 0), (0, 0, 1)]


def test_what_is_done_again_may_be_told_how_it_stood() -> None:
    it = world({"w": INBOX, "a": {"type": "worker", "topic": "a"}}, {"t": to("w", "a")})
    job_id = it.start("main", {"n": 0})
    [told, _] = [task for _, task in it.tasks.values()]
    key = ("a", (0, 0))
    it.take(job_id, succeed(told, {}, "pending", 202, withdrawn=(key,)))
    it.take(job_id, succeed(told, {}, aside=Aside(reopened=(key,), items={key: "since noon"})))
    assert [each.item for each in it.restored(job_id).open.values()] == ["since noon"]


def test_a_transient_part_of_an_answer_is_read_by_the_edges_and_not_kept() -> None:
    edges = {"t": to("w"), "w": to("h", foreach="{w.output.data.asks}")}
    it = world({"w": INBOX, "h": {"type": "hook", "job": {"maps": {"last": "{$item}"}}}}, edges)
    job_id = it.start("main")
    it.take(job_id, succeed(only_task(it), {"asks": [1, 2], "n": 3}, aside=Aside(transient=("asks",))))
    assert it.job(job_id).data == {"last": 2}
    assert it.instances(job_id)["w", ",0,0"][1] == {"n": 3}
