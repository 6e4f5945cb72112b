"""What an editor knows of Durable's types; checked by mypy (test_typing.py), never run."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol, assert_type

from hotmesh import Durable
from hotmesh.durable.children import ChildHandle

w = Durable.workflow


class Activities(Protocol):
    async def check(self, item: str) -> int: ...


@Durable.activity
async def charge(order: str, amount: int) -> bool:
    return amount > 0


@Durable.activity(name="charge-again", retry={"maximum_attempts": 5})
async def charge_again(order: str) -> str:
    return order


async def order(item: str, quantity: int) -> str:
    act = w.proxy_activities(Activities)
    assert_type(await act.check(item), int)
    pending: Coroutine[Any, Any, bool] = charge(item, 1)
    assert_type(await pending, bool)
    assert_type(await charge(item, quantity), bool)
    assert_type(await charge_again(item), str)
    assert_type(await charge.options(task_queue="x")(item, 1), bool)
    assert_type(await w.sleep("1 hour"), float)
    assert_type(await w.condition("go", str), str)
    assert_type(await w.condition("go", int, timeout=5, default=None), int | None)
    assert_type(await w.execute_child(order, [item, 1]), str)
    assert_type(w.start_child(order, [item, 1]), ChildHandle[str])
    assert_type(await w.start_child(order, [item, 1]).result(), str)
    assert_type(await w.exec_hook(order, [item, 1]), str)
    assert_type(w.random(), float)
    await act.check(5)  # type: ignore[arg-type]
    await charge(item)  # type: ignore[call-arg]
    return item


async def outside() -> None:
    client = Durable.Client()
    handle = await client.workflow.start(order, args=["x", 1], task_queue="q")
    assert_type(handle, Durable.Handle[str])
    assert_type(await handle.result(), str)
    assert_type(await client.start(order, "x", 1, id="o", task_queue="q"), Durable.Handle[str])
    assert_type(await client.execute(order, "x", 1, task_queue="q"), str)
    assert_type(await client.workflow.start_and_wait(order, args=["x", 1]), str)
    assert_type(await client.workflow.get_handle("q", order, "o"), Durable.Handle[str])
    assert_type(client.get_handle("o", order), Durable.Handle[str])
    async with Durable.Worker(client, workflows=[order], activities=[charge]) as worker:
        assert_type(worker, Durable.Worker)
