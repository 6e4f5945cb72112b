"""`handle.cancel()`: where it is raised, what cleanup may do, what becomes of what was waited for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hotmesh import Durable
from tests.durable.engine import MODES, Engine, Failed, Mode, run_in_all_modes

w = Durable.workflow


def note(text: str) -> str:
    return text


ACTIVITIES = {"note": note}
act: Any = w.proxy_activities(ACTIVITIES)


def cancelled(engine: Engine) -> None:
    engine.settle()
    engine.cancel(reason="changed my mind")


def ran(engine: Engine) -> list[str]:
    return [arguments[0] for _, arguments in engine.ran]


def test_it_is_raised_where_the_function_waits() -> None:
    async def workflow() -> str:
        try:
            await w.sleep("1 day")
        except w.CancelledFailure as error:
            return f"cancelled: {error}"
        return "slept"

    assert run_in_all_modes(workflow, drive=cancelled) == "cancelled: changed my mind"


def test_uncaught_it_ends_the_workflow() -> None:
    async def workflow() -> None:
        await w.condition("never")

    assert run_in_all_modes(workflow, drive=cancelled) == ("failed", "CancelledFailure", "changed my mind", 410)


@pytest.mark.parametrize("mode", MODES)
def test_cleanup_uses_durable_calls(mode: Mode) -> None:
    async def workflow() -> None:
        try:
            await w.sleep("1 day")
        finally:
            async with w.CancellationScope.non_cancellable():
                await act.note("cleaned")

    engine = Engine(workflow, ACTIVITIES, mode=mode)
    engine.start(workflow)
    cancelled(engine)
    with pytest.raises(Failed, match="changed my mind"):
        engine.run()
    assert ran(engine) == ["cleaned"]


@pytest.mark.parametrize("mode", MODES)
def test_a_shield_holds_a_cancellation_back(mode: Mode) -> None:
    async def cleanup() -> str:
        await w.sleep(60)
        return str(await act.note("inside"))

    async def workflow() -> list[str]:
        seen = [await w.CancellationScope.non_cancellable(cleanup)]
        try:
            await w.sleep(1)
        except w.CancelledFailure:
            seen.append("outside")
        return seen

    engine = Engine(workflow, ACTIVITIES, mode=mode)
    engine.start(workflow)
    cancelled(engine)
    assert engine.run() == ["inside", "outside"]


def test_a_timeout_inside_a_shield_works() -> None:
    async def workflow() -> str:
        async with w.CancellationScope.non_cancellable():
            try:
                async with asyncio.timeout(1):
                    await w.condition("never")
            except TimeoutError:
                return "in time"
        return "never"

    assert run_in_all_modes(workflow) == "in time"


@pytest.mark.parametrize("mode", MODES)
def test_it_reaches_everything_the_function_waits_for(mode: Mode) -> None:
    async def workflow() -> list[str]:
        async def inner(name: str) -> None:
            try:
                await w.sleep(100)
            except asyncio.CancelledError:
                await act.note(name)
                raise

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(inner("a"))
                group.create_task(inner("b"))
        except w.CancelledFailure:
            return ["caught"]
        return []

    engine = Engine(workflow, ACTIVITIES, mode=mode)
    engine.start(workflow)
    cancelled(engine)
    assert engine.run() == ["caught"]
    assert ran(engine) == ["a", "b"]
    assert not engine.timers


@pytest.mark.parametrize("mode", MODES)
def test_what_is_waited_for_no_more_is_taken_back(mode: Mode) -> None:
    async def workflow() -> str:
        try:
            async with asyncio.timeout(5):
                await asyncio.gather(act.note("late"), w.condition("never"), w.sleep(100))
        except TimeoutError:
            await w.sleep(1)
            return "over"
        return "done"

    engine = Engine(workflow, ACTIVITIES, mode=mode)
    engine.start(workflow)
    engine.advance()
    assert (engine.tasks, engine.waits) == ({}, {})
    assert len(engine.timers) == 1
    assert engine.run() == "over"
    assert ran(engine) == []


async def child() -> str:
    try:
        await w.sleep(1000)
    except w.CancelledFailure:
        return "asked to end"
    return "slept"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("cancellation", "outcome"), [("request", "asked to end"), ("abandon", "slept"), ("terminate", None)], ids=str)
def test_a_cancelled_wait_does_to_the_child_what_was_said(mode: Mode, cancellation: Any, outcome: str | None) -> None:
    async def workflow() -> str:
        try:
            await w.execute_child(child, workflow_id="c", cancellation=cancellation)
        except w.CancelledFailure:
            return "cancelled"
        return "child ended"

    engine = Engine([workflow, child], mode=mode)
    engine.start(workflow)
    cancelled(engine)
    assert engine.run() == "cancelled"
    if outcome is None:
        with pytest.raises(Failed, match="waits for it no more"):
            engine.run("c")
    else:
        assert engine.run("c") == outcome


@pytest.mark.parametrize("mode", MODES)
def test_children_go_on_when_their_parent_returns(mode: Mode) -> None:
    async def workflow() -> str:
        return w.start_child(child, workflow_id="c").workflow_id

    engine = Engine([workflow, child], mode=mode)
    engine.start(workflow)
    assert engine.run() == "c"
    engine.settle()
    assert engine.run("c") == "slept"


def test_a_request_that_comes_before_the_first_step_is_kept() -> None:
    async def workflow() -> str:
        try:
            await w.sleep(5)
        except w.CancelledFailure:
            return "cancelled"
        return "slept"

    engine = Engine(workflow)
    engine.start(workflow, delay="1 hour")
    engine.cancel()
    with pytest.raises(Failed, match="cancelled"):
        engine.run()


def test_a_cancellation_is_told_from_other_errors() -> None:
    assert w.is_cancellation(asyncio.CancelledError())
    assert w.is_cancellation(w.ChildError("x", type="CancelledFailure"))
    assert not w.is_cancellation(ValueError())
    assert not w.did_interrupt(ValueError())
