"""Every kind of activity, on a real Postgres."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from hotmesh import Fatal, HotMesh, JobError, Retryable, StreamData, StreamResponse
from hotmesh.errors import UnknownTopic
from tests.functional.activities.conftest import Start


async def double(task: StreamData) -> Any:
    return {"n": task.data["n"] * 2}


async def test_a_worker_may_answer_several_times(start: Start) -> None:
    async def count(task: StreamData) -> Any:
        for number in range(task.data["upto"]):
            yield StreamResponse({"number": number}, status="pending")
        yield {"total": task.data["upto"]}

    mesh = await start(
        """
- subscribes: counted
  activities:
    begin: {type: trigger}
    count: {type: worker, topic: count, job: {'200': {maps: {total: '{$self.output.data.total}'}}}}
    double: {type: worker, topic: double, input: {maps: {n: '{count.output.data.number}'}}}
    keep: {type: hook, job: {maps: {seen: '{double.output.data.n}'}}}
  transitions:
    begin: [{to: count}]
    count: [{to: double, conditions: {code: 202}}]
    double: [{to: keep}]
""",
        {"count": count, "double": double},
    )
    job_id = await mesh.pub("counted", {"upto": 4})
    output = await mesh.result(job_id, timeout=20)
    assert output.data["total"] == 4
    doubled = await _outputs(mesh, job_id, "double")
    assert doubled == {",0,0,0": 0, ",0,0,1": 2, ",0,0,2": 4, ",0,0,3": 6}, "each answer's branch reads that answer"


async def _outputs(mesh: HotMesh, job_id: str, activity: str) -> dict[str, Any]:
    async with mesh.node.pool.acquire() as connection:
        rows = await connection.fetch(
            f"SELECT a.dimension, a.value -> 'output' ->> 'n' AS n FROM {mesh.node.schema}.jobs_attributes a "
            f"JOIN {mesh.node.schema}.jobs j ON j.id = a.job_id WHERE j.key = $1 AND a.symbol = $2 ORDER BY 1",
            job_id,
            activity,
        )
    return {row["dimension"]: int(row["n"]) for row in rows}


FAMILY = """
- subscribes: parent
  activities:
    begin: {type: trigger}
    child: {type: await, topic: child, WAIT input: {maps: {n: '{begin.output.data.n}'}}, job: {maps: {child: '{$self.output.data}'}}}
    sorry: {type: hook, job: {maps: {code: '{child.output.metadata.$error.code}', why: '{child.output.metadata.err}'}}}
  transitions:
    begin: [{to: child}]
    child: [{to: sorry, conditions: {code: ['4xx', '5xx']}}]
- subscribes: child
  input: {schema: {type: object, properties: {n: {type: integer}}}}
  activities:
    born: {type: trigger, stats: {id: '{$self.output.data.id}'}}
    work: {type: worker, topic: double, input: {maps: {n: '{born.output.data.n}'}}, job: {maps: {n: '{$self.output.data.n}'}}}
  transitions:
    born: [{to: work}]
