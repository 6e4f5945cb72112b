"""Updates, queries, hooks from outside, and signals."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hotmesh import Durable
from tests.durable.engine import MODES, Engine, Failed, Mode

w = Durable.workflow


def double(n: int) -> int:
    return 2 * n


act: Any = w.proxy_activities({"double": double})


async def counter() -> int:
    total = 0

    @Durable.update
    async def add(n: int) -> int:
        nonlocal total
        doubled: int = await act.double(n)
        total += doubled
        return total

    @Durable.query
    def peek() -> int:
        return total

    @Durable.query
    def meddle() -> None:
        w.hook(later, [1])

    await w.condition("done")
    return total


async def later(n: int) -> int:
    await w.sleep(1)
    await w.search().set("later", n)
    return n + 1


def request(kind: str, name: str, *args: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name, "args": list(args)}


@pytest.mark.parametrize("mode", MODES)
def test_updates_change_and_queries_read(mode: Mode) -> None:
    engine = Engine(counter, {"double": double}, mode=mode)
    engine.start(counter)
    first, second = engine.post(request("update", "add", 1)), engine.post(request("update", "add", 10))
    engine.settle()
    assert [engine.reply(each)["result"] for each in (first, second)] == [2, 22]
    asked = engine.post(request("query", "peek"))
    assert engine.reply(asked)["result"] == 22
    engine.signal("done", to="w")
    assert engine.run() == 22


@pytest.mark.parametrize("mode", MODES)
def test_a_request_nobody_knows_says_so(mode: Mode) -> None:
    engine = Engine(counter, mode=mode)
    engine.start(counter)
    assert "has no update 'subtract'; it has add" in engine.reply(engine.post(request("update", "subtract")))["error"]["message"]
    assert "only reads" in engine.reply(engine.post(request("query", "meddle")))["error"]["message"]
    assert engine.reply(engine.post(request("update", "add")))["error"]["type"] == "TypeError"


@pytest.mark.parametrize("mode", MODES)
def test_a_hook_from_outside_runs_in_the_job(mode: Mode) -> None:
    engine = Engine([counter, later], mode=mode)
    engine.start(counter)
    asked = engine.post(request("hook", "later", 7))
    engine.advance()
    assert engine.reply(asked)["result"] == 8
    assert engine.job().data["later"] == 7
    engine.signal("done")
    assert engine.run() == 0


@pytest.mark.parametrize("mode", MODES)
def test_a_workflow_that_waits_for_nothing_durable_stays(mode: Mode) -> None:
    async def idle() -> str:
        import asyncio

        over = asyncio.Event()

        @Durable.update
        def finish() -> None:
            over.set()

        await over.wait()
        return "finished"

    engine = Engine(idle, mode=mode)
    engine.start(idle)
    assert not engine.job().done
    engine.post(request("update", "finish"))
    assert engine.run() == "finished"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("to", ["w", None])
def test_a_signal_that_comes_early_is_kept(mode: Mode, to: str | None) -> None:
    async def workflow() -> list[Any]:
        await w.sleep(60)
        return [await w.condition("go"), await w.condition("go")]

    engine = Engine(workflow, mode=mode)
    engine.start(workflow)
    engine.signal("go", 1, to=to)
    engine.signal("go", 2, to=to)
    assert engine.run() == [1, 2]


@pytest.mark.parametrize("mode", MODES)
def test_a_signal_to_one_job_reaches_no_other(mode: Mode) -> None:
    async def workflow() -> Any:
        return await w.condition("go", timeout="1 hour", default="nothing")

    engine = Engine(workflow, mode=mode)
    engine.start(workflow, id="a")
    engine.start(workflow, id="b")
    engine.signal("go", "for b", to="b")
    assert (engine.run("b"), engine.run("a")) == ("for b", "nothing")


@pytest.mark.parametrize("mode", MODES)
def test_signal_and_timeout_settle_once(mode: Mode) -> None:
    async def workflow() -> list[Any]:
        first = await w.condition("go", timeout=5, default="late")
        return [first, await w.condition("go")]

    engine = Engine(workflow, mode=mode)
    engine.start(workflow)
    engine.pass_time(6)
    engine.signal("go", "second")
    assert engine.run() == ["late", "second"]


@pytest.mark.parametrize("mode", MODES)
def test_a_person_can_be_waited_for(mode: Mode) -> None:
    async def workflow() -> Any:
        return await w.condition("approve", dict, escalation={"role": "manager", "type": "approval", "metadata": {"sum": 5}})

    engine = Engine(workflow, mode=mode)
    engine.start(workflow)
    assert engine.count("task") == 1
    engine.signal("approve", {"ok": True}, to="w")
    assert engine.run() == {"ok": True}


@pytest.mark.parametrize("mode", MODES)
def test_more_requests_than_one_page_holds(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotmesh.machine.run.MAX_REENTRIES", 20)
    monkeypatch.setattr("hotmesh.machine.inbox.ARRIVALS", 10)
    monkeypatch.setattr("hotmesh.durable.residents.PER_PAGE", 5)
    engine = Engine(counter, {"double": double}, mode=mode, tripwires=False)
    engine.start(counter)
    for _ in range(30):
        engine.post(request("update", "add", 1))
        engine.settle()
    engine.signal("done")
    assert engine.run() == 60
    assert engine.count("page") > 2


@pytest.mark.parametrize("at_once", [9, 36])
@pytest.mark.parametrize("mode", MODES)
def test_more_requests_at_once_than_one_page_holds(mode: Mode, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests and what their handlers wait for share a page: its limit counts both."""
    monkeypatch.setattr("hotmesh.machine.run.MAX_REENTRIES", 16)
    monkeypatch.setattr("hotmesh.machine.inbox.ARRIVALS", 6)
    monkeypatch.setattr("hotmesh.durable.residents.PER_PAGE", 8)
    engine = Engine(counter, {"double": double}, mode=mode, tripwires=False)
    engine.start(counter)
    for _ in range(36 // at_once):
        for _ in range(at_once):
            engine.post(request("update", "add", 1))
        engine.settle()
    engine.signal("done")
    assert engine.run() == 72


# ---- requests and continue_as_new


async def account(balance: list[int], rounds: int = 0) -> list[int]:
    """Begins afresh after each update, and closes on a signal."""
    changed = asyncio.Event()

    @Durable.update
    async def deposit(n: int) -> int:
        changed.set()
        balance.append(await act.double(n))
        return sum(balance)

    @Durable.query
    def total() -> int:
        return sum(balance)

    closing = asyncio.ensure_future(w.condition("close"))
    change = asyncio.create_task(changed.wait())
    await asyncio.wait([closing, change], return_when=asyncio.FIRST_COMPLETED)
    if not closing.done():
        w.continue_as_new(balance, rounds + 1)
    change.cancel()
    return [rounds, *balance]


@pytest.mark.parametrize("mode", MODES)
def test_no_update_is_lost_when_a_run_continues_as_new(mode: Mode) -> None:
    engine = Engine(account, {"double": double}, mode=mode)
    engine.start(account, [])
    asked = [engine.post(request("update", "deposit", n)) for n in range(1, 6)]
    looked = engine.post(request("query", "total"))
    engine.settle()
    assert [engine.reply(each)["result"] for each in asked] == [2, 6, 12, 20, 30]
    assert engine.reply(looked)["result"] == 2
    engine.signal("close")
    assert engine.run()[1:] == [2, 4, 6, 8, 10]
    assert [arguments[0] for _, arguments in engine.ran] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("mode", MODES)
def test_a_reply_can_be_read_after_the_run_that_gave_it(mode: Mode) -> None:
    async def workflow(rounds: int = 0) -> int:
        @Durable.update
        def more() -> str:
            changed.set()
            return f"after {rounds}"

        changed = asyncio.Event()
        if rounds < 3:
            await changed.wait()
            w.continue_as_new(rounds + 1)
        return rounds

    engine = Engine(workflow, mode=mode)
    engine.start(workflow)
    asked = [engine.post(request("update", "more")) for _ in range(3)]
    assert engine.run() == 3
    assert [engine.reply(each)["result"] for each in asked] == ["after 0", "after 1", "after 2"]


@pytest.mark.parametrize("mode", MODES)
def test_a_handler_and_a_group_may_continue_as_new(mode: Mode) -> None:
    async def workflow(rounds: int = 0) -> int:
        @Durable.update
        async def again() -> None:
            await act.double(rounds)
            w.continue_as_new(rounds + 1)

        async def give_up() -> None:
            w.continue_as_new(rounds + 1)

        if rounds == 0:
            await w.condition("never")
        if rounds == 1:
            async with asyncio.TaskGroup() as group:
                group.create_task(w.sleep(100))
                group.create_task(give_up())
        return rounds

    engine = Engine(workflow, {"double": double}, mode=mode)
    engine.start(workflow)
    asked = engine.post(request("update", "again"))
    assert engine.run() == 2
    assert engine.reply(asked)["result"] is None


def test_arguments_that_are_no_json_fail_where_the_run_wants_to_continue() -> None:
    async def workflow(value: Any) -> None:
        w.continue_as_new(object())

    engine = Engine(workflow)
    engine.start(workflow, 1)
    with pytest.raises(Failed, match=r"workflow\(argument 1\) is a object, which has no form in JSON"):
        engine.run()


@pytest.mark.parametrize("mode", MODES)
def test_requests_that_came_before_the_first_step_run_beside_each_other(mode: Mode) -> None:
    async def adds(n: int) -> int:
        return int(await act.double(n)) + int(await act.double(n + 1))

    async def workflow() -> str:
        await w.sleep(5)
        return "done"

    engine = Engine([workflow, adds], {"double": double}, mode=mode)
    engine.start(workflow)
    asked = [engine.post(request("hook", "adds", n)) for n in (1, 10)]
    assert engine.run() == "done"
    assert [engine.reply(each)["result"] for each in asked] == [6, 42]
