"""The small parts: the ledger's rules, retry policies, job fields, what references read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hotmesh.machine import ledger
from hotmesh.machine.retry import RetryPolicy
from tests.machine.world import World, plan_of, succeed


def test_the_ledger_refuses_a_story_that_cannot_be() -> None:
    begun = ledger.dispatch(ledger.OPEN)
    closed = ledger.answer(begun, final=True)
    full = ledger.OPEN + 99 * ledger.DISPATCH + ledger.DONE
    stories: list[Callable[[], int]] = [
        lambda: ledger.answer(ledger.OPEN, final=False),
        lambda: ledger.answer(closed, final=True),
        lambda: ledger.close(closed),
        lambda: ledger.dispatch(closed),
        lambda: ledger.dispatch(full),
        lambda: ledger.answer(begun + ledger.MAX_ANSWERS, final=False),
    ]
    for story in stories:
        with pytest.raises(ledger.LedgerError):
            story()


@pytest.mark.parametrize(
    "wrong", [{"attempts": 3}, {"maximum_attempts": 0}, {"maximum_attempts": "3"}, {"on_exhausted": "stop"}, {"initial_interval": "soon"}]
)
def test_a_policy_names_the_field_that_is_wrong(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"attempts|exhausted|soon"):
        RetryPolicy.parse(wrong)


def test_a_policy_in_words_and_back() -> None:
    policy = RetryPolicy.parse({"maximum_interval": "1m", "jitter": True})
    assert policy is not None
    assert policy.maximum_interval_s == 60
    assert RetryPolicy.parse(policy.to_json()) == policy
    assert RetryPolicy.parse(policy) is policy
    assert RetryPolicy.parse(None) is None
    assert 5 <= policy.delay_s(1, 7) <= 10
    assert policy.delay_s(1, 7) == policy.delay_s(1, 7)


@pytest.mark.parametrize(
    ("maps", "data"),
    [
        ({"x[-]": {"a": 1, "b": 2}}, {"a": 1, "b": 2}),
        ({"x[_]": {"a": 1}}, {"a": 1}),
        ({"x[-]": 5}, {}),
        ({"s[2]": "c"}, {"s": [None, None, "c"]}),
        ({"s[99999]": "c"}, {"s[99999]": "c"}),
        ({"all": "{$job}"}, {}),
        ({"me": "{$self.input.data}", "t": "{t.output.data.v}"}, {"t": 4}),
        ({"who": "{t.output.metadata.aid}", "i": "{$job.metadata.aid}"}, {"who": "t", "i": "w"}),
    ],
)
def test_job_maps_write_fields(maps: Any, data: Any) -> None:
    graph = {
        "subscribes": "main",
        "activities": {"t": {"type": "trigger"}, "w": {"type": "hook", "job": {"maps": maps}}},
        "transitions": {"t": [{"to": "w"}]},
    }
    it = World(plan_of({"app": {"id": "test", "version": "1", "graphs": [graph]}}))
    job = it.job(it.start("main", {"v": 4}))
    assert {name: value for name, value in job.data.items() if name != "all"} == data
    assert job.status == 0


def test_job_maps_by_code_come_after_those_for_all() -> None:
    worker = {"type": "worker", "topic": "work", "job": {"maps": {"a": 1}, "422": {"maps": {"a": 2}}, "4xx": {"maps": {"b": 3}}}}
    graph = {
        "subscribes": "main",
        "activities": {"t": {"type": "trigger"}, "w": worker},
        "transitions": {"t": [{"to": "w"}]},
    }
    it = World(plan_of({"app": {"id": "test", "version": "1", "graphs": [graph]}}))
    job = it.start("main")
    it.run(lambda task: succeed(task, {}, code=422))
    assert it.job(job).data == {"a": 2, "b": 3}