"""


async def test_await_gets_the_childs_data(start: Start) -> None:
    mesh = await start(FAMILY.replace("WAIT", ""), {"double": double})
    assert (await mesh.pubsub("parent", {"n": 21})).data == {"child": {"n": 42}}


async def test_await_false_goes_on(start: Start) -> None:
    mesh = await start(FAMILY.replace("WAIT", "await: false,"), {"double": double})
    child = (await mesh.pubsub("parent", {"n": 21})).data["child"]
    while True:
        try:
            output = await mesh.result(child["job_id"], timeout=20)
            break
        except JobError:
            raise
        except Exception:
            await mesh.node.streams.next_due([])
    assert output.data == {"n": 42}
    assert output.metadata.pj is not None


async def test_a_childs_error_is_its_parents(start: Start) -> None:
    async def broken(_: StreamData) -> Any:
        error = LookupError("no such thing")
        error.code = 404  # type: ignore[attr-defined]
        raise error

    mesh = await start(FAMILY.replace("WAIT", ""), {"double": broken})
    assert (await mesh.pubsub("parent", {"n": 21})).data == {"child": {}, "code": 404, "why": "no such thing"}


async def test_a_child_that_can_not_start_is_its_parents_error(start: Start) -> None:
    mesh = await start(FAMILY.replace("WAIT", ""), {"double": double})
    data = (await mesh.pubsub("parent", {"n": "many"})).data
    assert data["code"] == 422
    assert "n: 'many' is not of type 'integer'" in data["why"]


async def test_a_child_id_that_another_job_has_is_409(start: Start) -> None:
    graphs = FAMILY.replace("WAIT", "").replace("{n: '{begin.output.data.n}'}", "{n: 1, id: taken}")
    mesh = await start(graphs, {"double": double})
    await mesh.pubsub("child", {"n": 1}, job_id="taken")
    assert (await mesh.pubsub("parent", {})).data["code"] == 409


WAITING = """
- subscribes: waiting
  activities:
    begin: {type: trigger, stats: {key: '{$self.output.data.group}'}}
    pause: {type: hook, SLEEP job: {maps: {got: '{$self.hook.data.value}', timer: '{$self.hook.data.timestamp}'}}}
  transitions:
    begin: [{to: pause}]
  hooks:
    wake:
      - to: pause
        conditions: {match: [{expected: '{begin.output.data.who}', actual: '{$hook.data.who}'}]}
"""


async def test_a_hook_waits_for_its_signal_and_no_other(start: Start) -> None:
    mesh = await start(WAITING.replace("SLEEP", ""))
    for who in ("ann", "bob"):
        await mesh.pub("waiting", {"who": who}, job_id=who)
    await mesh.signal("wake", {"who": "bob", "value": 2})
    assert (await mesh.result("bob", timeout=20)).data == {"got": 2}
    assert await mesh.get_status("ann") == 1
    with pytest.raises(UnknownTopic, match="waits for signals on 'wke'; there is wake"):
        await mesh.signal("wke", {})


async def test_early_signals_are_kept_in_order(start: Start) -> None:
    mesh = await start(WAITING.replace("SLEEP", ""))
    for value in (1, 2, 3):
        await mesh.signal("wake", {"who": "ann", "value": value})
    got = [(await mesh.pubsub("waiting", {"who": "ann"})).data["got"] for _ in range(3)]
    assert got == [1, 2, 3]


@pytest.mark.parametrize("early", ["wake", "poke"])
async def test_a_hook_met_by_an_early_signal_waits_for_no_other(start: Start, dsn: str, early: str) -> None:
    other = """    poke:
      - to: pause
        conditions: {match: [{expected: '{begin.output.data.who}', actual: '{$hook.data.who}'}]}
"""
    mesh = await start(WAITING.replace("SLEEP", "") + other)
    await mesh.signal(early, {"who": "ann", "value": 1})
    connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        await mesh.pub("waiting", {"who": "ann"}, job_id="first", tx=connection)
        assert await connection.fetchval(f"SELECT count(*) FROM {mesh.node.schema}.waits") == 0
    await connection.close()
    assert (await mesh.result("first", timeout=20)).data == {"got": 1}
    for topic in ("wake", "poke"):
        await mesh.signal(topic, {"who": "ann", "value": topic})
    assert {(await mesh.pubsub("waiting", {"who": "ann"})).data["got"] for _ in range(2)} == {"wake", "poke"}


async def test_a_hook_that_is_taken_back_as_it_registers_waits_for_nothing(start: Start, admin: asyncpg.Connection) -> None:
    """Its job ends in the step in which it began to wait; a signal goes to the hook that does wait."""
    mesh = await start(
        WAITING.replace("SLEEP", "escalation: {role: clerk},")
        + """- subscribes: hasty
  activities:
    begin: {type: trigger}
    hold: {type: hook}
    never: {type: hook, escalation: {role: clerk}}
    stop: {type: interrupt, throw: false}
  transitions: {begin: [{to: hold}], hold: [{to: never}, {to: stop}]}
  hooks:
    wake:
      - to: never
        conditions: {match: [{expected: '{begin.output.data.who}', actual: '{$hook.data.who}'}]}
