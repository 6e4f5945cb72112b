"""With a codec no payload of a workflow can be read in any table, and everything works as without."""

from __future__ import annotations

import asyncio
import base64
import zlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from hotmesh import Durable
from hotmesh.errors import JobTimeout

w = Durable.workflow
QUEUE = "orders"
SECRET = "sesame"


class Compressed:
    """Unreadable enough for a test."""

    def encode(self, text: str) -> str:
        return base64.b85encode(zlib.compress(text.encode())).decode()

    def decode(self, text: str) -> str:
        return zlib.decompress(base64.b85decode(text)).decode()


@pytest.fixture(autouse=True)
def codec() -> Any:
    Durable.register_codec(Compressed())
    yield
    Durable.register_codec(None)


async def work(value: dict[str, str]) -> dict[str, str]:
    context = Durable.activity.get_context()
    context.heartbeat({"seen": SECRET, **({"before": context.heartbeat_details} if context.attempt > 1 else {})})
    if context.attempt == 1:
        raise ValueError(f"{SECRET} once")
    assert context.heartbeat_details == {"seen": SECRET}
    assert context.headers == {"tenant": SECRET}
    return {"worked": value["is"]}


act: Any = w.proxy_activities({"work": work}, retry={"maximum_attempts": 2, "initial_interval": "1ms"}, headers={"tenant": SECRET})


async def everything(value: str) -> list[Any]:
    @Durable.update
    async def change(to: str) -> str:
        await w.search().set("colour", to)
        return f"{to} {value}"

    @Durable.query
    def look() -> str:
        return value

    await w.search().set("note", value)
    await w.entity().set({"owner": value})
    worked = await act.work({"is": value})
    heard = await w.condition("go")
    signed = await w.condition("sign", escalation={"role": "manager", "description": "sign here", "metadata": {"sum": value}})
    child = await w.execute_child(inner, [value])
    await w.signal("elsewhere", value)
    return [worked, heard, signed, child]


async def inner(value: str) -> str:
    await w.sleep("1ms")
    return f"inner {value}"


async def failing(value: str) -> None:
    raise RuntimeError(f"it is {value}")


@pytest.fixture
async def client(dsn: str, app_id: str) -> AsyncIterator[Durable.Client]:
    async with Durable.Client(dsn, namespace=app_id) as client, Durable.Worker(
        client, task_queue=QUEUE, workflows=[everything, inner, failing], activities=[work], sticky=False
    ):  # fmt: skip
        yield client


async def readable(admin: asyncpg.Connection, app_id: str) -> list[str]:
    """Every row of the app in which the secret can be read."""
    tables = await admin.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", app_id)
    assert len(tables) > 8
    found = []
    for (table,) in tables:
        rows = await admin.fetch(
            f'SELECT row_to_json(t)::text FROM "{app_id}"."{table}" t WHERE row_to_json(t)::text LIKE $1', f"%{SECRET}%"
        )
        found += [f"{table}: {row[0]}" for row in rows]
    return found


async def escalated(client: Durable.Client) -> str:
    while not (rows := await client.workflow.search("SELECT id FROM escalations")):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return str(rows[0]["id"])


async def test_nothing_can_be_read_in_any_table(client: Durable.Client, admin: asyncpg.Connection, app_id: str) -> None:
    handle = await client.start(everything, SECRET, id="job", task_queue=QUEUE, search={"region": SECRET})
    assert await handle.query("look") == SECRET
    assert await handle.update("change", f"red {SECRET}") == f"red {SECRET} {SECRET}"
    await client.workflow.signal("go", {"said": SECRET}, workflow_id="job")
    await escalated(client)
    assert await readable(admin, app_id) == []
    await handle.signal("sign", {"signed": SECRET})
    assert await handle.result(30) == [{"worked": SECRET}, {"said": SECRET}, {"signed": SECRET}, f"inner {SECRET}"]
    assert await readable(admin, app_id) == []
    state = await handle.state()
    assert (state["note"], state["entity"], state["region"], state["colour"]) == (SECRET, {"owner": SECRET}, SECRET, f"red {SECRET}")
    events: Any = await handle.export_execution("verbose")
    assert any(event.get("result") == {"worked": SECRET} for event in events)


async def test_errors_can_not_be_read_either(client: Durable.Client, admin: asyncpg.Connection, app_id: str) -> None:
    with pytest.raises(Durable.WorkflowError, match=f"it is {SECRET}"):
        await client.execute(failing, SECRET, task_queue=QUEUE, timeout=30)
    assert await readable(admin, app_id) == []


async def test_what_paused_a_job_can_not_be_read_in_its_row(client: Durable.Client, admin: asyncpg.Connection, app_id: str) -> None:
    def version(text: str) -> Any:
        async def changing() -> Any:
            return await asyncio.gather(w.condition("go"), w.execute_child(inner, [text]))

        return changing

    async with Durable.Worker(client, task_queue="other", workflows=[version(SECRET)]):
        handle = await client.start("changing", id="changing", task_queue="other")
        with pytest.raises(JobTimeout):
            await handle.result(0.2)
    async with Durable.Worker(client, task_queue="other", workflows=[version(f"{SECRET} too")]):
        await handle.signal("go", 1)
        with pytest.raises(JobTimeout, match=f"NonDeterminismError: .*(?s:.*)\\+.*{SECRET} too"):
            await handle.result(1)
        assert await readable(admin, app_id) == []
    async with Durable.Worker(client, task_queue="other", workflows=[version(SECRET), inner]):
        assert await handle.result(30) == [1, f"inner {SECRET}"]
