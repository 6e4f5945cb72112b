"""`tx=`: a job starts, a signal goes out, if and only if the caller's transaction commits; the same from SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from hotmesh import DuplicateJobError, HotMesh, JobNotFound
from hotmesh.errors import ConnectionError

APP = """
app:
  id: {app}
  version: '1'
  graphs:
    - subscribes: order.placed
      input: {{schema: {{type: object, properties: {{n: {{type: integer}}}}}}}}
      activities:
        placed: {{type: trigger}}
        paid: {{type: hook, job: {{maps: {{paid: '{{$self.hook.data.amount}}'}}}}}}
      transitions:
        placed: [{{to: paid}}]
      hooks:
        payment:
          - to: paid
            conditions: {{match: [{{expected: '{{$job.metadata.jid}}', actual: '{{$hook.data.order}}'}}]}}
"""


@pytest.fixture
async def mesh(dsn: str, app_id: str) -> AsyncIterator[HotMesh]:
    """A mesh with the app active; it polls too rarely to help."""
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, poll_s=60) as mesh:
        await mesh.deploy(APP.format(app=app_id))
        await mesh.activate("1")
        yield mesh


class Undone(Exception):
    """Rolls a transaction back."""


async def in_asyncpg(dsn: str, work: Any) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await work(connection)
    finally:
        await connection.close()


async def in_psycopg_async(dsn: str, work: Any) -> None:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await work(connection)


async def in_psycopg(dsn: str, work: Any) -> None:
    with psycopg.connect(dsn) as connection:
        await work(connection)


async def in_sqlalchemy_asyncpg(dsn: str, work: Any) -> None:
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://"))
    try:
        async with engine.begin() as connection:
            await work(connection)
    finally:
        await engine.dispose()


async def in_sqlalchemy_session(dsn: str, work: Any) -> None:
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+psycopg://"))
    try:
        async with AsyncSession(engine) as session, session.begin():
            await work(session)
    finally:
        await engine.dispose()


async def in_sqlalchemy_sync(dsn: str, work: Any) -> None:
    engine = create_engine(dsn.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with Session(engine) as session, session.begin():
            await work(session)
    finally:
        engine.dispose()


DRIVERS = [in_asyncpg, in_psycopg_async, in_psycopg, in_sqlalchemy_asyncpg, in_sqlalchemy_session, in_sqlalchemy_sync]


@pytest.mark.parametrize("driver", DRIVERS)
async def test_what_commits_happens_and_what_rolls_back_does_not(mesh: HotMesh, dsn: str, driver: Any) -> None:
    async def start(tx: Any) -> None:
        assert await mesh.pub("order.placed", {"n": 1}, job_id="kept", tx=tx) == "kept"
        with pytest.raises(JobNotFound):
            await mesh.get_status("kept")

    await driver(dsn, start)
    assert await mesh.get_status("kept") == 1

    async def undo(tx: Any) -> None:
        await mesh.pub("order.placed", {"n": 1}, job_id="undone", tx=tx)
        await mesh.signal("payment", {"order": "kept", "amount": 1}, tx=tx)
        raise Undone

    with pytest.raises(Undone):
        await driver(dsn, undo)
    with pytest.raises(JobNotFound):
        await mesh.get_status("undone")
    assert await mesh.get_status("kept") == 1, "a signal that was rolled back was delivered"

    async def pay(tx: Any) -> None:
        await mesh.signal("payment", {"order": "kept", "amount": 5}, tx=tx)

    await driver(dsn, pay)
    assert (await mesh.result("kept", timeout=20)).data == {"paid": 5}


@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_duplicate_leaves_the_transaction_usable(mesh: HotMesh, dsn: str, driver: Any) -> None:
    await mesh.pub("order.placed", {"n": 1}, job_id="first")

    async def start_twice(tx: Any) -> None:
        with pytest.raises(DuplicateJobError, match="'first' is alive already"):
            await mesh.pub("order.placed", {"n": 1}, job_id="first", tx=tx)
        await mesh.pub("order.placed", {"n": 1}, job_id="second", tx=tx)

    await driver(dsn, start_twice)
    assert await mesh.get_status("second") == 1


async def test_a_connection_outside_a_transaction_is_refused(mesh: HotMesh, admin: asyncpg.Connection) -> None:
    with pytest.raises(ConnectionError, match="not in a transaction"):
        await mesh.pub("order.placed", {}, tx=admin)
    with pytest.raises(TypeError, match="asyncpg, psycopg or SQLAlchemy"):
        await mesh.pub("order.placed", {}, tx="no connection")


async def test_a_job_starts_and_is_signalled_from_sql(mesh: HotMesh, admin: asyncpg.Connection) -> None:
    heard: list[Any] = []
    async with admin.transaction():
        job_id = await admin.fetchval("SELECT hotmesh.pub($1, 'order.placed', '{\"n\": 1}', 'from-sql')", mesh.app_id)
        heard.append(job_id)
    await admin.fetchval("SELECT hotmesh.signal($1, 'payment', $2)", mesh.app_id, '{"order": "from-sql", "amount": 7}')
    output = await _result(mesh, job_id)
    assert heard == ["from-sql"]
    assert output.data == {"paid": 7}
    state = await admin.fetchval(f"SELECT state FROM {mesh.node.schema}.job_status WHERE job_key = 'from-sql'")
    timeline = await admin.fetch(f"SELECT activity, dimension, state, attempts FROM {mesh.node.schema}.job_timeline")
    assert state == "completed"
    assert [tuple(row) for row in timeline] == [("placed", ",0", "success", 1), ("paid", ",0,0", "success", 1)]
    assert await admin.fetch(f"SELECT * FROM {mesh.node.schema}.queue_depth") == []


async def test_a_signal_from_sql_that_can_not_be_kept_is_a_dead_letter(mesh: HotMesh, admin: asyncpg.Connection) -> None:
    await admin.fetchval("SELECT hotmesh.signal($1, 'payment', $2)", mesh.app_id, '{"order": "x", "$expire": "soon"}')
    while not (letters := await mesh.views.dead()):
        await mesh.node.streams.next_due([])
    assert (letters[0].error["code"], letters[0].error["message"].endswith("nothing was sent.")) == (422, True)
    assert await admin.fetch(f"SELECT kind FROM {mesh.node.schema}.engine_streams") == []


async def _result(mesh: HotMesh, job_id: str) -> Any:
    """The result of a job that an engine has yet to start."""
    while True:
        try:
            return await mesh.result(job_id, timeout=20)
        except JobNotFound:
            await mesh.node.streams.next_due([])


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("SELECT hotmesh.pub('nowhere', 'order.placed')", "there is no app nowhere; there is"),
        ("SELECT hotmesh.pub('{app}', 'order.lost')", "no graph of the active version of {app} subscribes to order.lost"),
        ("SELECT hotmesh.pub('{app}', 'order.placed', '{{}}', 'taken')", "a job with the id taken is alive already"),
        ("SELECT hotmesh.signal('nowhere', 'payment')", "there is no app nowhere"),
    ],
)
async def test_sql_says_what_is_wrong(mesh: HotMesh, admin: asyncpg.Connection, statement: str, complaint: str) -> None:
    await mesh.pub("order.placed", {"n": 1}, job_id="taken")
    with pytest.raises(asyncpg.PostgresError, match=complaint.format(app=mesh.app_id)):
        await admin.fetchval(statement.format(app=mesh.app_id))


async def test_a_start_from_sql_that_does_not_fit_is_a_dead_letter(mesh: HotMesh, admin: asyncpg.Connection) -> None:
    schema = mesh.node.schema
    await admin.fetchval("SELECT hotmesh.pub($1, 'order.placed', '{\"n\": \"five\"}', 'o-5')", mesh.app_id)
    while not (letters := await admin.fetch(f"SELECT error ->> 'message' FROM {schema}.dead_letters")):
        await mesh.node.streams.next_due([])
    assert letters[0][0] == "the job o-5 can't be started: order.placed does not take this payload: n: 'five' is not of type 'integer'"