"""
    )
    await mesh.pub("hasty", {"who": "ann"}, job_id="hasty")
    await mesh.pub("waiting", {"who": "ann"}, job_id="ann")
    assert await admin.fetchval(f"SELECT count(*) FROM {mesh.node.schema}.waits") == 1
    assert await admin.fetchval(f"SELECT count(*) FROM {mesh.node.schema}.escalations WHERE state = 'pending'") == 1
    await mesh.signal("wake", {"who": "ann", "value": 5})
    assert (await mesh.result("ann", timeout=20)).data == {"got": 5}


async def test_a_hook_sleeps(start: Start) -> None:
    mesh = await start(WAITING.replace("SLEEP", "sleep: 0.05,"))
    data = (await mesh.pubsub("waiting", {"who": "ann"})).data
    assert data["timer"] > 1_700_000_000_000
    assert "got" not in data


@pytest.mark.parametrize("sleep", ["'{begin.output.data.s}'", "'50 ms'", "{'@pipe': [[0.025, 2], ['{@math.multiply}']]}"])
async def test_a_sleep_may_be_many_things(start: Start, sleep: str) -> None:
    mesh = await start(WAITING.replace("SLEEP", f"sleep: {sleep},"))
    assert "timer" in (await mesh.pubsub("waiting", {"who": "ann", "s": "0.05"})).data


async def test_signal_and_timer_exactly_one_wins(start: Start, admin: asyncpg.Connection) -> None:
    mesh = await start(WAITING.replace("SLEEP", "sleep: '{begin.output.data.s}',"))
    jobs = [await mesh.pub("waiting", {"who": f"w{n}", "s": 0.05}, job_id=f"w{n}") for n in range(60)]
    await asyncio.gather(*(_signal_when_due(mesh, job) for job in jobs))
    outputs = [(await mesh.result(job, timeout=20)).data for job in jobs]
    assert all(("got" in data) != ("timer" in data) for data in outputs), "a hook was woken by both, or by neither"
    answers = await admin.fetch(f"SELECT ledger % 100000000 AS n FROM {mesh.node.schema}.jobs_attributes WHERE symbol = 'pause'")
    assert {row["n"] for row in answers} == {1}, "a hook took two answers"
    assert await mesh.node.streams.depths() == []


async def _signal_when_due(mesh: HotMesh, job: str) -> None:
    """Send the signal about when the timer fires: on hearing of it, or a little before."""
    due, _ = await mesh.node.streams.next_due([])
    event = asyncio.Event()
    asyncio.get_running_loop().call_later(max(0.0, due or 0.0), event.set)
    await event.wait()
    await mesh.signal("wake", {"who": job, "value": 1})


async def test_a_signal_of_202_leaves_the_hook_open(start: Start) -> None:
    each = "    each: {type: hook, job: {maps: {last: '{pause.hook.data.value}'}}}\n"
    edges = "  transitions:\n    pause: [{to: each, conditions: {code: 202}}]\n"
    graphs = WAITING.replace("SLEEP", "").replace("  transitions:\n", each + edges)
    mesh = await start(graphs)
    await mesh.pub("waiting", {"who": "ann"}, job_id="ann")
    for value in (1, 2):
        await mesh.signal("wake", {"who": "ann", "value": value}, code=202)
    await mesh.signal("wake", {"who": "ann", "value": 3})
    data = (await mesh.result("ann", timeout=20)).data
    assert data == {"got": 3, "last": 2}


SIGNALS = """
- subscribes: sending
  activities:
    begin: {type: trigger}
    send:
      type: signal
      topic: wake
      SUBTYPE
      signal: {maps: {who: '{begin.output.data.who}', value: 7}}
  transitions:
    begin: [{to: send}]
