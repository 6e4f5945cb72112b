"""Figures that don't vary: commits, rows and WAL per step, plans, rows left behind, memory, the ledger's rules in SQL."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest

from hotmesh import HotMesh
from hotmesh.machine import ledger as digits
from tests.functional.engine.apps import app, graph, running, until
from tests.functional.server import cluster, home_folder

STEPS = 20
CHAIN = graph(
    "chain",
    "{t: {type: trigger}, "
    + ", ".join(f"w{n}: {{type: worker, topic: work, input: {{maps: {{x: '{{t.output.data.x}}'}}}}}}" for n in range(STEPS))
    + "}",
    "{t: [{to: w0}], " + ", ".join(f"w{n}: [{{to: w{n + 1}}}]" for n in range(STEPS - 1)) + "}",
)


FAN = graph(
    "fan",
    "{t: {type: trigger}, w: {type: worker, topic: work, input: {maps: {n: '{$item}'}}}}",
    "{t: [{to: w, foreach: '{t.output.data.items}'}]}",
)


async def echo(task: Any) -> Any:
    return task.data


@pytest.fixture
async def quiet(empty_dsn: str) -> AsyncIterator[tuple[HotMesh, asyncpg.Connection]]:
    """A mesh alone in its database, with everything compiled and prepared, and a connection that looks on."""
    async with running(empty_dsn, "quiet", app("quiet", CHAIN), {"work": echo}, poll_s=600) as mesh:
        admin = await asyncpg.connect(empty_dsn)
        await mesh.pubsub("chain", {"x": "a" * 90})
        yield mesh, admin
        await admin.close()


@pytest.fixture
def own_server() -> Iterator[str]:
    """The address of a server that nobody else writes to: what is written to the log is counted for a whole server."""
    with home_folder() as home:
        server = cluster(home)
        yield server.ensure()
        server.stop()


async def counters(admin: asyncpg.Connection) -> Any:
    """What this database has written so far."""
    return await admin.fetchrow(
        """SELECT sum(n_tup_ins) FILTER (WHERE relname = 'jobs_attributes') AS inserted,
                  sum(n_tup_upd) FILTER (WHERE relname = 'jobs_attributes') AS updated,
                  sum(n_tup_upd) FILTER (WHERE relname = 'jobs') AS jobs,
                  sum(n_tup_ins) FILTER (WHERE relname = 'worker_streams') AS tasks,
                  sum(n_tup_del) FILTER (WHERE relname = 'worker_streams') AS taken,
                  sum(n_tup_ins + n_tup_upd) FILTER (WHERE relname = 'engine_streams') AS messages,
                  pg_current_wal_insert_lsn() - '0/0' AS wal FROM pg_stat_user_tables WHERE schemaname = 'quiet'"""
    )


async def settled(mesh: HotMesh, admin: asyncpg.Connection, tasks: int) -> Any:
    """The counters, once the backends have handed theirs in: at once where they can be told to (PostgreSQL 15), else after ten seconds."""
    if admin.get_server_version().major >= 15:
        async with AsyncExitStack() as connections:
            for _ in range(mesh.node.pool._max_size):
                connection = await connections.enter_async_context(mesh.node.pool.acquire())
                await connection.execute("SELECT pg_stat_force_next_flush()")

    async def look() -> bool:
        return bool((await counters(admin))["taken"] >= tasks)

    await until(look)
    return await counters(admin)


async def test_a_worker_step_costs_one_commit_two_rows_and_a_task(quiet: tuple[HotMesh, asyncpg.Connection]) -> None:
    mesh, admin = quiet
    before = await settled(mesh, admin, STEPS)
    commits = mesh.node.engine.counts.commits
    await mesh.pubsub("chain", {"x": "a" * 90})
    after = await settled(mesh, admin, 2 * STEPS)
    assert mesh.node.engine.counts.commits - commits == STEPS + 1
    used = {name: int(after[name] - before[name]) for name in ("inserted", "updated", "jobs", "tasks", "taken", "messages")}
    assert used == {"inserted": STEPS + 1, "updated": STEPS, "jobs": STEPS, "tasks": STEPS, "taken": STEPS, "messages": 0}


async def test_a_step_within_its_budget_of_wal(own_server: str) -> None:
    admin = await asyncpg.connect(own_server)
    rounds = []
    async with running(own_server, "quiet", app("quiet", CHAIN), {"work": echo}, poll_s=600) as mesh:
        for _ in range(4):
            start = await admin.fetchval("SELECT pg_current_wal_insert_lsn()")
            for _ in range(5):
                await mesh.pubsub("chain", {"x": "a" * 90})
            rounds.append(await admin.fetchval("SELECT pg_current_wal_insert_lsn() - $1::pg_lsn", start) / (5 * STEPS))
    await admin.close()
    assert min(rounds) <= 1_500, f"bytes of WAL per step, whole pages after a checkpoint among them: {rounds}"


FILLER = 20_000
JOBS = 100


async def fill(dsn: str) -> None:
    """Finished jobs and tasks of other topics by the thousand, which no statistics know of."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        f"""ALTER TABLE quiet.jobs SET (autovacuum_enabled = false);
            ALTER TABLE quiet.jobs_attributes SET (autovacuum_enabled = false);
            ALTER TABLE quiet.worker_streams SET (autovacuum_enabled = false);
            INSERT INTO quiet.jobs (id, key, topic, version, status, created_at, updated_at, completed_at)
            SELECT gen_random_uuid(), 'old' || n, 'chain', '1', 0, now(), now(), now() FROM generate_series(1, {FILLER}) n;
            INSERT INTO quiet.jobs_attributes (job_id, symbol, dimension, value)
            SELECT id, 'x', '', '1' FROM quiet.jobs WHERE key LIKE 'old%';
            INSERT INTO quiet.worker_streams (id, topic, job_id, symbol, dimension)
            SELECT gen_random_uuid(), 'other', id, 'w0', ',0,0' FROM quiet.jobs WHERE key LIKE 'old%'"""
    )
    await connection.close()


async def rows_read(admin: asyncpg.Connection) -> int:
    """How many rows and index entries of the app's large tables have been read so far."""
    count: int = await admin.fetchval(
        """SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE schemaname = 'quiet' AND relname = ANY ($1))
                + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = 'quiet' AND relname = ANY ($1))""",
        ["jobs", "jobs_attributes", "worker_streams"],
    )
    return count


