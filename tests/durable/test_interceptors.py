"""Interceptors: around the workflow, around each call, around each execution; the first that was registered is outermost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from hotmesh import Durable
from hotmesh.durable.activity_worker import ActivityWorker
from hotmesh.durable.interception import Interceptors
from hotmesh.runtime.stream import Metadata, StreamData
from tests.durable.engine import MODES, Engine, Failed, Mode

w = Durable.workflow


def echo(value: Any) -> Any:
    return value


def boom(value: Any) -> Any:
    raise ValueError(f"boom {value}")


ACTIVITIES = {"echo": echo, "boom": boom}
act: Any = w.proxy_activities(ACTIVITIES, retry={"maximum_attempts": 1})


async def workflow(value: str) -> list[Any]:
    return [await act.echo(value), await act.echo(f"{value}2")]


def marking(mark: str) -> Any:
    async def intercept(call: Any, proceed: Any) -> Any:
        return f"{mark}({await proceed(replace(call, args=(f'{mark}{call.args[0]}',)))})"

    return intercept


def run(mode: Mode, interceptors: Interceptors, function: Any = workflow) -> Any:
    engine = Engine(function, ACTIVITIES, mode=mode, interceptors=interceptors)
    engine.start(function, "x")
    return engine.run(), [arguments[0] for _, arguments in engine.ran]


@pytest.mark.parametrize("mode", MODES)
def test_the_first_is_outermost(mode: Mode) -> None:
    assert run(mode, Interceptors(outbound=[marking("a"), marking("b")])) == (["a(b(bax))", "a(b(bax2))"], ["bax", "bax2"])
    assert run(mode, Interceptors(inbound=[marking("a"), marking("b")]))[1] == ["bax", "bax2"]


@pytest.mark.parametrize("mode", MODES)
def test_one_around_the_workflow_may_use_durable_calls(mode: Mode) -> None:
    async def audited(call: Durable.InboundCall, proceed: Any) -> Any:
        await act.echo(f"begin {call.name} {call.headers.get('tenant')}")
        try:
            return await proceed(call)
        finally:
            await w.sleep(1)
            await act.echo("end")

    async def failing(value: str) -> None:
        await act.boom(value)

    assert run(mode, Interceptors(inbound=[audited]))[1] == ["begin workflow None", "x", "x2", "end"]
    engine = Engine(failing, ACTIVITIES, mode=mode, interceptors=Interceptors(inbound=[audited]))
    engine.start(failing, "x", headers={"tenant": "t"})
    with pytest.raises(Failed, match="boom x"):
        engine.run()
    assert [arguments[0] for _, arguments in engine.ran] == ["begin failing t", "x", "end"]


@pytest.mark.parametrize("mode", MODES)
def test_one_around_a_call_may_do_it_elsewhere_again_or_not_at_all(mode: Mode) -> None:
    async def patient(call: Durable.OutboundCall, proceed: Any) -> Any:
        if call.args == ("cached",):
            return "from the cache"
        if call.name == "boom":
            call = replace(call, options=replace(call.options, headers={"again": True}))
        try:
            return await proceed(call)
        except Durable.ActivityError:
            await w.sleep(60)
            return await proceed(replace(call, name="echo"))

    async def calls(value: str) -> list[Any]:
        return [await act.echo("cached"), await act.boom(value)]

    assert run(mode, Interceptors(outbound=[patient]), calls) == (["from the cache", "x"], ["x", "x"])


async def test_one_around_an_execution_sees_what_runs() -> None:
    seen: list[Any] = []

    async def watching(call: Durable.ActivityCall, proceed: Any) -> Any:
        seen.append((call.name, call.args, dict(call.headers), Durable.activity.get_context().attempt))
        return await proceed(replace(call, args=(call.args[0] + 1,)))

    worker = ActivityWorker({"echo": echo}, [watching])
    told = {"name": "echo", "args": [1], "headers": {"tenant": "t"}}
    answer = await worker(StreamData(told, Metadata("01a1fd34-9bf6-7000-8005-3b28f39bc228", "w", "g", "activity", ",0", "q-activity", 2)))
    assert (answer.data, seen) == (2, [("echo", (1,), {"tenant": "t"}, 2)])


@pytest.fixture
def registered() -> Iterator[None]:
    yield
    Durable.clear_interceptors()


@pytest.mark.usefixtures("registered")
def test_those_that_are_registered_count_for_workers_made_afterwards() -> None:
    before = Durable.Worker(task_queue="q", workflows=[workflow])
    inbound, outbound, activity = marking("i"), marking("o"), marking("a")
    assert Durable.register_inbound_interceptor(inbound) is inbound
    Durable.register_outbound_interceptor(outbound)
    Durable.register_activity_interceptor(activity)
    after = Durable.Worker(task_queue="q", workflows=[workflow])
    assert before._interceptors == Interceptors()
    assert after._interceptors == Interceptors([inbound], [outbound], [activity])
    Durable.clear_interceptors()
    assert after._interceptors == Interceptors([inbound], [outbound], [activity])