"""


async def test_a_signal_activity_wakes_one(start: Start) -> None:
    mesh = await start(WAITING.replace("SLEEP", "") + SIGNALS.replace("SUBTYPE", "subtype: one"))
    await mesh.pub("waiting", {"who": "ann"}, job_id="ann")
    await mesh.pubsub("sending", {"who": "ann"})
    assert (await mesh.result("ann", timeout=20)).data == {"got": 7}


async def test_a_signal_activity_wakes_all_of_a_group(start: Start) -> None:
    subtype = "subtype: all\n      key_name: key\n      key_value: '{begin.output.data.group}'"
    mesh = await start(WAITING.replace("SLEEP", "") + SIGNALS.replace("SUBTYPE", subtype))
    for number in range(3):
        await mesh.pub("waiting", {"who": f"in{number}", "group": "a"}, job_id=f"in{number}")
    await mesh.pub("waiting", {"who": "out", "group": "b"}, job_id="out")
    await mesh.pubsub("sending", {"who": "anyone", "group": "a"})
    for number in range(3):
        assert (await mesh.result(f"in{number}", timeout=20)).data == {"got": 7}
    assert await mesh.get_status("out") == 1


LOOP = """
- subscribes: looping
  activities:
    begin: {type: trigger}
    pivot: {type: hook, output: {maps: {n: {'@pipe': [['{pivot.output.data.n}', 1], ['{@conditional.nullish}']]}}}}
    work: {type: worker, topic: double, input: {maps: {n: '{pivot.output.data.n}'}}}
    again: {type: cycle, ancestor: pivot, input: {maps: {n: '{work.output.data.n}'}}}
    done: {type: hook, job: {maps: {n: '{work.output.data.n}'}}}
  transitions:
    begin: [{to: pivot}]
    pivot: [{to: work}]
    work:
      - to: again
        conditions:
          match:
            - expected: true
              actual: {'@pipe': [['{work.output.data.n}', '{begin.output.data.upto}'], ['{@conditional.lt}']]}
      - to: done
        conditions:
          match:
            - expected: false
              actual: {'@pipe': [['{work.output.data.n}', '{begin.output.data.upto}'], ['{@conditional.lt}']]}
"""


async def test_a_cycle_goes_round(start: Start) -> None:
    mesh = await start(LOOP, {"double": double})
    job_id = await mesh.pub("looping", {"upto": 100})
    assert (await mesh.result(job_id, timeout=20)).data == {"n": 128}
    assert await _outputs(mesh, job_id, "work") == {f",0,{n},0": 2 ** (n + 1) for n in range(7)}


async def test_a_cycle_without_end_is_ended(start: Start) -> None:
    mesh = await start(
        """
- subscribes: spinning
  activities:
    begin: {type: trigger}
    pivot: {type: hook}
    again: {type: cycle, ancestor: pivot}
  transitions:
    begin: [{to: pivot}]
    pivot: [{to: again}]
"""
    )
    with pytest.raises(JobError, match="pivot was entered 10,000 times") as caught:
        await mesh.pubsub("spinning", {}, timeout=50)
    assert caught.value.code == 597


@pytest.mark.parametrize(("throw", "code"), [("true", 410), ("false", None)])
async def test_an_interrupt_ends_its_job(start: Start, throw: str, code: int | None) -> None:
    mesh = await start(
        f"""
- subscribes: ending
  activities:
    begin: {{type: trigger}}
    never: {{type: hook, sleep: 1 hour}}
    stop: {{type: interrupt, reason: enough, throw: {throw}}}
  transitions:
    begin: [{{to: never}}, {{to: stop}}]
"""
    )
    job_id = await mesh.pub("ending", {})
    if code is None:
        assert (await mesh.result(job_id)).data == {}
    else:
        with pytest.raises(JobError, match="enough") as caught:
            await mesh.result(job_id)
        assert caught.value.code == code
    assert await mesh.get_status(job_id) == -1_000_000_000
    assert await mesh.node.streams.depths() == [], "the sleeping hook's timer was left behind"


async def test_an_interrupt_ends_another_job_with_its_children(start: Start) -> None:
    mesh = await start(
        """
- subscribes: killer
  activities:
    begin: {type: trigger}
    kill: {type: interrupt, topic: parent, target: '{begin.output.data.victim}', descend: true, reason: told to, code: 418}
  transitions:
    begin: [{to: kill}]
