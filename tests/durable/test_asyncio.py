"""What asyncio has to wait and to coordinate with, as a clever user would use it: a replay gives the same, in every order of events."""

from __future__ import annotations

import asyncio
import contextvars
import gc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotmesh import Durable
from tests.durable.engine import MODES, Engine, Failed, Mode

w = Durable.workflow
where: contextvars.ContextVar[str] = contextvars.ContextVar("where", default="nowhere")


def echo(value: Any) -> Any:
    return value


def boom(value: Any) -> Any:
    raise ValueError(f"boom {value}")


ACTIVITIES: dict[str, Callable[..., Any]] = {"echo": echo, "boom": boom}
act: Any = w.proxy_activities(ACTIVITIES, retry={"maximum_attempts": 1})


async def semaphore() -> list[int]:
    semaphore, seen = asyncio.Semaphore(2), []

    async def one(n: int) -> None:
        async with semaphore:
            seen.append(await act.echo(n))
            await w.sleep(n % 3 + 1)
            seen.append(-n)

    await asyncio.gather(*(one(n) for n in range(1, 7)))
    return seen


async def bounded_semaphore() -> str:
    bounded = asyncio.BoundedSemaphore(1)
    async with bounded:
        await act.echo(1)
    try:
        bounded.release()
    except ValueError:
        return "released once too often"
    return ""


async def condition() -> list[int]:
    changed, seen = asyncio.Condition(), []

    async def waiter(n: int) -> None:
        async with changed:
            await changed.wait()
            seen.append(await act.echo(n))

    waiters = [asyncio.create_task(waiter(n)) for n in range(4)]
    for count in (2, 4):
        await w.sleep(1)
        async with changed:
            changed.notify(count)
    await asyncio.gather(*waiters)
    return seen


async def barrier() -> list[list[int]]:
    barrier, seen = asyncio.Barrier(3), []

    async def one(n: int) -> None:
        await act.echo(n)
        seen.append([n, await barrier.wait()])

    await asyncio.gather(*(one(n) for n in range(3)))
    return seen


async def priority_queue() -> list[int]:
    queue: asyncio.PriorityQueue[int] = asyncio.PriorityQueue(maxsize=2)
    seen: list[int] = []

    async def consume() -> None:
        while (item := await queue.get()) < 99:
            seen.append(item)
            await w.sleep(1)
            queue.task_done()
        queue.task_done()

    consumer = asyncio.create_task(consume())
    for n in (5, 1, 4, 2):
        await queue.put(await act.echo(n))
    await queue.put(99)
    await queue.join()
    await consumer
    return seen


async def context_variables() -> list[Any]:
    where.set("main")

    async def inner(n: int) -> list[str]:
        before = where.get()
        where.set(f"task {n}")
        await act.echo(n)
        return [before, where.get()]

    return [*await asyncio.gather(*(inner(n) for n in range(3))), where.get()]


async def _numbers() -> AsyncIterator[int]:
    try:
        for n in range(5):
            yield await act.echo(n)
    finally:
        await act.echo("closing")


async def generator_left_open() -> list[int]:
    seen = []
    async for n in _numbers():
        seen.append(n)
        if n == 1:
            break
    await w.sleep(1)
    return seen


async def generator_closed() -> list[int]:
    numbers, seen = _numbers(), []
    async for n in numbers:
        seen.append(n)
        if n == 1:
            break
    await w.sleep(1)
    await numbers.aclose()  # type: ignore[attr-defined]
    return seen


async def comprehension() -> list[int]:
    return [n async for n in _numbers() if n % 2]


async def group_of_groups() -> list[list[int]]:
    seen = []

    async def leaf(n: int, m: int) -> None:
        seen.append([n, m, await act.echo(n * 10 + m)])

    async def branch(n: int) -> None:
        async with asyncio.TaskGroup() as inner:
            for m in range(2):
                inner.create_task(leaf(n, m))

    async with asyncio.TaskGroup() as outer:
        for n in range(3):
            outer.create_task(branch(n))
    return seen


