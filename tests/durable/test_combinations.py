"""Each primitive alone and inside everything that asyncio builds on it; resident, evicted after every step, and restarted from its rows."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from hotmesh import Durable
from tests.durable.engine import Engine, run_in_all_modes

w = Durable.workflow


def double(n: int) -> int:
    return 2 * n


def fail(message: str) -> None:
    raise ValueError(message)


ACTIVITIES: dict[str, Callable[..., Any]] = {"double": double, "fail": fail}
act: Any = w.proxy_activities(ACTIVITIES, retry={"maximum_attempts": 1})


# ---- the primitives


async def activity() -> Any:
    return await act.double(4)


async def failing_activity() -> Any:
    try:
        return await act.fail("no")
    except w.ActivityError as error:
        return error.type


async def activity_again() -> Any:
    try:
        return await w.execute_activity("fail", "no", retry={"maximum_attempts": 3, "initial_interval": "1 s"})
    except w.ActivityError as error:
        return error.message


async def sleep() -> Any:
    return await w.sleep(3)


async def sleep_until() -> Any:
    return await w.sleep_until(w.now() + timedelta(seconds=3))


async def asyncio_sleep() -> Any:
    begun = w.now()
    await asyncio.sleep(3)
    return (w.now() - begun).total_seconds()


async def signalled() -> Any:
    return await w.condition("from outside")


async def timed_out() -> Any:
    return await w.condition("never", timeout="3 s", default="nothing")


async def escalated() -> Any:
    return await w.condition("to a person", escalation={"role": "clerk"})


async def signals() -> Any:
    me = w.workflow_info().id
    waiting = asyncio.ensure_future(w.condition("own"))
    await w.signal("own", 5, workflow_id=me)
    return await waiting


async def child() -> Any:
    return await w.execute_child(doubling, [4])


async def doubling(n: int) -> int:
    await w.sleep(1)
    return int(await act.double(n))


async def failing_child() -> Any:
    try:
        return await w.execute_child(broken, [])
    except w.ChildError as error:
        return error.type


async def broken() -> None:
    await w.sleep(1)
    raise ValueError("broken")


async def started_child() -> Any:
    handle = w.start_child(doubling, [5])
    await w.sleep(1)
    return await handle


async def terminated_child() -> Any:
    handle = w.start_child(doubling, [6])
    await w.sleep(0.5)
    await w.terminate(handle.workflow_id, reason="enough")
    try:
        return await handle
    except w.ChildError as error:
        return error.code


async def hook() -> Any:
    return await w.exec_hook(doubling, [4])


async def data() -> Any:
    await w.search().set("n", 1)
    await w.entity().merge({"n": 1})
    await w.sleep(1)
    return [await w.search().incr("n"), await w.entity().increment("n")]


async def chances() -> Any:
    before = [w.random(), str(w.uuid4())]
    await w.sleep(1)
    return before != [w.random(), str(w.uuid4())]


async def patched() -> Any:
    return [w.patched("newer"), await act.double(1)]


async def published() -> Any:
    await w.emit({"seen": {"n": 1}})
    await w.trace({"n": 1})
    await w.sleep(1)
    return "told"


PRIMITIVES: dict[Callable[[], Coroutine[Any, Any, Any]], Any] = {
    activity: 8,
    failing_activity: "ValueError",
    activity_again: "fail: no",
    sleep: 3,
    sleep_until: 3,
    asyncio_sleep: 3,
    signalled: "hello",
    timed_out: "nothing",
    escalated: "signed",
    signals: 5,
    child: 8,
    failing_child: "ValueError",
    started_child: 10,
    terminated_child: 410,
    hook: 8,
    data: [2, 2],
    chances: True,
    patched: [True, 2],
    published: "told",
}

Primitive = Callable[[], Awaitable[Any]]


# ---- what is around them


async def alone(primitive: Primitive) -> Any:
    return await primitive()


async def gathered(primitive: Primitive) -> Any:
    _, result, _ = await asyncio.gather(act.double(1), primitive(), w.sleep(2))
    return result


async def grouped(primitive: Primitive) -> Any:
    async with asyncio.TaskGroup() as group:
        task: asyncio.Task[Any] = group.create_task(primitive())  # type: ignore[arg-type]
        group.create_task(act.double(1))
        group.create_task(w.sleep(2))
    return task.result()


async def racing(primitive: Primitive) -> Any:
    tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(each) for each in (w.sleep(3600), primitive(), w.condition("nobody"))]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for each in pending:
        each.cancel()
    return done.pop().result()


async def within_a_timeout(primitive: Primitive) -> Any:
    async with asyncio.timeout(3600):
        return await primitive()


async def waited_for(primitive: Primitive) -> Any:
    return await asyncio.wait_for(primitive(), 3600)


async def shielded(primitive: Primitive) -> Any:
    inner = asyncio.ensure_future(primitive())
    try:
        return await asyncio.wait_for(asyncio.shield(inner), 0.001)
    except TimeoutError:
        return await inner


async def in_a_hook(primitive: Primitive) -> Any:
    async def hooked() -> Any:
        return await primitive()

    return await w.exec_hook(hooked)


async def in_a_scope(primitive: Primitive) -> Any:
    async with w.CancellationScope.non_cancellable():
        return await primitive()


COMBINATIONS = [alone, gathered, grouped, racing, within_a_timeout, waited_for, shielded, in_a_hook, in_a_scope]


def answer(engine: Engine) -> None:
    """What comes from outside is there early."""
    engine.signal("from outside", "hello")
    engine.signal("to a person", "signed", to="w")


@pytest.mark.parametrize("primitive", PRIMITIVES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("around", COMBINATIONS, ids=lambda each: each.__name__)
def test_a_primitive_means_the_same_everywhere(around: Callable[[Primitive], Awaitable[Any]], primitive: Any) -> None:
    async def workflow() -> Any:
        return await around(primitive)

    result = run_in_all_modes([workflow, doubling, broken], activities=ACTIVITIES, drive=answer)
    assert result == PRIMITIVES[primitive]


@pytest.mark.parametrize("primitive", [sleep, asyncio_sleep, timed_out, signalled, child, started_child], ids=lambda each: each.__name__)
def test_a_limit_cuts_a_primitive_short(primitive: Any) -> None:
    """What a timeout takes back leaves nothing behind that could come later."""

    async def workflow() -> Any:
        try:
            async with asyncio.timeout(0.5):
                return await primitive()
        except TimeoutError:
            return ["too late", await act.double(1), await w.sleep(10)]

    assert run_in_all_modes([workflow, doubling, broken], activities=ACTIVITIES) == ["too late", 2, 10]


def test_a_step_costs_the_same_at_the_end_as_at_the_beginning() -> None:
    """By the calls it takes, which don't vary with the machine: at most 1.2 times as many."""
    calls = {"early": 0, "late": 0}

    async def workflow(steps: int) -> int:
        windows = {100: "early", steps - 500: "late"}
        for number in range(steps):
            if number in windows:
                sys.setprofile(partial(count, windows[number]))
            if number - 499 in windows:
                sys.setprofile(None)
            await act.double(number)
        return steps

    def count(window: str, frame: Any, event: str, argument: Any) -> None:
        calls[window] += 1

    engine = Engine(workflow, ACTIVITIES, tripwires=False)
    engine.start(workflow, 10_500)
    assert engine.run() == 10_500
    assert engine.count("page") == 3
    assert calls["late"] <= 1.2 * calls["early"], f"500 steps took so many calls: {calls}"
    assert calls["early"] > 10_000, "the calls were not counted"