"""
        + FAMILY.replace("WAIT", ""),
    )
    await mesh.pub("parent", {"n": 1}, job_id="victim")
    child = await _child_of(mesh, "victim")
    await mesh.pubsub("killer", {"victim": "victim"})
    for job_id in ("victim", child):
        with pytest.raises(JobError, match="told to") as caught:
            await mesh.result(job_id, timeout=20)
        assert caught.value.code == 418
    await _drained(mesh)


async def _drained(mesh: HotMesh) -> None:
    """Wait until the streams are empty; the test's time limit is what fails it."""
    while await mesh.node.streams.depths():
        await mesh.node.streams.next_due([])


async def _child_of(mesh: HotMesh, parent: str) -> str:
    while True:
        async with mesh.node.pool.acquire() as connection:
            child = await connection.fetchval(f"SELECT key FROM {mesh.node.schema}.jobs WHERE parent_key = $1", parent)
        if child is not None:
            return str(child)


async def test_interrupting_twice_and_the_api(start: Start) -> None:
    mesh = await start(WAITING.replace("SLEEP", ""))
    await mesh.pub("waiting", {"who": "ann"}, job_id="ann")
    await mesh.interrupt("waiting", "ann", reason="first", code=499)
    await mesh.interrupt("waiting", "ann", reason="second")
    with pytest.raises(JobError, match="first") as caught:
        await mesh.result("ann")
    assert caught.value.code == 499
    await mesh.signal("wake", {"who": "ann", "value": 1})
    assert await mesh.get_status("ann") == -1_000_000_000


async def test_cancel_lets_what_runs_finish(start: Start) -> None:
    running, go = asyncio.Event(), asyncio.Event()

    async def slow(task: StreamData) -> Any:
        running.set()
        await go.wait()
        return await double(task)

    mesh = await start(LOOP, {"double": slow})
    job_id = await mesh.pub("looping", {"upto": 100})
    await running.wait()
    await mesh.cancel(job_id)
    go.set()
    with pytest.raises(JobError, match="cancelled"):
        await mesh.result(job_id, timeout=20)
    assert await _outputs(mesh, job_id, "work") == {",0,0,0": 2}, "the running activity's answer is kept, and nothing follows it"


async def test_a_cancelled_job_does_not_wait_for_a_worker_that_died(start: Start, admin: asyncpg.Connection) -> None:
    """It waits for the lease to end, in case the worker lives."""
    mesh = await start(LOOP)
    job_id = await mesh.pub("looping", {"upto": 100})
    lease = "SET owner = 'dead', token = 1, claims = 1, visible_at = hotmesh.now() + interval '1 s'"
    assert await admin.execute(f"UPDATE {mesh.node.schema}.worker_streams {lease}") == "UPDATE 1"
    await mesh.cancel(job_id)
    with pytest.raises(JobError, match="cancelled"):
        await mesh.result(job_id, timeout=20)
    assert await mesh.node.streams.depths() == [], "a task or a message was left behind"


FAN = """
- subscribes: fanned
  activities:
    begin: {type: trigger}
    each: {type: worker, topic: double, input: {maps: {n: '{$item}'}}}
    gather: {type: hook, join: JOIN, job: {maps: {results: '{each.output.data.n}'}}}
  transitions:
    begin: [{to: each, foreach: '{begin.output.data.items}'}]
    each: [{to: gather}]
"""


@pytest.mark.parametrize("items", [[], [1], [3, 1, 2], list(range(250))])
async def test_foreach_and_join_all_keep_the_order_of_the_items(start: Start, items: list[int]) -> None:
    mesh = await start(FAN.replace("JOIN", "all"), {"double": double})
    data = (await mesh.pubsub("fanned", {"items": items}, timeout=50)).data
    assert data == ({"results": [2 * n for n in items]} if items else {})


async def test_join_any_runs_on_the_first(start: Start, admin: asyncpg.Connection) -> None:
    mesh = await start(FAN.replace("JOIN", "any").replace("results: '{each.output.data.n}'", "ran: true"), {"double": double})
    assert (await mesh.pubsub("fanned", {"items": [1, 2, 3]})).data == {"ran": True}
    assert await admin.fetchval(f"SELECT count(*) FROM {mesh.node.schema}.jobs_attributes WHERE symbol = 'gather'") == 1