async def group_that_fails() -> list[Any]:
    seen: list[Any] = []

    async def slow() -> None:
        try:
            await w.sleep(100)
        except asyncio.CancelledError:
            seen.append(await act.echo("cleaned"))
            raise

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(slow())
            group.create_task(act.boom("group"))
    except* Durable.ActivityError as errors:
        seen.append([str(each) for each in errors.exceptions])
    return seen


async def cancelled_twice() -> list[str]:
    seen = []

    async def stubborn() -> None:
        try:
            await w.sleep(100)
        finally:
            try:
                await w.sleep(50)
            except asyncio.CancelledError:
                seen.append("in finally")
                raise

    task = asyncio.create_task(stubborn())
    for _ in range(2):
        await w.sleep(1)
        task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        seen.append("outside")
    return seen


async def cancelled_before_it_began() -> list[Any]:
    task = asyncio.create_task(act.echo("never"))
    task.cancel()
    return [type(each).__name__ for each in await asyncio.gather(task, return_exceptions=True)]


async def cancels_itself() -> str:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    try:
        await w.sleep(1)
    except asyncio.CancelledError:
        task.uncancel()
        await w.sleep(1)
        return "went on"
    return "not cancelled"


async def wait_for_within_wait_for() -> str:
    async def inner() -> Any:
        try:
            return await asyncio.wait_for(w.condition("never"), 50)
        except asyncio.CancelledError:
            await act.echo("cleaned")
            raise

    try:
        return str(await asyncio.wait_for(inner(), 5))
    except TimeoutError:
        return "outer"


async def timeout_within_timeout() -> list[str]:
    seen = []
    try:
        async with asyncio.timeout(10):
            try:
                async with asyncio.timeout(3):
                    await w.sleep(100)
            except TimeoutError:
                seen.append("inner")
            await w.sleep(100)
    except TimeoutError:
        seen.append("outer")
    return seen


async def timeout_put_off() -> bool:
    async with asyncio.timeout(3) as limit:
        await w.sleep(1)
        limit.reschedule(asyncio.get_running_loop().time() + 10)
        await w.sleep(5)
    return limit.expired()


async def shielded() -> Any:
    inner = asyncio.create_task(act.echo("kept"))
    outer = asyncio.create_task(asyncio.wait([inner]))
    await asyncio.sleep(0)
    outer.cancel()
    return await asyncio.shield(inner)


async def as_completed() -> list[float]:
    tasks = [asyncio.create_task(w.sleep(n)) for n in (3, 1, 2)]
    return [await each for each in asyncio.as_completed(tasks)]


async def as_completed_calls() -> list[Any]:
    return sorted([await each for each in asyncio.as_completed([act.echo(n) for n in range(5)])])


async def wait_calls() -> list[int]:
    waiting = {asyncio.ensure_future(act.echo(n)) for n in range(3)} | {asyncio.ensure_future(w.condition("never", timeout=9, default=-1))}
    done, pending = await asyncio.wait(waiting, timeout=5)
    return [len(done), len(pending), *sorted(each.result() for each in done)]


async def first_exception() -> list[int]:
    tasks = [asyncio.create_task(each) for each in (w.sleep(10), act.boom("x"), act.echo(1))]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in pending:
        task.cancel()
    return [len(done), len(pending)]


async def own_futures() -> Any:
    loop = asyncio.get_running_loop()
    first, second = loop.create_future(), loop.create_future()
    loop.call_later(2, lambda: first.set_result(asyncio.ensure_future(act.echo("called by a timer"))))
    loop.call_soon(second.set_result, "soon")
    return [await (await first), await second]


async def done_callbacks() -> list[Any]:
    seen: list[Any] = []
    task = asyncio.create_task(act.echo(1))
    task.add_done_callback(lambda ended: seen.append(ended.result()))
    await task
    await asyncio.sleep(0)
    return seen


async def errors_among_results() -> list[Any]:
    found = await asyncio.gather(act.boom(1), act.echo(2), w.sleep(1), return_exceptions=True)
    return [str(each) for each in found]


