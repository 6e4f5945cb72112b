"""Worker roles: a worker under one works, and can do nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from hotmesh import HotMesh, RestrictedWorker, StreamData
from hotmesh.client.restricted import with_credentials
from hotmesh.errors import ConnectionError, RoleError
from hotmesh.store.roles import Credentials

APP = """
app:
  id: {app}
  version: '1'
  graphs:
    - subscribes: task.asked
      activities:
        ask: {{type: trigger}}
        do: {{type: worker, topic: open.topic, retry: {{'500': [2]}}, job: {{maps: {{done: '{{$self.output.data.done}}'}}}}}}
      transitions:
        ask: [{{to: do}}]
    - subscribes: secret.asked
      activities:
        ask: {{type: trigger}}
        do: {{type: worker, topic: secret.topic}}
      transitions:
        ask: [{{to: do}}]
"""


@pytest.fixture
async def mesh(dsn: str, app_id: str) -> AsyncIterator[HotMesh]:
    """An engine without workers, with the app active."""
    async with HotMesh(app_id=app_id, engine={"connection": dsn}) as mesh:
        await mesh.deploy(APP.format(app=app_id))
        await mesh.activate("1")
        yield mesh


@pytest.fixture
async def credentials(mesh: HotMesh) -> AsyncIterator[Credentials]:
    """A role for open.topic."""
    credentials = await mesh.provision_worker_role(["open.topic"])
    yield credentials
    if any(role.role == credentials.role for role in await mesh.list_worker_roles()):
        await mesh.revoke_worker_role(credentials.role)


async def test_a_worker_under_a_role_works(mesh: HotMesh, credentials: Credentials, dsn: str) -> None:
    async def do(task: StreamData) -> Any:
        return {"done": task.data["n"] * 2}

    workers = [{"topic": "open.topic", "callback": do}]
    async with RestrictedWorker(app_id=mesh.app_id, connection=dsn, credentials=credentials, workers=workers):
        output = await mesh.pubsub("task.asked", {"n": 21}, timeout=20)
    assert output.data == {"done": 42}
    assert await mesh.node.streams.depths() == []


async def test_its_errors_are_tried_again(mesh: HotMesh, credentials: Credentials, dsn: str) -> None:
    attempts: list[int] = []

    async def do(task: StreamData) -> Any:
        attempts.append(task.metadata.attempt)
        if len(attempts) < 3:
            raise RuntimeError("not yet")
        return {"done": True}

    workers = [{"topic": "open.topic", "callback": do}]
    async with RestrictedWorker(app_id=mesh.app_id, connection=dsn, credentials=credentials, workers=workers, poll_s=0.05):
        output = await mesh.pubsub("task.asked", {}, timeout=20)
    assert output.data == {"done": True}
    assert attempts == [1, 2, 3]


ESCAPES = [
    "SELECT * FROM {schema}.jobs",
    "SELECT * FROM {schema}.jobs_attributes",
    "SELECT * FROM {schema}.worker_streams",
    "SELECT * FROM {schema}.worker_roles",
    "UPDATE {schema}.worker_streams SET visible_at = NULL",
    "DELETE FROM {schema}.engine_streams",
    "INSERT INTO {schema}.engine_streams (id, kind) VALUES (gen_random_uuid(), 'start')",
    "SELECT hotmesh.pub('{app}', 'task.asked', '{{}}')",
    "SELECT hotmesh.signal('{app}', 'x', '{{}}')",
    "SELECT {schema}.claim_tasks('me', 30, ARRAY['secret.topic'], ARRAY[1], 7)",
    "SELECT {schema}.claim_messages('me', 30, 1, 7)",
    "SELECT {schema}.load_jobs(ARRAY[]::uuid[])",
    "SELECT {schema}.send_signal(gen_random_uuid(), 'x', ARRAY['y'], '{{}}', true, NULL, false, 1)",
    "SELECT {schema}.provision_worker_role('other', 'pw', ARRAY['secret.topic'])",
    "SELECT {schema}.revoke_worker_role('other')",
    "SELECT {schema}.worker_topics()",
    "SELECT * FROM {schema}.worker_claim('me', 30, ARRAY['secret.topic'], ARRAY[1])",
    "SELECT * FROM {schema}.worker_claim('me', 30, ARRAY['open.topic', 'secret.topic'], ARRAY[1, 1])",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION {owner}",
    "CREATE FUNCTION {schema}.worker_topics(text) RETURNS text[] LANGUAGE sql AS 'SELECT NULL::text[]'",
    "CREATE TABLE {schema}.x (i int)",
    "CREATE SCHEMA mine",
    "ALTER ROLE {role} SUPERUSER",
    "COPY {schema}.jobs TO STDOUT",
]


@pytest.mark.parametrize("escape", ESCAPES)
async def test_it_can_not_leave_its_cage(mesh: HotMesh, credentials: Credentials, dsn: str, admin: asyncpg.Connection, escape: str) -> None:
    owner = await admin.fetchval("SELECT current_user")
    statement = escape.format(schema=mesh.node.schema, app=mesh.app_id, role=credentials.role, owner=owner)
    connection = await asyncpg.connect(with_credentials(dsn, credentials))
    try:
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_it_can_not_touch_the_tasks_of_others(mesh: HotMesh, credentials: Credentials, dsn: str, admin: asyncpg.Connection) -> None:
    await mesh.pub("secret.asked", {})
    schema = mesh.node.schema
    task_id = await admin.fetchval(f"UPDATE {schema}.worker_streams SET token = 7, visible_at = now() + '1 hour' RETURNING id")
    connection = await asyncpg.connect(with_credentials(dsn, credentials))
    try:
        await connection.execute("SET hotmesh.clock_offset = '100 years'")
        await connection.execute("SET search_path = pg_temp, public")
        answered = await connection.fetchval(f'SELECT {schema}.worker_answer($1, 7, \'{{"status": "success", "code": 200}}\')', task_id)
        renewed = await connection.fetch(f"SELECT {schema}.worker_renew(60, $1, $2)", [task_id], [7])
        await connection.execute(f"SELECT {schema}.worker_give_back($1, $2)", [task_id], [7])
    finally:
        await connection.close()
    assert answered is False, "a forged answer to another topic's task was taken"
    assert renewed == [], "a lease on another topic's task was renewed"
    assert await admin.fetchval(f"SELECT token FROM {schema}.worker_streams") == 7, "another topic's task was given back"


async def test_a_forged_token_is_refused_and_the_clock_can_not_be_moved(
    mesh: HotMesh, credentials: Credentials, dsn: str, admin: asyncpg.Connection
) -> None:
    await mesh.pub("task.asked", {})
    schema = mesh.node.schema
    task_id = await admin.fetchval(f"UPDATE {schema}.worker_streams SET token = 7, visible_at = now() + '1 hour' RETURNING id")
    connection = await asyncpg.connect(with_credentials(dsn, credentials))
    try:
        await connection.execute("SET hotmesh.clock_offset = '100 years'")
        claimed = await connection.fetch(f"SELECT * FROM {schema}.worker_claim('me', 30, ARRAY['open.topic'], ARRAY[9])")
        answered = await connection.fetchval(f"SELECT {schema}.worker_answer($1, 8, '{{}}')", task_id)
    finally:
        await connection.close()
    assert claimed == [], "a leased task was claimed by moving the clock"
    assert answered is False, "an answer under a forged token was taken"


async def test_garbage_from_a_role_fails_its_own_activity_only(
    mesh: HotMesh, credentials: Credentials, dsn: str, admin: asyncpg.Connection
) -> None:
    schema = mesh.node.schema
    job_id = await mesh.pub("task.asked", {})
    connection = await asyncpg.connect(with_credentials(dsn, credentials))
    try:
        rows = await connection.fetch(f"SELECT * FROM {schema}.worker_claim('me', 30, ARRAY['open.topic'], ARRAY[9])")
        assert await connection.fetchval(f"SELECT {schema}.worker_answer($1, $2, '[1, 2]')", rows[0]["id"], rows[0]["token"])
    finally:
        await connection.close()
    with pytest.raises(Exception, match="the worker's answer is none"):
        await asyncio.wait_for(mesh.result(job_id), 20)


async def test_rotate_and_revoke(mesh: HotMesh, credentials: Credentials, dsn: str) -> None:
    fresh = await mesh.rotate_worker_password(credentials.role)
    assert fresh.password != credentials.password
    assert [role.role for role in await mesh.list_worker_roles()] == [credentials.role]
    await mesh.revoke_worker_role(credentials.role)
    assert await mesh.list_worker_roles() == []
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await asyncpg.connect(with_credentials(dsn, fresh))


async def test_what_is_no_worker_role_is_refused_by_name(mesh: HotMesh, dsn: str, admin: asyncpg.Connection) -> None:
    with pytest.raises(RoleError, match="'nobody' is no worker role"):
        await mesh.revoke_worker_role("nobody")
    with pytest.raises(RoleError, match="'nobody' is no worker role"):
        await mesh.rotate_worker_password("nobody")
    with pytest.raises(RoleError, match="exists and is no worker role"):
        await mesh.provision_worker_role(["x"], name=await admin.fetchval("SELECT current_user"))
    nobody = Credentials("nobody", "wrong", ("x",))
    with pytest.raises(ConnectionError):
        await RestrictedWorker(app_id=mesh.app_id, connection=dsn, credentials=nobody, workers=[]).start()