async def test_join_all_waits_for_every_branch_that_was_taken(start: Start) -> None:
    mesh = await start(
        """
- subscribes: joined
  activities:
    begin: {type: trigger}
    fast: {type: worker, topic: double, input: {maps: {n: 1}}}
    slow: {type: hook, sleep: 0.1}
    after: {type: worker, topic: double, input: {maps: {n: 10}}}
    skipped: {type: worker, topic: nobody}
    meet: {type: hook, join: all, job: {maps: {sum: {'@pipe': [['{fast.output.data.n}', '{after.output.data.n}'], ['{@math.add}']]}}}}
  transitions:
    begin: [{to: fast}, {to: slow}, {to: skipped, conditions: {match: [{expected: true, actual: false}]}}]
    slow: [{to: after}]
    fast: [{to: meet}]
    after: [{to: meet}]
    skipped: [{to: meet}]
""",
        {"double": double},
    )
    assert (await mesh.pubsub("joined", {})).data == {"sum": 22}


@pytest.mark.parametrize(
    ("retry", "policy", "fails", "attempts", "works"),
    [
        ("{'500': [2]}", None, 2, 3, True),
        ("{'500': [1]}", None, 2, 2, False),
        ("{'404': [5]}", None, 1, 1, False),
        ("{}", {"maximum_attempts": 3, "initial_interval": 0.001}, 2, 3, True),
        ("{'500': [9]}", {"maximum_attempts": 2, "initial_interval": 0.001}, 2, 2, False),
        ("{}", None, 1, 1, False),
    ],
)
async def test_errors_are_tried_again(
    start: Start, retry: str, policy: dict[str, object] | None, fails: int, attempts: int, works: bool
) -> None:
    seen: list[tuple[int, str]] = []

    async def flaky(task: StreamData) -> Any:
        seen.append((task.metadata.attempt, task.metadata.guid))
        if len(seen) <= fails:
            raise RuntimeError("not yet")
        return {"n": 1}

    mesh = await start(
        f"{LOOP}".replace("topic: double,", f"topic: double, retry: {retry},"), {"double": {"callback": flaky, "retry": policy}}
    )
    started = mesh.pubsub("looping", {"upto": 0}, timeout=30)
    if works:
        assert (await started).data == {"n": 1}
    else:
        with pytest.raises(JobError, match="not yet"):
            await started
    assert [attempt for attempt, _ in seen] == list(range(1, attempts + 1))
    assert len({guid for _, guid in seen}) == 1, "the guid is an idempotency key: it must not change between attempts"
    assert await mesh.node.streams.depths() == []


@pytest.mark.parametrize(("error", "attempts", "code"), [(Fatal("never"), 1, 598), (Retryable("again"), 3, 599)])
async def test_fatal_is_not_tried_again_and_retryable_always(start: Start, error: Exception, attempts: int, code: int) -> None:
    seen: list[int] = []

    async def failing(task: StreamData) -> Any:
        seen.append(task.metadata.attempt)
        raise error

    policy = {"maximum_attempts": 3, "initial_interval": 0.001}
    mesh = await start(LOOP, {"double": {"callback": failing, "retry": policy}})
    with pytest.raises(JobError) as caught:
        await mesh.pubsub("looping", {"upto": 0})
    assert (len(seen), caught.value.code) == (attempts, code)


async def test_exhausted_may_pause_the_job_and_resume_goes_on(start: Start) -> None:
    broken = True
    seen: list[int] = []

    async def flaky(task: StreamData) -> Any:
        seen.append(task.metadata.attempt)
        if broken:
            raise RuntimeError("mend me")
        return {"n": 1}

    policy = {"maximum_attempts": 1, "on_exhausted": "pause"}
    mesh = await start(LOOP, {"double": {"callback": flaky, "retry": policy}})
    job_id = await mesh.pub("looping", {"upto": 0})
    while not (found := await mesh.node.jobs.find(job_id)) or not found.paused:
        await mesh.node.streams.next_due([])
    broken = False
    await mesh.resume(job_id)
    assert (await mesh.result(job_id, timeout=20)).data == {"n": 1}
    assert seen == [1, 2]