@pytest.mark.parametrize("planned", ["when the tables were small", "when nothing was known of the tables"])
async def test_what_a_step_reads_does_not_grow_with_the_tables(
    quiet: tuple[HotMesh, asyncpg.Connection], empty_dsn: str, planned: str
) -> None:
    mesh, admin = quiet

    async def many() -> None:
        await asyncio.gather(*(mesh.pubsub("chain", {"x": "a"}) for _ in range(JOBS)))

    await mesh.node.pool._pool.expire_connections()  # type: ignore[union-attr]
    if planned == "when the tables were small":
        await many()
    await fill(empty_dsn)
    await many()
    taken = (await counters(admin))["taken"]
    before = await rows_read(admin)
    await many()
    await settled(mesh, admin, taken + JOBS * STEPS)
    read = (await rows_read(admin) - before) / (JOBS * STEPS)
    assert read < 20, f"{read:.0f} rows and index entries read per step"


async def test_no_plan_of_the_engines_functions_is_compiled(quiet: tuple[HotMesh, asyncpg.Connection]) -> None:
    """A ruled-out scan has a cost at which a stock Postgres sets JIT going, for 20 ms a call."""
    _, admin = quiet
    rows = await admin.fetch("SELECT proname, proconfig FROM pg_proc WHERE pronamespace = 'quiet'::regnamespace AND proconfig IS NOT NULL")
    steered = {row["proname"]: row["proconfig"] for row in rows if "enable_seqscan=off" in row["proconfig"]}
    assert {"commit_steps", "commit_rare", "claim_tasks", "claim_messages", "load_jobs", "send_signal"} <= steered.keys()
    assert [name for name, settings in steered.items() if "jit=off" not in settings] == []


