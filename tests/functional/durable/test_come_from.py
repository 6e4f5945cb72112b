"""Every line of the tables in docs/how-to/come-from-elsewhere.md: what stands on the right does what stands on the left."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hotmesh import Durable

w = Durable.workflow
ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "come-from-elsewhere.md"
QUEUE = "q"
attempts: list[str] = []


class Declined(Exception):
    """No second try."""


@Durable.activity
async def f(x: int) -> int:
    return 2 * x


@Durable.activity
async def declines(kind: str) -> None:
    attempts.append(kind)
    raise Declined(kind)


@Durable.activity(transactional=True)
async def books(x: int) -> int:
    await Durable.activity.get_context().tx.execute("INSERT INTO public.booked VALUES ($1)", x)
    return x


@Durable.define(name="of another name")
async def named(x: int) -> int:
    return x


async def calls(x: int) -> list[int]:
    proxies: Any = w.proxy_activities({"f": f}, start_to_close_timeout="1m")
    return [await f(x), await f.options(start_to_close_timeout="1m", retry={"maximum_attempts": 2})(x), await proxies.f(x)]


async def not_retried() -> list[str]:
    for names in ([Declined], ["Declined"]):
        try:
            await declines.options(retry={"maximum_attempts": 5, "initial_interval": "1ms", "non_retryable": names})("once")
        except Durable.ActivityError as error:
            attempts.append(str(error.type))
    return attempts


async def child(x: int) -> int:
    return x


async def patient() -> str:
    try:
        await w.condition("never")
    finally:
        await w.search().set("ended", "cancelled")
    return "never"


async def children(x: int) -> list[Any]:
    handles = [w.start_child(patient, [], workflow_id=how, cancellation=how) for how in ("request", "abandon", "terminate")]
    started = w.start_child(child, [x])
    both = [await w.execute_child(child, [x]), await started]
    await w.sleep(0.05)
    for handle in handles:
        handle.cancel()
    return both


async def waits_and_answers() -> int:
    total = 1

    @Durable.update
    async def add(x: int) -> int:
        nonlocal total
        total += x
        return total

    @Durable.query
    def seen() -> int:
        return total

    given = await w.condition("name", int, timeout="1 minute")
    total += given
    return total


async def sleeps() -> bool:
    begun = w.now()
    await w.sleep("10 ms")
    await asyncio.sleep(0.01)
    return (w.now() - begun).total_seconds() >= 0.02


async def chances() -> list[Any]:
    w.deprecate_patch("older")
    return [w.patched("newer"), 0 <= w.random() < 1, w.uuid4().version, w.now().tzinfo is not None]


async def in_turn() -> list[int]:
    tasks = [asyncio.create_task(f(x)) for x in range(3)]
    first, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    return [len(first) > 0, *sorted([await each for each in asyncio.as_completed(tasks)])]


async def afresh(rounds: int = 0) -> list[Any]:
    await w.search().incr("rounds")
    await w.entity().increment("rounds")
    if rounds < 2:
        w.continue_as_new(rounds + 1)
    return [w.workflow_info().id, await w.search().get("rounds"), await w.entity().get("rounds")]


async def transacts(x: int) -> int:
    return await books(x)


WORKFLOWS: list[Any] = [
    named, calls, not_retried, child, patient, children, waits_and_answers, sleeps, chances, in_turn, afresh, transacts,
]  # fmt: skip


@pytest.fixture
async def client(dsn: str, app_id: str) -> AsyncIterator[Durable.Client]:
    async with (
        Durable.Client(dsn, namespace=app_id) as client,
        Durable.Worker(client, task_queue=QUEUE, workflows=WORKFLOWS, activities=[f, declines, books]),
    ):
        yield client


async def run(client: Durable.Client, workflow: Any, *args: Any, **options: Any) -> Any:
    return await client.execute(workflow, *args, task_queue=QUEUE, timeout=30, **options)


async def defines(client: Durable.Client) -> None:
    assert await run(client, named, 5) == await run(client, "of another name", 5) == 5


async def executes(client: Durable.Client) -> None:
    assert await run(client, calls, 5) == [10, 10, 10]
    assert await f(5) == 10, "outside of a workflow it is itself"


async def gives_up(client: Durable.Client) -> None:
    attempts.clear()
    assert await run(client, not_retried) == ["once", "Declined", "once", "Declined"]


async def has_children(client: Durable.Client) -> None:
    assert await run(client, children, 5) == [5, 5]
    with pytest.raises(Durable.WorkflowCancelled):
        await client.get_handle("request").result(30)
    with pytest.raises(Durable.WorkflowTerminated):
        await client.get_handle("terminate").result(30)
    assert await client.get_handle("request").query_state(["ended"]) == {"ended": "cancelled"}
    assert await client.get_handle("abandon").status() > 0


async def talks(client: Durable.Client) -> None:
    handle = await client.start(waits_and_answers, id="x", task_queue=QUEUE)
    assert [await handle.update("add", 4), await handle.query("seen")] == [5, 5]
    await handle.signal("name", 2)
    assert await handle.result() == 7


async def ends(client: Durable.Client) -> None:
    handles = [await client.start(waits_and_answers, task_queue=QUEUE) for _ in range(2)]
    await handles[0].cancel()
    await handles[1].terminate()
    with pytest.raises(Durable.WorkflowCancelled):
        await handles[0].result()
    with pytest.raises(Durable.WorkflowTerminated):
        await handles[1].result()


async def sleeps_and_chances(client: Durable.Client) -> None:
    assert await run(client, sleeps) is True
    assert await run(client, chances) == [True, True, 4, True]


async def waits(client: Durable.Client) -> None:
    assert await run(client, in_turn) == [True, 0, 2, 4]


async def begins_afresh(client: Durable.Client) -> None:
    assert await run(client, afresh, id="x") == ["x", 3, 3]
    found = await client.workflow.search("SELECT value::text FROM jobs_attributes WHERE symbol IN ('rounds', 'entity') ORDER BY symbol")
    assert [row["value"] for row in found] == ['{"rounds":3}', "3"]


async def shares_a_transaction(client: Durable.Client) -> None:
    assert await run(client, transacts, 5) == 5
    assert await client.workflow.search("SELECT x FROM public.booked") == [{"x": 5}]


Check = Callable[[Durable.Client], Coroutine[Any, Any, None]]
LINES: dict[str, Check | str] = {
    "a server, and workers": "test_kill.py::test_killed_in_the_middle",
    "`@workflow.defn": defines,
    "`@activity.defn`": executes,
    "`workflow.execute_activity": executes,
    "`RetryPolicy": gives_up,
    "`workflow.execute_child_workflow`": has_children,
    "`@workflow.signal`": talks,
    "`@workflow.query`": talks,
    "`workflow.sleep`": sleeps_and_chances,
    "`workflow.now() uuid4() random()`": sleeps_and_chances,
    "`workflow.wait`": waits,
    "`continue_as_new": begins_afresh,
    "search attributes": begins_afresh,
    "sandbox": "../../durable/test_tripwires.py::test_what_a_replay_cannot_repeat_is_refused",
    "replay tests": "test_durable.py::test_the_example_of_the_docs",
    "`client.start_workflow": talks,
    "`handle.result()": ends,
    "interceptors": "test_durable.py::test_interceptors_go_around_everything",
    "`@DBOS.workflow()`": executes,
    "`@DBOS.step()`": executes,
    "`@DBOS.transaction()`": shares_a_transaction,
    "steps in their order": waits,
    "`DBOS.sleep`": has_children,
    "`SetWorkflowID": talks,
    "`DBOS.start_workflow": has_children,
    "`Queue": "test_come_from.py::test_a_queue_does_so_much_at_once",
    "recovery": "test_kill.py::test_killed_in_the_middle",
    "`DBOS.patch`": "../../durable/test_replay.py::test_patched_keeps_the_old_way_for_those_that_have_begun",
}
"""How each line begins, and what shows it: here, or a test elsewhere."""


def lines() -> list[str]:
    rows = re.findall(r"^\| (.+?) \|", PAGE.read_text(), flags=re.MULTILINE)
    return [row for row in rows if "(Python)" not in row]


def test_every_line_is_shown() -> None:
    unshown = [line for line in lines() if not any(line.startswith(begin) for begin in LINES)]
    assert not unshown, "say in LINES what shows these lines"
    gone = [begin for begin in LINES if not any(line.startswith(begin) for line in lines())]
    assert not gone, "these lines are no longer in the page"


@pytest.mark.parametrize("place", sorted({each for each in LINES.values() if isinstance(each, str)}))
def test_what_shows_a_line_elsewhere_is_there(place: str) -> None:
    file, _, name = place.partition("::")
    assert f"def {name}(" in (Path(__file__).parent / file).read_text()


@pytest.mark.parametrize(
    "check", dict.fromkeys(each for each in LINES.values() if not isinstance(each, str)), ids=lambda each: each.__name__
)
async def test_a_line_is_true(client: Durable.Client, admin: asyncpg.Connection, check: Check) -> None:
    await admin.execute("DROP TABLE IF EXISTS public.booked; CREATE TABLE public.booked (x int)")
    await check(client)


async def test_a_queue_does_so_much_at_once(dsn: str, app_id: str) -> None:
    running, most = 0, 0

    @Durable.activity
    async def slow() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    async def workflow() -> None:
        await asyncio.gather(*(slow() for _ in range(20)))

    async with (
        Durable.Client(dsn, namespace=app_id) as client,
        Durable.Worker(client, task_queue=QUEUE, workflows=workflow, activities=slow, max_concurrent_activities=3),
    ):
        await run(client, workflow)
    assert most == 3