async def test_a_paused_job_keeps_the_answer_of_what_was_running(start: Start) -> None:
    running, go = asyncio.Event(), asyncio.Event()
    calls: list[str] = []

    async def slow(task: StreamData) -> Any:
        calls.append(task.metadata.guid)
        running.set()
        await go.wait()
        return {"n": 1}

    mesh = await start(LOOP, {"double": slow}, poll_s=0.05)
    job_id = await mesh.pub("looping", {"upto": 0})
    await running.wait()
    await mesh.pause(job_id)
    go.set()
    while (await mesh.node.streams.depths())[0].topic != "":
        await mesh.node.streams.next_due([])
    assert await mesh.get_status(job_id) == 1
    await mesh.resume(job_id)
    assert (await mesh.result(job_id, timeout=20)).data == {"n": 1}
    assert len(calls) == 1, "the callback ran again for a job that was only paused"


async def test_a_failed_job_can_be_retried(start: Start) -> None:
    broken = True

    async def flaky(_: StreamData) -> Any:
        if broken:
            raise RuntimeError("mend me")
        return {"n": 1}

    mesh = await start(LOOP, {"double": flaky})
    with pytest.raises(JobError, match="mend me") as caught:
        await mesh.pubsub("looping", {"upto": 0})
    broken = False
    await mesh.retry(caught.value.job_id)
    assert (await mesh.result(caught.value.job_id, timeout=20)).data == {"n": 1}


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (
            "input: {maps: {n: {'@pipe': [['{begin.output.data.n}', 2], ['{@array.push}']]}}}",
            "failing: work: .*push.*key input.maps.n, row 1",
        ),
        ("job: {maps: {n: {'@pipe': [['{begin.output.data.n}', 2], ['{@array.push}']]}}}", "failing: work: .*push.*key job.maps.n, row 1"),
    ],
)
async def test_a_map_that_raises_fails_once_and_says_where(start: Start, broken: str, message: str, admin: asyncpg.Connection) -> None:
    calls: list[str] = []

    async def work(task: StreamData) -> Any:
        calls.append(task.metadata.guid)
        return {}

    mesh = await start(
        f"""
- subscribes: failing
  activities:
    begin: {{type: trigger}}
    work: {{type: worker, topic: work, retry: {{'590': [3]}}, {broken}}}
  transitions:
    begin: [{{to: work}}]
""",
        {"work": work},
    )
    with pytest.raises(JobError, match=message) as caught:
        await mesh.pubsub("failing", {"n": 1})
    assert caught.value.code == 590
    assert len(calls) <= 1
    assert await admin.fetchval(f"SELECT count(*) FROM {mesh.node.schema}.jobs_attributes WHERE symbol = 'work'") == 1
    assert await mesh.node.streams.depths() == []


async def test_emit_and_persist_are_heard(start: Start) -> None:
    mesh = await start(
        """
- subscribes: emitting
  publishes: emitted
  activities:
    begin: {type: trigger, job: {maps: {stage: 1}}}
    first: {type: hook, sleep: 0.01, emit: true, job: {maps: {stage: 2}}}
    last: {type: hook, sleep: 0.01, job: {maps: {stage: 3}}}
  transitions:
    begin: [{to: first}]
    first: [{to: last}]
"""
    )
    heard: asyncio.Queue[int] = asyncio.Queue()
    await mesh.sub("emitted", lambda _, output: heard.put_nowait(output.data["stage"]))
    await mesh.pubsub("emitting", {})
    assert [await asyncio.wait_for(heard.get(), 20) for _ in range(2)] == [2, 3]


async def test_what_was_persisted_stays_final_though_its_job_fails_in_the_same_step(start: Start, admin: asyncpg.Connection) -> None:
    mesh = await start(
        """
- subscribes: keeping
  activities:
    begin: {type: trigger}
    keep: {type: hook, persist: true}
    bad: {type: hook, input: {maps: {n: {'@pipe': [['{begin.output.data.text}'], ['{@json.parse}']]}}}}
  transitions:
    begin: [{to: keep}, {to: bad}]
"""
    )
    with pytest.raises(JobError, match="parse"):
        await mesh.pubsub("keeping", {"text": "{"})
    assert await admin.fetchval(f"SELECT persisted FROM {mesh.node.schema}.jobs"), "a retry would tell its end a second time"


