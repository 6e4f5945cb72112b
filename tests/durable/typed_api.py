"""What an editor knows of Durable's types; checked by mypy and by pyright (test_typing.py), never run.

An `ignore` is a mistake that both must find: one that is not needed is an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, assert_type

from hotmesh import Durable
from hotmesh.durable.activity import ActivityContext
from hotmesh.durable.children import ChildHandle

w = Durable.workflow


@dataclass
class Verdict:
    approved: bool


class Activities(Protocol):
    async def check(self, item: str) -> int: ...
    async def ship(self, item: str, *, express: bool = False) -> Verdict: ...


@Durable.activity
async def charge(order: str, amount: int) -> bool:
    assert_type(Durable.activity.get_context(), ActivityContext)
    return amount > 0


@Durable.activity(name="charge-again", retry={"maximum_attempts": 5}, start_to_close_timeout="5 s")
async def charge_again(order: str) -> str:
    return order


@Durable.activity
def hash_it(order: str) -> bytes:
    return order.encode()


@Durable.activity(name="hash")
def hash_again(order: str) -> bytes:
    return order.encode()


@Durable.define(name="orders", task_queue="q", retry={"maximum_attempts": 2})
async def named(item: str) -> Verdict:
    return Verdict(bool(item))


@Durable.define
async def defined(item: str) -> int:
    return len(item)


async def order(item: str, quantity: int) -> str:
    act = w.proxy_activities(Activities, retry={"maximum_attempts": 3}, heartbeat_timeout="1 minute")
    assert_type(await act.check(item), int)
    assert_type(await act.ship(item, express=True), Verdict)
    pending: Coroutine[Any, Any, bool] = charge(item, 1)
    assert_type(await pending, bool)
    assert_type(await charge(item, quantity), bool)
    assert_type(await charge_again(item), str)
    assert_type(await charge.options(task_queue="x")(item, 1), bool)
    assert_type(await hash_it.options()(item), bytes)
    assert_type(hash_again(item), bytes)
    assert_type(await w.sleep("1 hour"), float)
    assert_type(await w.condition("go", str), str)
    assert_type(await w.condition("go", Verdict), Verdict)
    assert_type(await w.condition("go", int, timeout=5, default=None), int | None)
    assert_type(await w.execute_child(order, [item, 1]), str)
    assert_type(await w.execute_child(named, [item], cancellation="abandon"), Verdict)
    assert_type(w.start_child(order, [item, 1]), ChildHandle[str])
    assert_type(await w.start_child(order, [item, 1]), str)
    assert_type(await w.start_child(order, [item, 1]).result(), str)
    assert_type(await w.exec_hook(order, [item, 1]), str)
    assert_type(await w.hook(order, [item, 1]), str)
    assert_type(w.random(), float)
    assert_type(w.patched("x"), bool)
    assert_type(w.workflow_info(), w.WorkflowInfo)
    return item


async def together(item: str) -> None:
    act = w.proxy_activities(Activities)
    first, second = await asyncio.gather(charge(item, 1), charge(item, 2))
    assert_type(first, bool)
    assert_type(second, bool)
    assert_type(await w.all(act.check(item), act.check(item)), list[int])
    async with asyncio.TaskGroup() as group:
        task = group.create_task(act.check(item))
    assert_type(task.result(), int)
    assert_type(await asyncio.wait_for(charge(item, 1), 5), bool)
    assert_type(await w.CancellationScope.non_cancellable(lambda: act.check(item)), int)

    @Durable.update
    async def change(to: str) -> int:
        return len(to)

    @Durable.query
    def look() -> str:
        return item

    assert_type(await change("x"), int)
    assert_type(look(), str)


async def mistakes(item: str) -> None:
    act = w.proxy_activities(Activities)
    await act.check(5)  # type: ignore[arg-type]
    await act.unknown(item)  # type: ignore[attr-defined]
    await act.ship(item, fast=True)  # type: ignore[call-arg]
    await charge(item)  # type: ignore[call-arg]
    await charge.options(retries=3)(item, 1)  # type: ignore[call-arg]
    w.proxy_activities(Activities, retries=3)  # type: ignore[call-overload]
    await w.execute_child(order, [item], parent=1)  # type: ignore[call-overload]
    number: int = await charge_again(item)  # type: ignore[assignment]
    del number


async def outside() -> None:
    client = Durable.Client()
    handle = await client.workflow.start(order, args=["x", 1], task_queue="q")
    assert_type(handle, Durable.Handle[str])
    assert_type(await handle.result(), str)
    assert_type(await client.start(order, "x", 1, id="o", task_queue="q"), Durable.Handle[str])
    assert_type(await client.start(named, "x"), Durable.Handle[Verdict])
    assert_type(await client.execute(order, "x", 1, task_queue="q"), str)
    assert_type(await client.execute(defined, "x", task_queue="q"), int)
    assert_type(await client.workflow.start_and_wait(order, args=["x", 1]), str)
    assert_type(await client.workflow.signal_with_start(order, workflow_id="o", signal_id="s", task_queue="q"), Durable.Handle[str])
    assert_type(await client.workflow.get_handle("q", order, "o"), Durable.Handle[str])
    assert_type(client.get_handle("o", order), Durable.Handle[str])
    assert_type(await client.workflow.search("SELECT 1"), list[dict[str, Any]])
    async with Durable.Worker(client, workflows=[order], activities=[charge]) as worker:
        assert_type(worker, Durable.Worker)
    assert_type(await Durable.Worker.create(workflow=order, task_queue="q"), Durable.Worker)
    wrong: Durable.Handle[int] = handle  # type: ignore[assignment]
    del wrong
