"""The workflows and activities of these tests, importable by processes of their own."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from hotmesh import Durable

w = Durable.workflow
QUEUE = "orders"


@dataclass
class Order:
    """Something with every kind of value."""

    id: UUID
    sum: Decimal
    at: datetime
    lines: list[tuple[str, int]]


async def check_inventory(item: str) -> int:
    return 3


async def reserve(order: Order) -> Order:
    return Order(order.id, order.sum * 2, order.at, [*order.lines, ("reserved", 1)])


def slow(seconds: float) -> str:
    return f"{seconds}"


async def stamp(key: str) -> str:
    """An effect that may happen once only, in a table with a UNIQUE constraint, under the activity's guid."""
    guid = Durable.activity.get_context().guid
    connection = await asyncpg.connect(os.environ["EFFECTS_DSN"])
    try:
        await connection.execute("INSERT INTO effects (guid, key) VALUES ($1, $2) ON CONFLICT (guid) DO NOTHING", guid, key)
    finally:
        await connection.close()
    return key


@Durable.activity(transactional=True, retry={"maximum_attempts": 1})
async def stamp_within(key: str) -> str:
    """The same inside the transaction of the step."""
    await Durable.activity.get_context().tx.execute("INSERT INTO public.effects (guid, key) VALUES ($1, $2)", key, key)
    return key


async def attempted() -> int:
    context = Durable.activity.get_context()
    if context.attempt < 3:
        raise ValueError(f"attempt {context.attempt}")
    return context.attempt


async def declined() -> None:
    raise Durable.NonRetryable(ValueError("no such card"))


async def silent() -> None:
    await asyncio.Event().wait()


async def beating() -> str:
    for _ in range(5):
        Durable.activity.get_context().heartbeat("on")
        await asyncio.sleep(0.05)
    return "alive"


act: Any = w.proxy_activities(
    {name: globals()[name] for name in ("check_inventory", "reserve", "slow", "stamp", "attempted", "declined", "silent", "beating")}
)
ACTIVITIES = [check_inventory, reserve, slow, stamp, attempted, declined, silent, beating]


async def order(item: str, quantity: int) -> str:
    available = await act.check_inventory(item)
    if available >= quantity:
        return "reserved"
    await w.sleep("20ms")
    return "backordered"


async def typed(given: Order) -> Order:
    changed: Order = await act.reserve(given)
    assert isinstance(changed.sum, Decimal)
    assert isinstance(changed.at, datetime)
    return changed


async def fan(count: int) -> int:
    return sum(await asyncio.gather(*(act.check_inventory(str(n)) for n in range(count))))


async def waits() -> Any:
    return await w.condition("go")


async def parent(count: int) -> list[str]:
    return list(await asyncio.gather(*(w.execute_child(order, [str(n), 1]) for n in range(count))))


async def attached() -> list[str]:
    return [await w.execute_child(order, ["a", 1], workflow_id="shared"), await w.execute_child(order, ["a", 1], workflow_id="shared")]


async def stamped(name: str, steps: int) -> list[str]:
    """Sequential, parallel, a sleep, a child: every kind of step, each with an effect."""
    seen = []
    for number in range(steps):
        seen.append(await act.stamp(f"{name}:{number}"))
        if number % 3 == 1:
            await asyncio.gather(act.stamp(f"{name}:{number}:a"), act.stamp(f"{name}:{number}:b"), w.sleep(0.01))
        if number % 4 == 3:
            seen.append(await w.execute_child(stamped_child, [f"{name}:{number}:child"]))
    return seen


async def everything(name: str) -> dict[str, Any]:
    """Each primitive, inside and outside of what asyncio builds on it: no effect twice, the same result however often it is replayed."""
    me = w.workflow_info()
    seen: dict[str, Any] = {"first": await act.stamp(f"{name}:first"), "chances": [w.random() < 1, w.uuid4().version]}
    async with asyncio.TaskGroup() as group:
        one, two = (group.create_task(act.stamp(f"{name}:group {n}")) for n in (1, 2))
        group.create_task(w.sleep(0.01))
    seen["group"] = [one.result(), two.result()]
    racing = [asyncio.ensure_future(each) for each in (w.sleep("1 hour"), act.stamp(f"{name}:race"))]
    done, pending = await asyncio.wait(racing, return_when=asyncio.FIRST_COMPLETED)
    for each in pending:
        each.cancel()
    seen["race"] = [each.result() for each in done]
    waiting = asyncio.ensure_future(w.condition("own"))
    await w.signal("own", 5, workflow_id=me.id)
    seen["signal"] = await waiting
    try:
        async with asyncio.timeout(0.02):
            await w.condition("never")
    except TimeoutError:
        seen["timeout"] = await w.condition("never", timeout="10 ms", default="nothing")
    child = w.start_child(stamped_child, [f"{name}:child"])
    seen["hook"] = await w.exec_hook(stamped_child, [f"{name}:hook"])
    seen["child"] = await child
    seen["data"] = [await w.search().incr("n"), await w.entity().increment("n"), w.patched("newer")]
    try:
        await act.declined()
    except Durable.ActivityError as error:
        seen["error"] = error.type
    return seen