async def test_an_emission_answers_a_waiting_parent(start: Start) -> None:
    mesh = await start(
        """
- subscribes: parent
  activities:
    begin: {type: trigger}
    child: {type: await, topic: child, job: {'200': {maps: {end: '{$self.output.data.stage}'}}}}
    interim: {type: hook, job: {maps: {interim: '{child.output.data.stage}'}}}
  transitions:
    begin: [{to: child}]
    child: [{to: interim, conditions: {code: 202}}]
- subscribes: child
  activities:
    born: {type: trigger, job: {maps: {stage: 1}}}
    early: {type: hook, emit: true}
    late: {type: hook, sleep: 0.05, job: {maps: {stage: 2}}}
  transitions:
    born: [{to: early}]
    early: [{to: late}]
"""
    )
    assert (await mesh.pubsub("parent", {})).data == {"interim": 1, "end": 2}


async def test_an_escalation_is_a_row_for_people(start: Start, admin: asyncpg.Connection) -> None:
    graphs = WAITING.replace("SLEEP", "escalation: {role: clerk, priority: 2, description: '{begin.output.data.who}', metadata: {a: 1}},")
    mesh = await start(graphs)
    await mesh.pub("waiting", {"who": "ann"}, job_id="ann")
    table = f"{mesh.node.schema}.escalations"
    row = await admin.fetchrow(f"SELECT role, priority, description, state FROM {table}")
    assert row is not None
    assert tuple(row) == ("clerk", 2, "ann", "pending")
    await mesh.signal("wake", {"who": "ann", "value": 1})
    await mesh.result("ann", timeout=20)
    assert await admin.fetchval(f"SELECT state FROM {table}") == "resolved"


async def test_an_id_is_free_again_after_expiry(start: Start) -> None:
    graphs = WAITING.replace("SLEEP", "sleep: 0.01,").replace("- subscribes: waiting", "- subscribes: waiting\n  expire: 0")
    mesh = await start(graphs)
    for _ in range(3):
        await mesh.pubsub("waiting", {"who": "ann"}, job_id="again")
    assert await mesh.node.jobs.prune() == 3


async def test_a_throttled_topic_waits_and_a_paused_mesh_pauses(start: Start) -> None:
    calls: list[int] = []

    async def count(task: StreamData) -> Any:
        calls.append(1)
        return await double(task)

    mesh = await start(LOOP, {"double": count}, poll_s=0.05)
    await mesh.throttle(-1)
    job_id = await mesh.pub("looping", {"upto": 0, "n": 1})
    for _ in range(50):
        await mesh.node.streams.next_due([])
    assert calls == [], "a paused mesh did work"
    await mesh.throttle(0)
    await mesh.result(job_id, timeout=20)
    assert len(calls) == 1
    with pytest.raises(ValueError, match="milliseconds from -1"):
        await mesh.throttle(-2)


async def test_the_roll_is_called(start: Start, dsn: str) -> None:
    mesh = await start(LOOP, {"double": double})
    async with HotMesh(app_id=mesh.app_id, engine={"connection": dsn}) as other:
        profiles = await other.roll_call(delay_s=5)
        assert {profile["guid"] for profile in profiles} == {mesh.guid, other.guid}
        assert await other.activate("1", delay_s=5) is True


async def test_a_version_is_pinned_while_a_new_one_is_deployed(start: Start) -> None:
    mesh = await start(WAITING.replace("SLEEP", ""))
    await mesh.pub("waiting", {"who": "ann"}, job_id="old")
    graphs = WAITING.replace("SLEEP", "").replace("timer: '{$self.hook.data.timestamp}'", "version: 2")
    await mesh.deploy(f"app:\n  id: {mesh.app_id}\n  version: '2'\n  graphs:\n" + "\n".join(f"    {line}" for line in graphs.splitlines()))
    await mesh.activate("2")
    await mesh.pub("waiting", {"who": "bob"}, job_id="new")
    for who in ("ann", "bob"):
        await mesh.signal("wake", {"who": who, "value": 1})
    assert (await mesh.result("old", timeout=20)).data == {"got": 1}
    assert (await mesh.result("new", timeout=20)).data == {"got": 1, "version": 2}