async def one_call_awaited_twice() -> list[Any]:
    call = act.echo("once")
    return [*await asyncio.gather(call, call), await call]


async def turns() -> list[list[int]]:
    seen = []

    async def one(n: int) -> None:
        for turn in range(3):
            seen.append([n, turn])
            await asyncio.sleep(0)

    await asyncio.gather(one(1), one(2))
    return seen


async def walks_over_objects() -> list[Any]:
    class Thing:
        def __init__(self, n: int) -> None:
            self.n = n

    things = {Thing(n): n for n in range(5)}
    return [await act.echo(number) for number in things.values()]


async def forgotten_task() -> str:
    task = asyncio.create_task(act.boom("nobody looks"))
    await w.sleep(1)
    return f"went on {task.done()}"


PROGRAMS: list[Callable[..., Any]] = [
    semaphore, bounded_semaphore, condition, barrier, priority_queue, context_variables, generator_left_open, generator_closed,
    comprehension,
    group_of_groups, group_that_fails, cancelled_twice, cancelled_before_it_began, cancels_itself, wait_for_within_wait_for,
    timeout_within_timeout, timeout_put_off, shielded, as_completed, as_completed_calls, wait_calls, first_exception, own_futures,
    done_callbacks, errors_among_results, one_call_awaited_twice, turns, walks_over_objects, forgotten_task,
]  # fmt: skip

GENERATORS = (generator_left_open, generator_closed, comprehension)
"""Dropped by the garbage collector sooner or later."""

ALWAYS: dict[Callable[..., Any], Any] = {
    bounded_semaphore: "released once too often",
    condition: [0, 1, 2, 3],
    context_variables: [["main", "task 0"], ["main", "task 1"], ["main", "task 2"], "main"],
    generator_left_open: [0, 1],
    generator_closed: [0, 1],
    comprehension: [1, 3],
    group_that_fails: ["cleaned", ["boom: boom group"]],
    cancelled_twice: ["in finally", "outside"],
    cancelled_before_it_began: ["CancelledError"],
    cancels_itself: "went on",
    wait_for_within_wait_for: "outer",
    timeout_within_timeout: ["inner", "outer"],
    timeout_put_off: False,
    shielded: "kept",
    as_completed: [1, 2, 3],
    as_completed_calls: [0, 1, 2, 3, 4],
    wait_calls: [3, 1, 0, 1, 2],
    own_futures: ["called by a timer", "soon"],
    done_callbacks: [1],
    errors_among_results: ["boom: boom 1", "2", "1.0"],
    one_call_awaited_twice: ["once", "once", "once"],
    turns: [[1, 0], [2, 0], [1, 1], [2, 1], [1, 2], [2, 2]],
    walks_over_objects: [0, 1, 2, 3, 4],
    forgotten_task: "went on True",
}
"""What a program gives in whatever order its events come."""


def outcome(program: Callable[..., Any], order: list[int], mode: Mode) -> tuple[Any, ...]:
    choices = iter(order)
    engine = Engine(program, ACTIVITIES, mode=mode, choose=lambda count: next(choices, 0))
    try:
        engine.start(program)
        result = engine.run(limit=5_000)
    except Failed as failed:
        result = str(failed)
    if program in GENERATORS:
        gc.collect()
    return result, engine.ran


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: each.__name__)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 50), max_size=20))
def test_a_program_is_the_same_in_every_order_and_however_it_is_kept(program: Callable[..., Any], order: list[int]) -> None:
    first = outcome(program, order, "resident")
    for mode in MODES[1:]:
        assert outcome(program, order, mode) == first
    if program in ALWAYS:
        assert first[0] == ALWAYS[program]


def test_a_call_that_was_cancelled_before_it_began_never_runs() -> None:
    engine = Engine(cancelled_before_it_began, ACTIVITIES)
    engine.start(cancelled_before_it_began)
    engine.run()
    assert engine.ran == []