async def afresh(name: str, rounds: int = 0) -> list[Any]:
    """Everything, twice, with a fresh history for the second time."""
    found = await everything(f"{name}.{rounds}")
    if rounds == 0:
        w.continue_as_new(name, 1)
    return [found, await w.search().get("n")]


EVERYTHING = ("first", "group 1", "group 2", "race", "child", "hook")
"""The effects of one round of it."""


async def stamped_child(key: str) -> str:
    await w.sleep(0.01)
    return str(await act.stamp(key))


async def sleeper(name: str, minutes: int) -> str:
    begun = w.now()
    await act.stamp(f"{name}:asleep")
    await w.sleep(timedelta(minutes=minutes))
    slept = w.now() - begun
    await act.stamp(f"{name}:awake")
    return f"{name} slept {slept // timedelta(minutes=minutes)} times {minutes} minutes"


async def counter() -> int:
    total = 0

    @Durable.update
    async def add(n: int) -> int:
        nonlocal total
        found: int = await act.check_inventory("x")
        total += n + found
        return total

    @Durable.query
    def peek() -> int:
        return total

    await w.condition("done")
    return total


async def cancellable() -> str:
    try:
        await w.sleep("1 day")
    except w.CancelledFailure:
        async with w.CancellationScope.non_cancellable():
            await act.check_inventory("cleanup")
        return "cleaned"
    return "slept"


async def stored() -> int:
    await w.search().set("status", "working", "rounds", 1)
    await w.entity().set({"customer": {"city": "Oslo"}})
    await w.condition("go")
    return int(await w.search().incr("rounds"))


async def forever(round_: int = 0) -> str:
    await w.search().incr("rounds")
    await act.check_inventory("x")
    if round_ < 20:
        w.continue_as_new(round_ + 1)
    return f"rounds {await w.search().get('rounds')}"


async def failing() -> None:
    try:
        await act.declined()
    except Durable.ActivityError as error:
        raise RuntimeError(f"can't: {error.type}") from error


async def retried() -> int:
    quick: Any = w.proxy_activities({"attempted": attempted}, retry={"maximum_attempts": 3, "initial_interval": "1ms"})
    return int(await quick.attempted())


async def timing_out(kind: str) -> str:
    options: dict[str, Any] = {kind: "100ms", "retry": {"maximum_attempts": 1}}
    try:
        await w.proxy_activities({"silent": silent}, **options)["silent"]()
    except Durable.ActivityTimeout as error:
        return error.message
    return "answered"


async def heartbeats() -> str:
    return str(await w.proxy_activities({"beating": beating}, heartbeat_timeout="5s")["beating"]())


async def eventful(item: str) -> list[Any]:
    @Durable.update
    async def change(to: str) -> str:
        return to

    await w.proxy_activities({"attempted": attempted}, retry={"maximum_attempts": 3, "initial_interval": "1ms"})["attempted"]()
    if w.patched("better"):
        await w.search().set("colour", "red")
    child = await w.execute_child(order, [item, 1])
    return [child, await w.condition("go"), await w.condition("never", timeout="1ms", default="nothing")]


async def account(state: dict[str, int] | None = None) -> int:
    """Takes deposits, each with an effect; begins afresh after every five, and closes on a signal."""
    state = state or {"balance": 0, "seen": 0}
    before = state["seen"]
    changed = asyncio.Event()

    @Durable.update
    async def deposit(number: int) -> int:
        await act.stamp(f"deposit {number}")
        state["balance"] += number
        state["seen"] += 1
        changed.set()
        return state["balance"]

    @Durable.query
    def total() -> int:
        return state["balance"]

    closing = asyncio.ensure_future(w.condition("close"))
    while not closing.done():
        change = asyncio.create_task(changed.wait())
        await asyncio.wait([closing, change], return_when=asyncio.FIRST_COMPLETED)
        change.cancel()
        changed.clear()
        if state["seen"] - before >= 5 and not closing.done():
            w.continue_as_new(state)
    return state["balance"]


async def approving() -> Any:
    return await w.condition("approve", dict, escalation={"role": "manager", "type": "approval", "description": "sign here"})


async def now_is() -> str:
    return w.now().astimezone(UTC).isoformat()


WORKFLOWS: list[Any] = [
    order, typed, fan, waits, parent, attached, stamped, stamped_child, counter, cancellable, stored, forever, failing, retried, timing_out,
    heartbeats, approving, now_is, sleeper, eventful, account, afresh,
]  # fmt: skip
