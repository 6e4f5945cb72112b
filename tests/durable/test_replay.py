"""Replay: the same events in the same order give the same run; code that no longer fits is told from code that does."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmesh import Durable
from hotmesh.durable.loop import WorkflowLoop
from hotmesh.runtime.inline import PauseJob
from tests.durable.engine import MODES, Engine, Failed, Mode

w = Durable.workflow


def echo(value: Any) -> Any:
    return value


def boom(value: Any) -> Any:
    raise ValueError(f"boom {value}")


ACTIVITIES = {"echo": echo, "boom": boom}
act: Any = w.proxy_activities(ACTIVITIES)

# ---- random programs

Node = tuple[Any, ...]
leaves: st.SearchStrategy[Node] = st.one_of(
    st.tuples(st.just("call"), st.integers(0, 9)),
    st.tuples(st.just("fail"), st.integers(0, 9)),
    st.tuples(st.just("sleep"), st.integers(1, 5)),
    st.tuples(st.just("ask"), st.integers(1, 4)),
    st.tuples(st.just("chance")),
    st.tuples(st.just("child"), st.integers(0, 9)),
    st.tuples(st.just("set"), st.integers(0, 9)),
)
programs: st.SearchStrategy[Node] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["seq", "gather", "group", "race"]), st.lists(inner, min_size=1, max_size=4)),
        st.tuples(st.just("timeout"), st.integers(1, 4), inner),
    ),
    max_leaves=12,
)


async def leaf(n: int) -> int:
    await w.sleep(n % 3)
    return int(await act.echo(n))


async def evaluate(node: Node) -> Any:
    """Run a program; the value says what happened, in which order."""
    match node:
        case ("call", n):
            return await act.echo(n)
        case ("fail", n):
            try:
                return await act.boom(n)
            except w.ActivityError as error:
                return error.message
        case ("sleep", n):
            return await w.sleep(n)
        case ("ask", n):
            return await w.condition(f"signal-{n}", timeout=n, default="none")
        case ("chance",):
            return [w.random(), str(w.uuid4())]
        case ("child", n):
            return await w.execute_child(leaf, [n])
        case ("set", n):
            return await w.search().incr("sum", n)
        case ("seq", parts):
            return [await evaluate(part) for part in parts]
        case ("gather", parts):
            return list(await asyncio.gather(*(evaluate(part) for part in parts)))
        case ("group", parts):
            seen: list[Any] = []

            async def into(part: Node) -> None:
                seen.append(await evaluate(part))

            async with asyncio.TaskGroup() as group:
                for part in parts:
                    group.create_task(into(part))
            return seen
        case ("race", parts):
            tasks = {asyncio.create_task(evaluate(part)) for part in parts}
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            return [task.result() for task in done]
        case ("timeout", seconds, inner):
            try:
                async with asyncio.timeout(seconds):
                    return await evaluate(inner)
            except TimeoutError:
                return "timeout"
    raise AssertionError(node)


async def program(node: Any) -> Any:
    return [await evaluate(_tuples(node)), await w.search().get("sum")]


def _tuples(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], str):
        return (value[0], *(_tuples(each) for each in value[1:]))
    return [_tuples(each) for each in value] if isinstance(value, list) else value


def outcome(node: Node, order: list[int], mode: Mode) -> tuple[Any, list[Any]]:
    choices = iter(order)
    engine = Engine([program, leaf], ACTIVITIES, mode=mode, choose=lambda count: next(choices, 0), tripwires=False)
    engine.start(program, node)
    engine.signal("signal-1", "early")
    result = engine.run()
    return result, engine.ran


@settings(max_examples=150)
@given(programs, st.lists(st.integers(0, 50), max_size=30))
def test_a_program_is_the_same_in_every_order_and_however_it_is_kept(node: Node, order: list[int]) -> None:
    first = outcome(node, order, "resident")
    assert outcome(node, order, "evicted") == first
    assert outcome(node, order, "restarted") == first


# ---- code that changed


def started(old: Any, mode: Mode = "resident") -> Engine:
    engine = Engine(old, ACTIVITIES, mode=mode)
    engine.start(old)
    engine.settle()
    return engine


def redeployed(engine: Engine, new: Any) -> None:
    new.__name__ = next(iter(engine.functions))
    engine.functions = {new.__name__: new}
    engine.mode = "restarted"


async def original() -> Any:
    first = await act.echo({"item": "a", "amount": 1})
    await w.sleep(60)
    return first


def test_a_changed_argument_is_shown_with_its_difference() -> None:
    async def changed() -> Any:
        first = await act.echo({"item": "a", "amount": 2})
        await w.sleep(60)
        return first

    engine = started(original)
    redeployed(engine, changed)
    with pytest.raises(PauseJob) as raised:
        engine.run()
    message = raised.value.reason
    assert "original does not do what its history says: step 1, operation 1." in message
    assert "the history has:  activity 'echo'" in message
    assert "the code asks:    activity 'echo'" in message
    assert '-      "amount": 1,' in message
    assert '+      "amount": 2,' in message
    assert "test_replay.py:" in message
    assert 'if Durable.workflow.patched("echo-2"):' in message


async def _calls_another() -> Any:
    return await act.boom(1)


async def _asks_more() -> Any:
    return await asyncio.gather(act.echo({"item": "a", "amount": 1}), w.sleep(1))


async def _asks_nothing() -> Any:
    await w.condition("x")


async def _ends_early() -> Any:
    await act.echo({"item": "a", "amount": 1})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (_calls_another, "the code asks:    activity 'boom'"),
        (_asks_more, "the history has:  nothing"),
        (_asks_nothing, "the code asks:    wait 'x'"),
        (_ends_early, "the code asks:    nothing"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_every_difference_pauses_the_job(changed: Any, words: str) -> None:
    engine = started(original)
    redeployed(engine, changed)
    with pytest.raises(PauseJob) as raised:
        engine.run()
    assert words in raised.value.reason


def test_another_order_of_the_same_calls_is_explained() -> None:
    async def old() -> Any:
        return await asyncio.gather(*(act.echo(letter) for letter in "ab"), w.sleep(60))

    async def new() -> Any:
        return await asyncio.gather(*(act.echo(letter) for letter in "ba"), w.sleep(60))

    engine = started(old)
    redeployed(engine, new)
    with pytest.raises(PauseJob, match="the same in another order"):
        engine.run()


def test_a_replay_that_fails_leaves_no_task_behind(caplog: pytest.LogCaptureFixture) -> None:
    engine = started(original)
    redeployed(engine, _calls_another)
    with pytest.raises(PauseJob):
        engine.run()
    gc.collect()
    assert [record.getMessage() for record in caplog.records] == []


def test_a_job_that_was_paused_goes_on_with_code_that_fits() -> None:
    engine = started(original)
    redeployed(engine, _calls_another)
    timer = dict(engine.timers)
    with pytest.raises(PauseJob):
        engine.run()
    engine.timers = timer
    fixed = original
    engine.functions = {"original": fixed}
    assert engine.run() == {"item": "a", "amount": 1}


def test_patched_keeps_the_old_way_for_those_that_have_begun() -> None:
    async def old() -> list[Any]:
        return [await act.echo("old"), await w.condition("go"), await act.echo("end")]

    async def new() -> list[Any]:
        if w.patched("better"):
            first = await act.echo("new")
        else:
            first = await act.echo("old")
        return [first, await w.condition("go"), w.patched("better"), w.patched("later")]

    running = started(old)
    redeployed(running, new)
    running.signal("go")
    assert running.run() == ["old", None, False, True]
    fresh = Engine(new, ACTIVITIES, mode="restarted")
    fresh.start(new)
    fresh.settle()
    fresh.signal("go")
    assert fresh.run() == ["new", None, True, True]


def test_a_deprecated_patch_goes_on() -> None:
    async def new() -> Any:
        return [w.patched("better"), await w.condition("go")]

    async def newest() -> Any:
        w.deprecate_patch("better")
        return ["better", await w.condition("go")]

    engine = started(new)
    redeployed(engine, newest)
    engine.signal("go", 1)
    assert engine.run() == ["better", 1]


def test_a_workflow_nobody_knows_waits() -> None:
    engine = started(original)
    engine.functions = {}
    engine.mode = "restarted"
    with pytest.raises(PauseJob, match="knows the workflow 'original'"):
        engine.run()


# ---- eviction


@pytest.mark.parametrize("mode", MODES)
def test_finally_blocks_run_their_durable_calls_once(mode: Mode) -> None:
    async def workflow() -> str:
        try:
            await w.condition("go")
        finally:
            await act.echo("cleanup")
            await asyncio.sleep(1)
            await w.signal("told", 1)
        return "done"

    engine = Engine(workflow, ACTIVITIES, mode=mode)
    engine.start(workflow)
    engine.residents.drop(engine.job().id)
    gc.collect()
    engine.signal("go")
    assert engine.run() == "done"
    assert [arguments for _, arguments in engine.ran] == [["cleanup"]]
    assert len(engine.early) == 1


def test_an_evicted_generator_does_nothing() -> None:
    async def stream() -> Any:
        try:
            for n in range(3):
                yield await act.echo(n)
        finally:
            await act.echo("closing")

    async def workflow() -> int:
        async for n in stream():
            if n == 1:
                break
            await w.condition("next")
        await w.sleep(1)
        return 1

    engine = Engine(workflow, ACTIVITIES, mode="restarted")
    engine.start(workflow)
    engine.settle()
    engine.signal("next")
    assert engine.run() == 1
    assert [arguments[0] for _, arguments in engine.ran] == [0, 1]


def test_logs_of_workflow_code_come_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hotmesh.workflow")

    async def workflow() -> None:
        for n in range(4):
            w.logger.info("round %d", n)
            await w.sleep(1)

    engine = Engine(workflow, mode="restarted")
    engine.start(workflow)
    engine.run()
    assert [record.getMessage() for record in caplog.records] == [f"round {n}" for n in range(4)]


# ---- the loop


def test_sets_of_tasks_are_walked_in_the_order_of_their_creation() -> None:
    async def workflow() -> list[int]:
        tasks = [asyncio.create_task(w.sleep(1), name=str(n)) for n in range(50)]
        await asyncio.sleep(0)
        return [int(task.get_name()) for task in {*reversed(tasks)}]

    engine = Engine(workflow)
    engine.start(workflow)
    assert engine.run() == sorted(range(50))


def test_as_completed_of_bare_coroutines_is_refused() -> None:
    async def workflow() -> None:
        bare = [leaf(1), leaf(2)]
        try:
            for each in asyncio.as_completed(bare):
                await each
        finally:
            for coroutine in bare:
                coroutine.close()

    engine = Engine(workflow, ACTIVITIES)
    engine.start(workflow)
    with pytest.raises(Failed, match="make tasks of them first"):
        engine.run()


def test_a_loop_that_never_rests_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotmesh.durable.loop.MAX_CALLBACKS", 10_000)

    async def workflow() -> None:
        while True:  # noqa: ASYNC110
            await asyncio.sleep(0)

    engine = Engine(workflow)
    engine.start(workflow)
    with pytest.raises(Failed, match="never comes to rest"):
        engine.run()


async def test_it_runs_inside_another_loop() -> None:
    outer = asyncio.current_task()
    engine = Engine([program, leaf], ACTIVITIES)
    engine.start(program, ["group", [["call", 1], ["timeout", 5, ["call", 2]]]])
    while engine.tasks:
        key, task, _ = engine.tasks.pop(next(iter(engine.tasks)))
        from hotmesh.machine.events import Response

        engine._event(key, Response(task.activity_id, task.dimension, "success", 200, task.input["args"][0]))
    assert engine.run() == [[1, 2], None]
    assert asyncio.current_task() is outer
    await asyncio.sleep(0)


def test_the_loop_refuses_io() -> None:
    async def workflow() -> None:
        await asyncio.to_thread(print)

    engine = Engine(workflow)
    engine.start(workflow)
    with pytest.raises(Failed, match=r"run_in_executor\(\) is I/O or a thread"):
        engine.run()
    assert WorkflowLoop.get_debug(engine.residents) is False  # type: ignore[arg-type]