@pytest.mark.parametrize(
    ("condition", "order", "index"),
    [
        ("topic = 'work' AND visible_at IS NULL", "priority DESC, id", "worker_streams_ready"),
        ("topic = 'work' AND visible_at <= now()", "visible_at", "worker_streams_due"),
        ("topic = ANY ('{work}') AND visible_at <= now() AND claims >= 3", "claims DESC", "worker_streams_suspects"),
    ],
)
async def test_claims_read_an_index_of_what_can_be_claimed(
    quiet: tuple[HotMesh, asyncpg.Connection], condition: str, order: str, index: str
) -> None:
    _, admin = quiet
    await admin.execute(
        """INSERT INTO quiet.worker_streams (id, topic, job_id, symbol, dimension, visible_at)
           SELECT gen_random_uuid(), 'work' || n % 3, gen_random_uuid(), 'w', ',0,0', CASE WHEN n % 2 = 0 THEN now() + interval '1 day' END
           FROM generate_series(1, 20000) n; ANALYZE quiet.worker_streams"""
    )
    plan = await admin.fetch(
        f"EXPLAIN SELECT id FROM quiet.worker_streams WHERE {condition} ORDER BY {order} LIMIT 10 FOR UPDATE SKIP LOCKED"
    )
    text = "\n".join(row[0] for row in plan)
    assert f"using {index}" in text, text
    assert "Sort" not in text, text
    await admin.execute("TRUNCATE quiet.worker_streams")


async def test_the_ledgers_rules_are_the_databases_check(app_id: str, dsn: str, admin: asyncpg.Connection) -> None:
    async with running(dsn, app_id, app(app_id, CHAIN)):
        table = f'"{app_id}".jobs_attributes'
        check = await admin.fetchval(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = $1::text::regclass AND conname = 'ledger_digits'", table
        )
    values = [
        first * 10**14 + attempts * 10**12 + fourth * 10**11 + reserved * 10**8 + answers
        for first, attempts, fourth, reserved, answers in itertools.product(
            (0, 1, 2, 3, 4), (0, 1, 50, 99), (0, 1, 2, 9), (0, 1, 999), (0, 1, 10**8 - 1)
        )
    ]
    condition = check.removeprefix("CHECK ")
    rows = await admin.fetch(
        f"SELECT ledger FROM (SELECT unnest($1::bigint[]) AS ledger, ',0'::text AS dimension) x WHERE {condition}", values
    )
    assert {row["ledger"] for row in rows} == {value for value in values if digits.is_valid(value)}


async def test_a_large_backlog_takes_no_memory(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    release = asyncio.Event()

    async def wait(task: Any) -> None:
        await release.wait()

    worker = {"topic": "work", "callback": wait, "concurrency": 10}
    async with running(dsn, app_id, app(app_id, FAN), {"work": worker}, poll_s=0.2) as mesh:
        jobs = [await mesh.pub("fan", {"items": list(range(500))}) for _ in range(10)]

        async def all_there() -> bool:
            return bool(await admin.fetchval(f'SELECT count(*) FROM "{app_id}".worker_streams') == 5_000)

        await until(all_there)
        assert len(mesh.node.router.held) <= 10
        assert mesh.node.engine.load <= 10
        release.set()
        await asyncio.gather(*(mesh.result(job, timeout=40) for job in jobs))
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".worker_streams') == 0


async def test_the_memory_for_jobs_counts_what_they_hold(dsn: str, app_id: str) -> None:
    async with running(dsn, app_id, app(app_id, CHAIN), cache_bytes=1_000_000) as mesh:
        for _ in range(5):
            await mesh.pub("chain", {"x": "a" * 400_000})
        assert mesh.node.engine._cache.bytes <= 1_000_000
        assert len(mesh.node.engine._cache._jobs) == 1
