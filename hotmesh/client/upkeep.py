"""Looking after a database: bringing tables up to date, deleting what has expired, finding what is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Literal, NamedTuple

import asyncpg

from hotmesh.client.observer import Observer
from hotmesh.errors import HotMeshError
from hotmesh.store.checkup import Checkup
from hotmesh.store.jobs import Jobs
from hotmesh.store.migrate import migrate, schema_of, script

COUNTED = 10_000
"""Jobs are counted up to here, and estimated beyond."""

Verdict = Literal["good", "note", "bad"]


class Finding(NamedTuple):
    """One thing that was looked at: what it is, how it stands, and what to do when it isn't good."""

    what: str
    verdict: Verdict
    told: str


def migration_script(app_id: str) -> str:
    """All migrations as one SQL script, for people whose DBA runs it. Raises SchemaError for an id that can't be."""
    return script(app_id)


async def bring_up_to_date(observer: Observer, app_id: str) -> int:
    """Create or migrate an app's tables; how many migrations ran. Raises ConnectionError, SchemaError."""
    async with observer.pool.acquire() as connection:
        return await migrate(connection, app_id)


async def prune(observer: Observer, app_id: str, older_than_s: float, progress: Callable[[int], None]) -> int:
    """Delete the jobs of an app that expired more than `older_than_s` seconds ago; how many. `progress` hears the count so far."""
    await observer.app(app_id)
    return await Jobs(observer.pool, schema_of(app_id)).prune(older_than_s=older_than_s, progress=progress)


async def examine(observer: Observer) -> AsyncIterator[Finding]:
    """Look at the server, the role's rights, and every app."""
    checkup = Checkup(observer.pool)
    server = await checkup.server()
    yield Finding("server", "good", f"PostgreSQL {server.version}, database {server.database}, role {server.role}")
    yield _rights(server.may_create)
    yield _connections(server.connections, server.max_connections)
    yield _commits(server.synchronous_commit, server.fsync)
    for app_id in await observer.app_ids():
        async for finding in _app(observer, checkup, app_id):
            yield finding


def _rights(may_create: bool) -> Finding:
    if may_create:
        return Finding("rights", "good", "the role may create schemas for new apps")
    told = "the role may not create schemas; a DBA runs the output of `hotmesh db migrate --app ID --dump-sql` for new apps"
    return Finding("rights", "note", told)


def _connections(used: int, most: int) -> Finding:
    told = f"{used} of {most} are in use"
    return Finding("connections", "good" if used < most * 0.8 else "bad", told if used < most * 0.8 else f"{told}: raise max_connections")


def _commits(synchronous_commit: str, fsync: str) -> Finding:
    if fsync == "off":
        return Finding("durability", "bad", "fsync is off: a crash of the server may lose or damage everything; turn it on")
    if synchronous_commit == "off":
        return Finding("durability", "bad", "synchronous_commit is off: a crash of the server loses the latest steps; turn it on")
    return Finding("durability", "good", f"what is committed is kept (synchronous_commit = {synchronous_commit})")


async def _app(observer: Observer, checkup: Checkup, app_id: str) -> AsyncIterator[Finding]:
    schema = schema_of(app_id)
    try:
        missing = await checkup.missing_migrations(app_id)
    except HotMeshError as error:
        yield Finding(app_id, "bad", str(error))
        return
    if missing:
        yield Finding(app_id, "bad", f"{_count(missing, 'migration')} missing: run `hotmesh db migrate --app {app_id}`")
        return
    try:
        health = await checkup.app(schema)
    except asyncpg.InsufficientPrivilegeError as error:
        yield Finding(app_id, "bad", f"the role may not read its tables ({error}); GRANT it the right")
        return
    jobs, processes = _count(health.jobs, "job"), _count(health.members, "live process")
    told = (
        f"{'about ' if health.jobs > COUNTED else ''}{jobs}, {health.size} on disk, active version {health.version or 'none'}, {processes}"
    )
    yield Finding(app_id, "good", told)
    if health.expired:
        yield Finding(
            app_id, "note", f"at least {_count(health.expired, 'expired job')} not deleted yet: run `hotmesh db prune --app {app_id}`"
        )
    if health.waiting and not health.members:
        yield Finding(app_id, "note", f"{_count(health.waiting, 'task or message')} and no process to take any: start `hotmesh worker`")
    if health.late:
        yield Finding(
            app_id,
            "bad",
            f"{_count(health.late, 'task or message')} more than a minute late: is a topic not served, a process stuck, or none there?",
        )
    if health.dead:
        yield Finding(app_id, "note", f"{_count(health.dead, 'dead letter')}: `hotmesh dead --app {app_id}` lists them")


def _count(number: int, noun: str) -> str:
    plural = {"task or message": "tasks or messages", "live process": "live processes"}.get(noun, f"{noun}s")
    return f"{number:,} {noun if number == 1 else plural}"
