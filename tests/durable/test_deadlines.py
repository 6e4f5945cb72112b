"""`schedule_to_start_timeout`: an activity that no worker takes in time fails, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hotmesh import Durable
from tests.durable.engine import MODES, Engine, Mode

w = Durable.workflow


def echo(value: Any) -> Any:
    return value


def limited(seconds: float, **options: Any) -> Any:
    return w.proxy_activities({"echo": echo}, schedule_to_start_timeout=seconds, **options)


@pytest.mark.parametrize("mode", MODES)
def test_it_fires_when_nobody_serves_the_queue(mode: Mode) -> None:
    async def workflow() -> list[Any]:
        begun = w.now()
        try:
            await limited(60, task_queue="nowhere").echo(1)
        except Durable.ActivityTimeout as error:
            return [error.message, error.code, error.type, (w.now() - begun).total_seconds()]
        return []

    engine = Engine(workflow, {"echo": echo}, mode=mode, unserved=["nowhere-activity"])
    engine.start(workflow)
    message = "echo: echo has waited for a worker longer than its schedule_to_start_timeout of 60 s"
    assert engine.run() == [message, 596, "ActivityTimeout", 60.0]


@pytest.mark.parametrize("mode", MODES)
def test_what_was_taken_leaves_no_deadline(mode: Mode) -> None:
    async def workflow() -> list[Any]:
        answers = await asyncio.gather(*(limited(60).echo(n) for n in range(3)), echo_elsewhere())
        await w.condition("go")
        return answers

    async def echo_elsewhere() -> str:
        try:
            async with asyncio.timeout(5):
                await limited(60, task_queue="nowhere").echo("late")
        except TimeoutError:
            return "gave up"
        return "answered"

    engine = Engine(workflow, {"echo": echo}, mode=mode, unserved=["nowhere-activity"])
    engine.start(workflow)
    engine.settle()
    engine.pass_time(6)
    assert engine.timers == {}
    engine.signal("go")
    assert engine.run() == [0, 1, 2, "gave up"]


@pytest.mark.parametrize("mode", MODES)
def test_the_end_leaves_no_deadline(mode: Mode) -> None:
    async def workflow() -> str:
        waiting = asyncio.ensure_future(limited(60, task_queue="nowhere").echo(1))
        await w.sleep(1)
        return f"done {waiting.done()}"

    engine = Engine(workflow, {"echo": echo}, mode=mode, unserved=["nowhere-activity"])
    engine.start(workflow)
    assert engine.run() == "done False"
    assert engine.timers == {}
