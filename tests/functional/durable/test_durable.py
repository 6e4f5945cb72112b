"""Durable on a real Postgres: what a user calls and what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from hotmesh import DuplicateJobError, Durable, JobNotFound, JobTimeout
from hotmesh.errors import SerializationError
from hotmesh.values import UNDEFINED
from tests.functional.durable import workflows as flows
from tests.functional.durable.workflows import ACTIVITIES, QUEUE, WORKFLOWS, Order


@pytest.fixture
async def client(dsn: str, app_id: str) -> AsyncIterator[Durable.Client]:
    async with Durable.Client(dsn, namespace=app_id) as client:
        yield client


@pytest.fixture(params=["resident", "evicted", "elsewhere"])
async def worker(request: pytest.FixtureRequest, dsn: str, client: Durable.Client) -> AsyncIterator[Durable.Worker]:
    """A worker that keeps suspended functions, one that throws them away after every commit, and one on a mesh of its own."""
    options: dict[str, Any] = {"task_queue": QUEUE, "workflows": WORKFLOWS, "activities": ACTIVITIES}
    if request.param == "elsewhere":
        options["poll_s"] = 0.5
    async with Durable.Worker(client, sticky=request.param != "evicted", **options) as worker:
        yield worker


async def run(client: Durable.Client, workflow: Callable[..., Any], *args: Any, **options: Any) -> Any:
    return await client.execute(workflow, *args, task_queue=QUEUE, timeout=30, **options)


@pytest.mark.usefixtures("worker")
async def test_the_example_of_the_docs(client: Durable.Client) -> None:
    handle = await client.workflow.start(flows.order, args=["item-123", 5], task_queue=QUEUE, workflow_id="order-456")
    assert await handle.result(30) == "backordered"
    assert await run(client, flows.order, "item-123", 1) == "reserved"
    assert await handle.status() == 0
    assert (await handle.state())["result"] == "backordered"


@pytest.mark.usefixtures("worker")
async def test_values_keep_their_types_on_both_sides(client: Durable.Client) -> None:
    given = Order(UUID(int=7), Decimal("1.10"), datetime(2030, 1, 1, tzinfo=UTC), [("a", 1)])
    got = await run(client, flows.typed, given)
    assert got == Order(UUID(int=7), Decimal("2.20"), datetime(2030, 1, 1, tzinfo=UTC), [("a", 1), ("reserved", 1)])


async def test_what_has_no_json_is_named_at_the_call(client: Durable.Client) -> None:
    with pytest.raises(SerializationError, match=r"order\(item\).when\[0\] is a object"):
        await client.workflow.start(flows.order, args=[{"when": [object()]}, 1], task_queue=QUEUE)


@pytest.mark.usefixtures("worker")
async def test_fan_out(client: Durable.Client) -> None:
    assert await run(client, flows.fan, 300) == 900


@pytest.mark.usefixtures("worker")
async def test_children(client: Durable.Client) -> None:
    assert await run(client, flows.parent, 20) == ["reserved"] * 20


@pytest.mark.usefixtures("worker")
async def test_signals_reach_one_job_early_and_late(client: Durable.Client) -> None:
    first, second = [await client.start(flows.waits, id=name, task_queue=QUEUE) for name in ("a", "b")]
    await second.signal("go", {"for": "b"})
    await client.workflow.signal("go", {"for": "a"}, workflow_id="a")
    assert [await first.result(30), await second.result(30)] == [{"for": "a"}, {"for": "b"}]
    early = await client.workflow.signal_with_start(flows.waits, workflow_id="c", signal_id="go", data=1, task_queue=QUEUE)
    assert await early.result(30) == 1


@pytest.mark.usefixtures("worker")
async def test_updates_and_queries(client: Durable.Client) -> None:
    handle = await client.start(flows.counter, task_queue=QUEUE)
    assert await handle.update("add", 1) == 4
    assert await handle.update("add", 10) == 17
    assert await handle.query("peek") == 17
    with pytest.raises(Durable.WorkflowError, match="has no query 'poke'; it has peek"):
        await handle.query("poke")
    await handle.signal("done")
    assert await handle.result(30) == 17
    with pytest.raises(Exception, match="has ended"):
        await handle.update("add", 1)


@pytest.mark.usefixtures("worker")
async def test_cancel_terminate_and_time_limits(client: Durable.Client) -> None:
    asked = await client.start(flows.cancellable, task_queue=QUEUE)
    await asked.cancel()
    assert await asked.result(30) == "cleaned"
    ended = await client.start(flows.waits, task_queue=QUEUE)
    await ended.terminate("enough")
    with pytest.raises(Durable.WorkflowTerminated, match="enough"):
        await ended.result(30)
    cancelled = await client.start(flows.waits, task_queue=QUEUE)
    await cancelled.cancel("changed my mind")
    with pytest.raises(Durable.WorkflowCancelled, match="changed my mind"):
        await cancelled.result(30)
    limited = await client.start(flows.waits, task_queue=QUEUE, execution_timeout="50ms")
    with pytest.raises(Durable.WorkflowTimeout):
        await limited.result(30)
    with pytest.raises(JobTimeout):
        await (await client.start(flows.waits, id="open", task_queue=QUEUE)).result(0.05)


@pytest.mark.usefixtures("worker")
async def test_errors_keep_their_cause(client: Durable.Client) -> None:
    with pytest.raises(Durable.WorkflowError, match="can't: ValueError") as raised:
        await run(client, flows.failing)
    assert raised.value.type == "RuntimeError"
    assert raised.value.cause["type"] == "ActivityError"
    assert "no such card" in raised.value.cause["message"]


@pytest.mark.usefixtures("worker")
async def test_activities_are_tried_again(client: Durable.Client) -> None:
    assert await run(client, flows.retried) == 3


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("kind", ["start_to_close_timeout", "heartbeat_timeout"])
async def test_activities_that_take_too_long(client: Durable.Client, kind: str) -> None:
    assert kind in await run(client, flows.timing_out, kind)


@pytest.mark.usefixtures("worker")
async def test_activities_that_give_signs_of_life(client: Durable.Client) -> None:
    assert await run(client, flows.heartbeats) == "alive"


@pytest.mark.usefixtures("worker")
async def test_search_fields_and_the_entity_are_rows(client: Durable.Client) -> None:
    handle = await client.start(flows.stored, id="job", task_queue=QUEUE, search={"region": "north"}, entity="thing")
    await handle.query_state(["rounds"])
    found = await client.workflow.search(
        "SELECT j.key, a.value #>> '{}' AS value FROM jobs j JOIN jobs_attributes a ON a.job_id = j.id "
        "WHERE a.symbol = $1 AND j.entity = $2",
        "region",
        "thing",
    )
    assert found == [{"key": "job", "value": "north"}]
    await handle.signal("go")
    assert await handle.result(30) == 2
    assert await handle.query_state(["status", "rounds"]) == {"status": "working", "rounds": 2}
    assert (await handle.state())["entity"] == {"customer": {"city": "Oslo"}}
    assert [each.key for each in (await client.workflow.list("entity:thing")).rows] == ["job"]


@pytest.mark.usefixtures("worker")
async def test_continue_as_new_keeps_the_data_and_drops_the_history(client: Durable.Client, app_id: str, dsn: str) -> None:
    handle = await client.start(flows.forever, id="loop", task_queue=QUEUE)
    assert await handle.result(30) == "rounds 21"
    connection = await asyncpg.connect(dsn)
    try:
        assert await connection.fetchval(f'SELECT count(*) FROM "{app_id}".jobs_attributes WHERE ledger IS NOT NULL') < 10
    finally:
        await connection.close()


@pytest.mark.usefixtures("worker")
async def test_pause_and_resume(client: Durable.Client) -> None:
    handle = await client.start(flows.waits, task_queue=QUEUE)
    await handle.pause()
    await handle.signal("go", 1)
    with pytest.raises(JobTimeout):
        await handle.result(0.1)
    await handle.resume()
    assert await handle.result(30) == 1


@pytest.mark.usefixtures("worker")
async def test_starting_twice(client: Durable.Client) -> None:
    first = await client.start(flows.waits, id="one", task_queue=QUEUE)
    with pytest.raises(DuplicateJobError):
        await client.start(flows.waits, id="one", task_queue=QUEUE)
    again = await client.start(flows.waits, id="one", task_queue=QUEUE, on_duplicate="attach")
    await first.signal("go", 1)
    assert [await first.result(30), await again.result(30)] == [1, 1]
    fresh = await client.start(flows.order, "x", 1, id="one", task_queue=QUEUE, on_duplicate="replace_finished")
    assert await fresh.result(30) == "reserved"


@pytest.mark.usefixtures("worker")
async def test_starting_in_the_callers_transaction(client: Durable.Client, dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        rolled_back = connection.transaction()
        await rolled_back.start()
        await client.start(flows.order, "x", 1, id="never", task_queue=QUEUE, tx=connection)
        await rolled_back.rollback()
        async with connection.transaction():
            handle = await client.start(flows.order, "x", 1, id="surely", task_queue=QUEUE, tx=connection)
    finally:
        await connection.close()
    assert await handle.result(30) == "reserved"
    with pytest.raises(JobNotFound):
        await client.workflow.get_handle(QUEUE, flows.order, "never")


@pytest.mark.usefixtures("worker")
async def test_the_history_as_events(client: Durable.Client) -> None:
    handle = await client.start(flows.order, "x", 5, task_queue=QUEUE)
    await handle.result(30)
    events: Any = await handle.export_execution()
    assert [event["type"] for event in events] == [
        "WorkflowExecutionStarted",
        "ActivityTaskScheduled",
        "ActivityTaskCompleted",
        "TimerStarted",
        "TimerFired",
        "WorkflowExecutionCompleted",
    ]
    verbose: Any = await handle.export_execution("verbose")
    assert verbose[2]["result"] == 3
    assert (await handle.export(allow=["data"])).data == {"result": "backordered"}


@pytest.mark.usefixtures("worker")
async def test_the_history_tells_of_children_requests_and_data(client: Durable.Client) -> None:
    handle = await client.start(flows.eventful, "x", id="eventful", task_queue=QUEUE, search={"region": "north"})
    assert await handle.update("change", "red") == "red"
    await handle.signal("go", {"said": 1})
    assert await handle.result(30) == ["reserved", {"said": 1}, "nothing"]
    events: Any = await handle.export_execution()
    steps = [(each["type"], each.get("name"), each.get("scheduled_event_id")) for each in events if "Update" not in each["type"]]
    assert steps == [
        ("WorkflowExecutionStarted", None, None),
        ("ActivityTaskScheduled", "attempted", None),
        ("ActivityTaskCompleted", "attempted", events[1]["event_id"]),
        ("MarkerRecorded", "better", None),
        ("WorkflowPropertiesModified", None, None),
        ("ChildWorkflowExecutionStarted", "order", None),
        ("ChildWorkflowExecutionCompleted", "order", _id_of(events, "ChildWorkflowExecutionStarted")),
        ("SignalAwaited", "go", None),
        ("WorkflowExecutionSignaled", "go", _id_of(events, "SignalAwaited")),
        ("SignalAwaited", "never", None),
        ("SignalTimedOut", "never", _id_of(events, "SignalAwaited", 1)),
        ("WorkflowExecutionCompleted", None, None),
    ]
    assert [each["event_id"] for each in events] == list(range(1, len(events) + 1))
    assert next(each for each in events if each["type"] == "ActivityTaskCompleted")["attempts"] == 3
    verbose: Any = await handle.export_execution("verbose")
    by_type = {each["type"]: each for each in verbose}
    assert by_type["WorkflowExecutionStarted"]["attributes"]["args"] == ["x"]
    assert by_type["WorkflowExecutionUpdateAccepted"]["attributes"] == {"args": ["red"]}
    assert by_type["WorkflowExecutionUpdateCompleted"]["result"] == "red"
    assert by_type["WorkflowExecutionSignaled"]["result"] == {"data": {"said": 1}}
    child = by_type["ChildWorkflowExecutionStarted"]
    assert child["workflow_id"] == by_type["ChildWorkflowExecutionCompleted"]["workflow_id"] == f"eventful/{child['operation']}"
    assert [each["type"] for each in child["history"]][-1] == "WorkflowExecutionCompleted"
    assert by_type["WorkflowExecutionCompleted"]["result"] == ["reserved", {"said": 1}, "nothing"]
    with pytest.raises(ValueError, match="mode is sparse or verbose, not 'long'"):
        await handle.export_execution("long")  # type: ignore[arg-type]


def _id_of(events: list[Any], kind: str, number: int = 0) -> Any:
    return [each["event_id"] for each in events if each["type"] == kind][number]


@pytest.mark.usefixtures("worker")
async def test_sections_can_be_chosen(client: Durable.Client) -> None:
    handle = await client.start(flows.order, "x", 1, task_queue=QUEUE)
    await handle.result(30)
    whole = await handle.export()
    assert whole.status == 0
    assert whole.data == {"result": "reserved"}
    assert whole.state["metadata"]["state"] == "completed"
    assert {each["activity"] for each in whole.timeline} >= {"start", "run", "activity"}
    assert {(each["from"], each["to"]) for each in whole.transitions} >= {("start", "page"), ("page", "run"), ("run", "activity")}
    assert whole.timeline[0]["output"]["name"] == "order"
    bare = await handle.export(allow=["timeline", "status"], values=False)
    assert bare.data is UNDEFINED
    assert "output" not in bare.timeline[0]
    assert (await handle.export(block=["data", "state"])).state is UNDEFINED
    with pytest.raises(ValueError, match="nonsense"):
        await handle.export(allow=["nonsense"])


@pytest.mark.usefixtures("worker")
async def test_people_answer_escalations(client: Durable.Client) -> None:
    handle = await client.start(flows.approving, id="form", task_queue=QUEUE)
    await handle.signal("approve", {"ok": True})
    assert await handle.result(30) == {"ok": True}
    rows = await client.workflow.search("SELECT role, type, description, state FROM escalations")
    assert rows == [{"role": "manager", "type": "approval", "description": "sign here", "state": "resolved"}]


async def test_a_worker_without_the_workflow_has_it_wait_for_one_that_knows_it(client: Durable.Client) -> None:
    async with Durable.Worker(client, task_queue=QUEUE, workflows=[flows.waits]):
        handle = await client.start("order", "x", 1, id="unknown", task_queue=QUEUE)
        with pytest.raises(JobTimeout):
            await handle.result(0.2)
    async with Durable.Worker(client, task_queue=QUEUE, workflows=[flows.order], activities=ACTIVITIES):
        assert await handle.result(30) == "reserved"


async def test_interceptors_go_around_everything(client: Durable.Client) -> None:
    seen: list[str] = []

    async def inbound(call: Durable.InboundCall, proceed: Any) -> Any:
        seen.append(f"> {call.name}{call.args}")
        result = await proceed(call)
        seen.append(f"< {result}")
        return result

    async def outbound(call: Durable.OutboundCall, proceed: Any) -> Any:
        seen.append(f"call {call.name}")
        return await proceed(call)

    async def activity(call: Durable.ActivityCall, proceed: Any) -> Any:
        seen.append(f"run {call.name}{call.args}")
        return await proceed(call)

    interceptors = Durable.Interceptors([inbound], [outbound], [activity])
    async with Durable.Worker(client, task_queue=QUEUE, workflows=flows.order, activities=ACTIVITIES, interceptors=interceptors):
        assert await run(client, flows.order, "x", 1) == "reserved"
    assert seen == ["> order('x', 1)", "call check_inventory", "run check_inventory('x',)", "< reserved"]


async def test_a_transactional_activity_and_its_step_are_one(client: Durable.Client, admin: asyncpg.Connection) -> None:
    await admin.execute("DROP TABLE IF EXISTS public.effects; CREATE TABLE public.effects (guid text PRIMARY KEY, key text)")

    async def workflow() -> str:
        return await flows.stamp_within("once")

    async with Durable.Worker(client, task_queue=QUEUE, workflows=workflow, activities=[flows.stamp_within]):
        assert await run(client, workflow) == "once"
    assert await admin.fetchval("SELECT count(*) FROM public.effects") == 1


async def test_workers_of_activities_alone(client: Durable.Client, dsn: str, app_id: str) -> None:
    async with Durable.Worker(client, task_queue=QUEUE, workflows=flows.fan):
        worker = await Durable.register_activity_worker({"connection": dsn, "namespace": app_id, "poll_s": 0.2}, ACTIVITIES, QUEUE)
        assert await run(client, flows.fan, 20) == 60
        await worker.stop()


async def test_two_functions_of_one_name_are_an_error(client: Durable.Client) -> None:
    async def order() -> None:
        pass

    with pytest.raises(ValueError, match="two workflows are named 'order'"):
        Durable.Worker(client, task_queue=QUEUE, workflows=[flows.order, order])


@pytest.mark.usefixtures("worker")
async def test_many_at_once(client: Durable.Client) -> None:
    results = await asyncio.gather(*(run(client, flows.order, str(n), n % 5) for n in range(200)))
    assert results == ["reserved" if n % 5 <= 3 else "backordered" for n in range(200)]
