"""What users get wrong at first: each mistake is one clear sentence that says what to do, at the line that made it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from hotmesh import Durable
from hotmesh.errors import HotMeshError
from tests.durable.engine import MODES, Engine, Failed, Mode

w = Durable.workflow


async def check(item: str) -> int:
    return len(item)


@Durable.activity
async def charge(item: str) -> int:
    return len(item)


async def fine(item: str) -> int:
    return int(await act.check(item))


def not_async(item: str) -> int:
    return len(item)


act: Any = w.proxy_activities({"check": check}, retry={"maximum_attempts": 1})

WORKERS: list[tuple[dict[str, Any], str]] = [
    ({"workflows": [not_async]}, r"not_async is no async function: a workflow is written `async def not_async\(…\)`"),
    ({"workflows": {"x": not_async}}, "not_async is no async function"),
    ({"workflows": [lambda: fine("x")]}, "a workflow needs a name .*: write it as `async def`"),
    ({"workflows": [charge]}, "charge is an activity, not a workflow: .* give it to a worker as activities="),
    ({"workflows": ["fine"]}, "pass the workflow fine itself, not its name"),
    ({"workflows": [5]}, "a workflow is an async function, or the name of one, not a int"),
    ({"activities": [lambda: 1]}, "an activity needs a name .*: write it as `def`, or pass {name: function}"),
    ({"activities": "activities"}, "activities are a module, a mapping, functions or a list of them, not a str"),
    ({}, "the worker has nothing to do: give it workflows=… or activities=…"),
    ({"workflows": [fine], "max_workers": 3}, "no setting 'max_workers'"),
    ({"workflows": [fine], "task_queue": None}, "name the worker's queue: task_queue=…"),
]


@pytest.mark.parametrize(("options", "message"), WORKERS, ids=[message[:30] for _, message in WORKERS])
def test_a_worker_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError, HotMeshError), match=message):
        Durable.Worker(**{"task_queue": "q", **options})


def test_a_worker_of_a_dsn() -> None:
    with pytest.raises(TypeError, match=r"first argument is a Durable\.Client, not a str; a DSN goes to connection="):
        Durable.Worker("postgresql://here", task_queue="q", workflows=[fine])  # type: ignore[arg-type]


STARTS: list[tuple[Any, dict[str, Any], str]] = [
    (not_async, {}, "not_async is no async function"),
    (charge, {}, "charge is an activity, not a workflow"),
    (lambda: fine("x"), {}, "a workflow needs a name"),
    (lambda: 0, {"call": True}, r"fine\(…\) was called here: pass the function, fine without brackets, and its arguments beside it"),
    (fine, {"args": []}, r"fine\(\): missing a required argument: 'item'"),
    (fine, {"args": ["a", "b"]}, r"fine\(\): too many positional arguments"),
    (fine, {"args": "x"}, "the arguments of fine are a list, not 'x'; one argument is a list of one"),
    (fine, {"args": [object()]}, r"fine\(item\) is a object, which has no form in JSON"),
    (fine, {"task_queue": None}, "name the queue whose workers know the workflow: task_queue=…"),
    (fine, {"workflow_id": 5}, "a workflow's id is a text of 1 to 2,000 characters without NUL, not 5"),
    (fine, {"workflow_id": ""}, "a workflow's id is a text"),
    (fine, {"on_duplicate": "ignore"}, "on_duplicate is reject, attach or replace_finished, not 'ignore'"),
    (fine, {"retyr": {}}, r"start\(\) has no option 'retyr'; it has namespace,"),
    (fine, {"retry": {"max_attempts": 3}}, "retry has no field 'max_attempts'; it has maximum_attempts, .*, non_retryable"),
    (fine, {"expire": "soon"}, "expire: 'soon' is not a duration"),
    (fine, {"item": "x"}, r"start\(\) has no option 'item'; .* what the workflow takes goes before them, by position"),
    (fine, {"delay": -5}, "delay: -5 is no time to come"),
    (fine, {"execution_timeout": "0s"}, "execution_timeout: '0s' is no time to come"),
    (fine, {"task_queue": 5}, "a task queue is a text, not 5"),
    (fine, {"search": ["a"]}, r"search fields are a map of names to values, not \['a'\]"),
    (fine, {"search": {"result": 1}}, "a search field can't be named 'result'"),
]


@pytest.mark.parametrize(("workflow", "options", "message"), STARTS, ids=[message[:30] for _, _, message in STARTS])
async def test_a_start_that_cannot_be(workflow: Any, options: dict[str, Any], message: str) -> None:
    given = {"args": ["x"], "task_queue": "q", **options}
    started: Any = fine("x") if given.pop("call", False) else workflow
    with pytest.raises((TypeError, ValueError, HotMeshError), match=message):
        await Durable.Client("postgresql://nowhere").workflow.start(started, **given)


ORDERS: list[tuple[Callable[[Any], Any], str]] = [
    (lambda client: client.get_handle(5), "a workflow's id is a text .*, not 5"),
    (lambda client: client.get_handle("w").result(timeout="5s"), "timeout is a number of seconds, not '5s'"),
    (lambda client: client.get_handle("w").update("add", timeout="5s"), "timeout is a number of seconds, not '5s'"),
    (lambda client: client.get_handle("w").update(5), "the update of a workflow has the name of its function, a text, not 5"),
    (lambda client: client.get_handle("w").query("seen", object()), r"seen\(argument 1\) is a object, which has no form in JSON"),
    (lambda client: client.get_handle("w").hook(not_async), "not_async is no async function"),
    (lambda client: client.get_handle("w").query_state("status"), "fields is a list of names, not 'status'; one name is a list of one"),
    (lambda client: client.get_handle("w").signal(5), "a signal's id is a text, not 5"),
    (lambda client: client.workflow.signal("", 1), "a signal's id is a text, not ''"),
]


@pytest.mark.parametrize(("order", "message"), ORDERS, ids=[message[:30] for _, message in ORDERS])
async def test_an_order_that_cannot_be(order: Callable[[Any], Any], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unreachable(self: Durable.Client) -> None:
        """What makes sense gets no further than this."""

    monkeypatch.setattr(Durable.Client, "mesh", unreachable)
    with pytest.raises((TypeError, ValueError, HotMeshError), match=message):
        await order(Durable.Client("postgresql://nowhere"))


async def forgets_await() -> Any:
    return act.check("x")


async def forgets_it_inside() -> Any:
    return await act.check(act.check("x"))


async def unknown_activity() -> Any:
    return await act.nope("x")


async def wrong_arguments() -> Any:
    return await act.check()


async def wrong_option() -> Any:
    return await w.proxy_activities({"check": check}, retries=3)["check"]("x")  # type: ignore[call-overload]


async def wrong_option_of_one() -> Any:
    return await charge.options(timeout=3)("x")  # type: ignore[call-arg]


async def starts_a_plain_child() -> Any:
    return await w.execute_child(not_async, ["x"])  # type: ignore[arg-type]


async def calls_a_child() -> Any:
    return await w.execute_child(fine("x"), ["x"])  # type: ignore[call-overload]


async def key_error() -> Any:
    found: dict[str, str] = {}
    return found["customer"]


async def runs_a_loop() -> Any:
    coroutine = asyncio.sleep(1)
    try:
        asyncio.run(coroutine)
    finally:
        coroutine.close()


async def exits() -> Any:
    raise SystemExit(3)


async def exits_inside() -> Any:
    async def leaves() -> None:
        raise SystemExit(3)

    await asyncio.create_task(leaves())


async def uses_a_client() -> Any:
    return await Durable.Client("postgresql://nowhere").start(fine, "x", task_queue="q")


async def adds_a_text() -> Any:
    return await w.search().incr("count", "2")  # type: ignore[arg-type]


async def stores_a_list() -> Any:
    return await w.entity().set(["a"])  # type: ignore[arg-type]


async def names_no_signal() -> Any:
    return await w.signal("", 5)


async def queues_nowhere() -> Any:
    return await charge.options(task_queue=5)("x")  # type: ignore[arg-type]


async def escalates_to_nobody() -> Any:
    return await w.condition("go", escalation={"rolle": "manager"})


async def escalates_at_length() -> Any:
    return await w.condition("go", escalation={"priority": "high"})


async def escalates_to_a_number() -> Any:
    return await w.condition("go", escalation={"role": 5})


WORKFLOWS: list[tuple[Callable[..., Any], str]] = [
    (forgets_await, "the result of forgets_await is a call that was not awaited; write `await` before it"),
    (forgets_it_inside, r"check\(item\) is a call that was not awaited"),
    (unknown_activity, r"there is no activity 'nope' in what proxy_activities\(…\) was given; it has check"),
    (wrong_arguments, r"check\(\): missing a required argument: 'item'"),
    (wrong_option, "an activity has no option 'retries'; it has task_queue, retry, start_to_close_timeout"),
    (wrong_option_of_one, "an activity has no option 'timeout'"),
    (starts_a_plain_child, "not_async is no async function"),
    (calls_a_child, r"fine\(…\) was called here"),
    (key_error, "KeyError: 'customer'"),
    (exits, r"sys.exit\(3\) was called, which would have ended the worker"),
    (exits_inside, r"sys.exit\(3\) was called, which would have ended the worker"),
    (uses_a_client, "a Durable.Client inside a workflow function is I/O"),
    (adds_a_text, "'2' is no number"),
    (stores_a_list, r"an entity is a map, not \['a'\]"),
    (names_no_signal, "a signal's id is a text, not ''"),
    (queues_nowhere, "a task queue is a text, not 5"),
    (escalates_to_nobody, r"an escalation has no field 'rolle'; it has role, .* \(more goes into metadata\)"),
    (escalates_at_length, "the escalation's priority is a whole number, 1 = most urgent, not 'high'"),
    (escalates_to_a_number, "the escalation's role is a text, not 5"),
    (runs_a_loop, r"asyncio.run\(\) cannot be called from a running event loop"),
]


@pytest.mark.parametrize(("workflow", "message"), WORKFLOWS, ids=[each.__name__ for each, _ in WORKFLOWS])
def test_a_mistake_inside_a_workflow(workflow: Callable[..., Any], message: str, caplog: pytest.LogCaptureFixture) -> None:
    engine = Engine(workflow, {"check": check})
    engine.start(workflow)
    with pytest.raises(Failed, match=message):
        engine.run()
    assert caplog.records == [], "the error is told once, to whoever waits for the result"


async def leaves_a_call() -> str:
    act.check("x")
    return "done"


async def leaves_an_error() -> str:
    async def broken() -> None:
        raise RuntimeError("nobody looks")

    task = asyncio.create_task(broken())
    await w.sleep(1)
    return f"done {task.done()}"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("workflow", "message"),
    [
        (leaves_a_call, "has ended without awaiting activity 'check' ("),
        (leaves_an_error, "task 1 ended with an error that nobody awaited"),
    ],
    ids=["call", "error"],
)
def test_what_nobody_awaits_is_in_the_log_once(mode: Mode, workflow: Any, message: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "hotmesh.durable")
    engine = Engine(workflow, {"check": check}, mode=mode)
    engine.start(workflow)
    assert str(engine.run()).startswith("done")
    assert [message in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize("mode", MODES)
def test_what_is_awaited_is_not_in_the_log(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    async def workflow() -> int:
        loser = asyncio.ensure_future(w.condition("never"))
        first, *_ = await asyncio.gather(act.check("x"), act.check("yy"))
        await asyncio.wait([loser, asyncio.create_task(w.sleep(1))], return_when=asyncio.FIRST_COMPLETED)
        return int(first)

    engine = Engine(workflow, {"check": check}, mode=mode)
    engine.start(workflow)
    assert engine.run() == 1
    assert [record.getMessage() for record in caplog.records if "condition" in record.getMessage()] == []
