"""Each primitive alone and inside gather, TaskGroup, races and timeouts; kept resident, evicted after every step, and restarted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hotmesh import Durable
from tests.durable.engine import Engine, Failed, run_in_all_modes

w = Durable.workflow


def double(n: int) -> int:
    return 2 * n


def fail(message: str) -> None:
    raise ValueError(message)


ACTIVITIES: dict[str, Callable[..., Any]] = {"double": double, "fail": fail}
act: Any = w.proxy_activities(ACTIVITIES)
once: Any = w.proxy_activities(ACTIVITIES, retry={"maximum_attempts": 1})


async def sequential() -> list[int]:
    return [await act.double(n) for n in range(5)]


async def gathered() -> list[int]:
    return list(await asyncio.gather(*(act.double(n) for n in range(5))))


async def grouped() -> list[int]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(act.double(n)) for n in range(5)]
    return [task.result() for task in tasks]


async def nested() -> list[list[int]]:
    async def inner(n: int) -> list[int]:
        first = await act.double(n)
        return [first, *await asyncio.gather(act.double(first), act.double(first + 1))]

    return list(await asyncio.gather(inner(1), inner(10)))


async def raced() -> str:
    slow, fast = asyncio.create_task(slept(60, "slow")), asyncio.create_task(slept(1, "fast"))
    done, pending = await asyncio.wait({slow, fast}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    return ",".join(sorted(task.result() for task in done))


async def slept(seconds: float, name: str) -> str:
    await w.sleep(seconds)
    return name


async def timed_out() -> str:
    try:
        async with asyncio.timeout(5):
            await w.condition("never")
    except TimeoutError:
        return "timed out"
    return "signalled"


async def in_time() -> int:
    async with asyncio.timeout(3600):
        return int(await act.double(4))


async def waited_for() -> str:
    try:
        await asyncio.wait_for(w.sleep(100), 10)
    except TimeoutError:
        return "gave up"
    return "slept"


async def shielded() -> int:
    inner = asyncio.ensure_future(act.double(21))
    try:
        await asyncio.wait_for(asyncio.shield(inner), 0.001)
    except TimeoutError:
        return int(await inner)
    return -1


async def completed_in_turn() -> list[int]:
    tasks = [asyncio.create_task(slept(seconds, str(seconds))) for seconds in (3, 1, 2)]
    return [int(await each) for each in asyncio.as_completed(tasks)]


async def queued() -> list[int]:
    queue: asyncio.Queue[int] = asyncio.Queue()

    async def produce() -> None:
        for n in range(3):
            await queue.put(await act.double(n))

    producer = asyncio.create_task(produce())
    found = [await queue.get() for _ in range(3)]
    await producer
    return found


async def evented() -> str:
    event = asyncio.Event()

    async def later() -> None:
        await w.sleep(5)
        event.set()

    asyncio.get_running_loop().create_task(later())
    await event.wait()
    return "set"


async def locked() -> list[int]:
    lock, seen = asyncio.Lock(), []

    async def alone(n: int) -> None:
        async with lock:
            seen.append(n)
            await w.sleep(1)
            seen.append(n)

    await asyncio.gather(*(alone(n) for n in range(3)))
    return seen


async def finally_runs() -> list[str]:
    seen = []
    try:
        await once.fail("no")
    except w.ActivityError as error:
        seen.append(f"{error.type}: {error.message}")
    finally:
        seen.append(str(await act.double(1)))
    return seen


async def times() -> list[float]:
    begun = w.now()
    await w.sleep("1h30m")
    first = (w.now() - begun).total_seconds()
    slept_s = await w.sleep(timedelta(minutes=1))
    await w.sleep_until(begun + timedelta(hours=2))
    return [first, slept_s, (w.now() - begun).total_seconds()]


async def chances() -> bool:
    first = [w.random(), w.random(), str(w.uuid4())]
    await w.sleep(1)
    return first == [*first] and len({*first, w.random()}) == 4


async def children() -> list[Any]:
    handle = w.start_child(child, [3])
    return [
        await w.execute_child(child, [1]),
        await handle.result(),
        handle.workflow_id,
        await w.execute_child("child", [2], workflow_id="own"),
    ]


async def child(n: int) -> int:
    return int(await act.double(n))


async def attached() -> list[int]:
    first = w.start_child(child, [5], workflow_id="shared")
    return [await w.execute_child(child, [5], workflow_id="shared"), await first]


async def foreign() -> str:
    await w.sleep(1)
    try:
        await w.execute_child(child, [5], workflow_id="w")
    except Durable.DuplicateJobError as error:
        return str(error)
    return "started"


async def failing_child() -> str:
    try:
        await w.execute_child(failing, ["broken"])
    except w.ChildError as error:
        return f"{error.type} {error.code} {error.message}"
    return "no error"


async def failing(message: str) -> None:
    await w.sleep(1)
    raise ValueError(message)


async def hooked() -> list[Any]:
    async def side(n: int) -> int:
        return int(await act.double(n)) + 1

    batch = await w.exec_hook_batch([(side, [1]), (side, [2])])
    w.hook(side, [3])
    return [await w.exec_hook(side, [4]), batch]


async def data() -> list[Any]:
    search, entity = w.search(), w.entity()
    await search.set("status", "new", "count", 1)
    await entity.set({"name": "a", "tags": ["x"]})
    await w.sleep(1)
    count = await search.incr("count", 2)
    await search.mult("count", 5)
    await entity.append("tags", "y")
    await entity.merge({"address": {"city": "Oslo"}})
    await entity.increment("visits")
    await entity.toggle("vip")
    await w.enrich({"colour": "red"})
    return [count, await search.mget("status", "count", "colour"), await entity.get(), await entity.get("address.city")]


async def continued(n: int = 0) -> int:
    await w.search().incr("rounds")
    await act.double(n)
    if n < 4:
        w.continue_as_new(n + 1)
    return int(await w.search().get("rounds") or 0)


async def signals_itself() -> str:
    waiting = asyncio.ensure_future(w.condition("ping"))
    await w.sleep(1)
    await w.signal("ping", "pong", workflow_id=w.workflow_info().id)
    return str(await waiting)


async def defaulted() -> str:
    return str(await w.condition("nothing", str, timeout="5s", default="fallback"))


async def early_return() -> str:
    loose = [asyncio.ensure_future(w.sleep(1000)), asyncio.ensure_future(act.double(1))]
    return "at once" if not any(each.done() for each in loose) else "late"


PROGRAMS: list[tuple[Callable[..., Any], Any]] = [
    (sequential, [0, 2, 4, 6, 8]),
    (gathered, [0, 2, 4, 6, 8]),
    (grouped, [0, 2, 4, 6, 8]),
    (nested, [[2, 4, 6], [20, 40, 42]]),
    (raced, "fast"),
    (timed_out, "timed out"),
    (in_time, 8),
    (waited_for, "gave up"),
    (completed_in_turn, [1, 2, 3]),
    (queued, [0, 2, 4]),
    (evented, "set"),
    (locked, [0, 0, 1, 1, 2, 2]),
    (finally_runs, ["ValueError: fail: no", "2"]),
    (times, [5400.0, 60.0, 7200.0]),
    (chances, True),
    (children, [2, 6, "w/1", 4]),
    (attached, [10, 10]),
    (foreign, "the child child can't have the id 'w': a job with the id 'w' is alive already"),
    (failing_child, "ValueError 500 the child failing w/1: broken"),
    (hooked, [9, [3, 5]]),
    (data, [3, ["new", 15, "red"], {"name": "a", "tags": ["x", "y"], "address": {"city": "Oslo"}, "visits": 1, "vip": True}, "Oslo"]),
    (continued, 5),
    (signals_itself, "pong"),
    (defaulted, "fallback"),
    (early_return, "at once"),
]


@pytest.mark.parametrize(("workflow", "expected"), PROGRAMS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_program_gives_the_same_however_it_is_kept(workflow: Callable[..., Any], expected: Any) -> None:
    assert run_in_all_modes([workflow, child, failing], activities=ACTIVITIES) == expected


def test_a_shield_keeps_its_activity() -> None:
    engine = Engine(shielded, ACTIVITIES)
    engine.start(shielded)
    engine.advance()
    assert engine.run() == 42


def test_activities_run_once_each() -> None:
    for mode in ("resident", "evicted", "restarted"):
        engine = Engine(nested, ACTIVITIES, mode=mode)
        engine.start(nested)
        engine.run()
        assert sorted(arguments[0] for _, arguments in engine.ran) == [1, 2, 3, 10, 20, 21]


def test_an_answer_and_the_next_commands_are_one_commit() -> None:
    engine = Engine(sequential, ACTIVITIES)
    engine.start(sequential)
    engine.run()
    assert engine.commits == 1 + 5


def test_an_uncaught_error_fails_the_workflow_with_its_cause() -> None:
    outcome = run_in_all_modes([failing], "oh no")
    assert outcome == ("failed", "ValueError", "oh no", 500)


def test_a_workflow_can_be_retried_as_a_whole() -> None:
    tries: list[int] = []

    async def shaky() -> int:
        await w.sleep(1)
        tries.append(w.workflow_info().attempt)
        if w.workflow_info().attempt < 3:
            raise ValueError("not yet")
        return w.workflow_info().attempt

    assert run_in_all_modes(shaky, retry={"maximum_attempts": 3, "initial_interval": "1s"}) == 3
    engine = Engine(shaky)
    engine.start(shaky, retry={"maximum_attempts": 2})
    with pytest.raises(Failed, match="not yet"):
        engine.run()


def test_a_workflow_has_a_time_limit() -> None:
    async def slow() -> None:
        await w.sleep("1 day")

    assert run_in_all_modes(slow, execution_timeout="1 hour")[1:] == (
        "ExecutionTimeout",
        "slow has not ended within its execution_timeout of 3600 s",
        596,
    )


def test_a_workflow_can_begin_later() -> None:
    async def when() -> float:
        return w.now().timestamp()

    engine = Engine(when)
    begun = engine.now.timestamp()
    engine.start(when, delay="10 minutes")
    assert engine.run() == begun + 600


def test_activities_are_retried_by_the_call_policy() -> None:
    attempts: list[int] = []

    def shaky() -> int:
        attempts.append(1)
        if len(attempts) < 3:
            raise ValueError("again")
        return len(attempts)

    async def workflow() -> int:
        return int(await w.proxy_activities({"shaky": shaky}, retry={"maximum_attempts": 3})["shaky"]())

    engine = Engine(workflow, {"shaky": shaky})
    engine.start(workflow)
    assert engine.run() == 3


@pytest.mark.parametrize("duration", ["", "5", "soon", "0x5", "5 parsecs"])
def test_a_sleep_that_is_no_duration_is_an_error(duration: str) -> None:
    async def workflow() -> None:
        await w.sleep(duration)

    engine = Engine(workflow)
    engine.start(workflow)
    with pytest.raises(Failed, match="ValueError"):
        engine.run()


def test_events_are_emitted_once() -> None:
    async def workflow() -> None:
        await w.emit({"orders.seen": {"n": 1}})
        await w.sleep(1)

    for mode in ("resident", "evicted", "restarted"):
        engine = Engine(workflow, mode=mode)
        engine.start(workflow)
        engine.run()
        assert engine.published == [("orders.seen", {"n": 1})]


def test_ten_thousand_at_once() -> None:
    async def workflow(n: int) -> int:
        return sum(await asyncio.gather(*(act.double(1) for _ in range(n))))

    engine = Engine(workflow, ACTIVITIES, tripwires=False)
    engine.start(workflow, 10_000)
    assert engine.run(limit=50_000) == 20_000


def test_more_at_once_than_pages_have_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes back to a full page shares the next ones: pages are fewer by far than what came back."""
    monkeypatch.setattr("hotmesh.machine.run.MAX_REENTRIES", 16)
    monkeypatch.setattr("hotmesh.machine.inbox.ARRIVALS", 6)
    monkeypatch.setattr("hotmesh.durable.residents.PER_PAGE", 8)

    async def workflow() -> list[int]:
        return [sum(await asyncio.gather(*(act.double(1) for _ in range(n)))) for n in (24, 12)]

    assert run_in_all_modes(workflow, activities=ACTIVITIES) == [48, 24]
