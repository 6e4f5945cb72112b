"""`hotmesh retry` of a failed workflow: what failed is done again, what the failure has ended goes on, what was done stays done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hotmesh import Durable
from tests.durable.engine import MODES, Engine, Failed, Mode

w = Durable.workflow


class Trouble:
    """Something that is broken until it is mended."""

    def __init__(self) -> None:
        self.there = True

    def work(self, value: Any) -> Any:
        if self.there and value == "bad":
            raise ValueError("no luck")
        return value


act: Any = w.proxy_activities({"work": Trouble().work}, retry={"maximum_attempts": 1})


async def in_sequence() -> list[Any]:
    return [await act.work("first"), await act.work("bad"), await act.work("last")]


async def beside_others() -> list[Any]:
    return list(await asyncio.gather(act.work("first"), w.sleep(60), act.work("bad"), w.condition("go", timeout=90, default="none")))


async def in_a_group() -> list[Any]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in (w.sleep(60), act.work("bad"), act.work("late"))]
    return [task.result() for task in tasks]


async def twice_bad() -> list[Any]:
    return list(await asyncio.gather(act.work("bad"), act.work("bad"), act.work("good")))


async def after_a_wait() -> Any:
    await w.sleep(5)
    return await act.work("bad")


async def child(value: str) -> Any:
    return [await act.work("in a child"), await act.work(value)]


async def of_a_child() -> Any:
    return await w.execute_child(child, ["bad"])


PROGRAMS: list[tuple[Callable[..., Any], Any, list[str]]] = [
    (in_sequence, ["first", "bad", "last"], ["first", "bad", "bad", "last"]),
    (beside_others, ["first", 60, "bad", "none"], ["first", "bad", "bad"]),
    (in_a_group, [60, "bad", "late"], ["bad", "bad", "late"]),
    (twice_bad, ["bad", "bad", "good"], ["bad", "bad", "bad", "good"]),
    (after_a_wait, "bad", ["bad", "bad"]),
    (of_a_child, ["in a child", "bad"], ["in a child", "bad", "bad"]),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("program", "expected", "ran"), PROGRAMS, ids=[each.__name__ for each, _, _ in PROGRAMS])
def test_what_failed_is_done_again(mode: Mode, program: Callable[..., Any], expected: Any, ran: list[str]) -> None:
    trouble = Trouble()
    engine = Engine([program, child], {"work": trouble.work}, mode=mode)
    engine.start(program)
    with pytest.raises(Failed, match="no luck"):
        engine.run()
    trouble.there = False
    engine.retry()
    assert engine.run() == expected
    assert sorted(arguments[0] for _, arguments in engine.ran) == sorted(ran)
    assert (engine.tasks, engine.timers, engine.waits) == ({}, {}, {})


@pytest.mark.parametrize("mode", MODES)
def test_it_may_fail_again(mode: Mode) -> None:
    trouble = Trouble()
    engine = Engine(in_sequence, {"work": trouble.work}, mode=mode)
    engine.start(in_sequence)
    for _ in range(3):
        with pytest.raises(Failed, match="no luck"):
            engine.run()
        engine.retry()
    trouble.there = False
    assert engine.run() == ["first", "bad", "last"]
    assert [arguments[0] for _, arguments in engine.ran] == ["first", "bad", "bad", "bad", "bad", "last"]


@pytest.mark.parametrize("mode", MODES)
def test_code_that_was_mended_takes_its_last_step_again(mode: Mode) -> None:
    broken = True

    async def workflow() -> list[Any]:
        waiting = asyncio.ensure_future(w.condition("go"))
        first = await act.work("first")
        if broken:
            raise RuntimeError("a bug")
        await w.sleep(1)
        return [first, await waiting]

    engine = Engine(workflow, {"work": Trouble().work}, mode=mode)
    engine.start(workflow)
    with pytest.raises(Failed, match="a bug"):
        engine.run()
    broken = False
    engine.retry()
    engine.settle()
    engine.signal("go", 5)
    assert engine.run() == ["first", 5]
    assert [arguments[0] for _, arguments in engine.ran] == ["first"]


@pytest.mark.parametrize("mode", MODES)
def test_a_first_step_that_failed_is_taken_again(mode: Mode) -> None:
    broken = True

    async def workflow() -> Any:
        if broken:
            raise RuntimeError("a bug")
        return await act.work("first")

    engine = Engine(workflow, {"work": Trouble().work}, mode=mode)
    engine.start(workflow)
    with pytest.raises(Failed, match="a bug"):
        engine.run()
    broken = False
    engine.retry()
    assert engine.run() == "first"


@pytest.mark.parametrize("mode", MODES)
def test_what_was_opened_anew_can_be_cancelled(mode: Mode) -> None:
    trouble = Trouble()

    async def workflow() -> list[Any]:
        waiting = asyncio.create_task(w.sleep(1_000))
        done = await act.work("bad")
        waiting.cancel()
        await asyncio.wait([waiting])
        await w.sleep(1)
        return [done, waiting.cancelled()]

    engine = Engine(workflow, {"work": trouble.work}, mode=mode)
    engine.start(workflow)
    with pytest.raises(Failed, match="no luck"):
        engine.run()
    trouble.there = False
    engine.retry()
    engine.settle()
    assert len(engine.timers) == 1
    assert engine.run() == ["bad", True]


HOUR = 3600


async def slept(seconds: float) -> float:
    begun = w.now()
    await w.sleep(seconds)
    return (w.now() - begun).total_seconds()


async def long_and_short() -> list[Any]:
    return [*await asyncio.gather(slept(10 * HOUR), slept(3 * HOUR), act.work("bad")), (await slept(HOUR))]


async def until_a_moment() -> float:
    begun = w.now()
    moment = begun + timedelta(hours=10)
    await asyncio.gather(w.sleep_until(moment), act.work("bad"))
    return (w.now() - begun).total_seconds()


async def within_a_limit() -> str:
    async with asyncio.timeout(HOUR):
        return str(await act.work("bad"))


async def within_a_wait() -> list[Any]:
    return list(await asyncio.gather(w.condition("go", timeout=HOUR, default="late"), act.work("bad")))


async def limited() -> str:
    return str(await act.work("bad"))


TIMES: list[tuple[Callable[..., Any], dict[str, Any], Any, float]] = [
    (long_and_short, {}, [10 * HOUR, 5 * HOUR, "bad", HOUR], 11 * HOUR),
    (until_a_moment, {}, 10 * HOUR, 10 * HOUR),
    (within_a_limit, {}, "bad", 5 * HOUR),
    (within_a_wait, {}, ["late", "bad"], 6 * HOUR),
    (limited, {"execution_timeout": HOUR}, "bad", 5 * HOUR),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("program", "options", "expected", "ends"), TIMES, ids=[each.__name__ for each, *_ in TIMES])
def test_a_sleep_ends_when_it_would_have_ended_and_a_limit_begins_again(
    mode: Mode, program: Callable[..., Any], options: dict[str, Any], expected: Any, ends: float
) -> None:
    """It fails at once, lies for two hours, fails again, and is mended three hours later."""
    trouble = Trouble()
    engine = Engine(program, {"work": trouble.work}, mode=mode)
    begun = engine.now
    engine.start(program, **options)
    for hours in (2, 3):
        with pytest.raises(Failed, match="no luck"):
            engine.run()
        engine.pass_time(hours * HOUR)
        trouble.there = hours == 2
        engine.retry()
    assert engine.run() == expected
    assert (engine.now - begun).total_seconds() == ends
    assert (engine.tasks, engine.timers, engine.waits) == ({}, {}, {})


# ---- continue_as_new


@pytest.mark.parametrize("mode", MODES)
def test_every_run_has_chances_and_children_of_its_own(mode: Mode) -> None:
    async def child(n: int) -> int:
        return n

    async def workflow(n: int, seen: list[Any]) -> list[Any]:
        seen = [*seen, str(w.uuid4()), w.random(), await w.execute_child(child, [n])]
        if n < 3:
            w.continue_as_new(n + 1, seen)
        return seen

    engine = Engine([workflow, child], mode=mode)
    engine.start(workflow, 0, [])
    seen = engine.run()
    assert len(set(map(str, seen))) == len(seen) == 12
    assert sorted(engine.jobs) == ["w", "w+1/3", "w+2/3", "w+3/3", "w/3"]
