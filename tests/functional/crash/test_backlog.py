"""A backlog of a hundred thousand tasks: drained at full speed, in little memory, by a process that has other tasks to spare."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from asyncio.subprocess import PIPE

import asyncpg
import pytest

from hotmesh import HotMesh
from tests.functional.crash.orders import ROOT, kill
from tests.functional.engine.apps import app, drained, graph, running, until

ITEMS = 100
FAN = graph(
    "fan",
    "{t: {type: trigger}, w: {type: worker, topic: work, input: {maps: {n: '{$item}'}}}}",
    "{t: [{to: w, foreach: '{t.output.data.items}'}]}",
)
LEFT = 'SELECT count(*) FROM "{app}".worker_streams'


async def pile_up(mesh: HotMesh, jobs: int) -> None:
    """Start so many jobs, fifty at a time."""
    for first in range(0, jobs, 50):
        await asyncio.gather(*(mesh.pub("fan", {"items": list(range(ITEMS))}) for _ in range(first, min(first + 50, jobs))))


async def below(admin: asyncpg.Connection, app_id: str, count: int) -> float:
    """Wait until there are fewer tasks; when that was."""

    async def look() -> bool:
        return bool(await admin.fetchval(LEFT.format(app=app_id)) < count)

    await until(look, 200)
    return time.monotonic()


@pytest.mark.parametrize("jobs", [50, pytest.param(1_000, marks=[pytest.mark.crash, pytest.mark.timeout(300)])])
async def test_a_backlog_is_drained_in_little_memory(
    dsn: str, app_id: str, admin: asyncpg.Connection, jobs: int, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = jobs * ITEMS
    async with running(dsn, app_id, app(app_id, FAN)) as mesh:
        await pile_up(mesh, jobs)
        assert await admin.fetchval(LEFT.format(app=app_id)) == tasks
        arguments = ("-m", "tests.functional.crash.drainer", dsn, app_id)
        process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=PIPE, stdout=PIPE, cwd=ROOT)
        assert process.stdin is not None
        assert process.stdout is not None
        before = int(await process.stdout.readline())
        marks = [await below(admin, app_id, tasks * quarter // 4) for quarter in (4, 3, 2, 1)]
        await drained(admin, app_id)
        marks.append(time.monotonic())
        process.stdin.write(b"\n")
        after, most = map(int, (await process.stdout.readline()).split())
        await kill(process)
    rates = [tasks / 4 / (end - start) for start, end in itertools.pairwise(marks)]
    with capsys.disabled():
        print(f"\n{tasks} tasks: {tasks / (marks[-1] - marks[0]):.0f} a second, by quarters {[round(each) for each in rates]};", end=" ")
        print(f"memory {before >> 20} MB before, {most >> 20} MB at most, {after >> 20} MB after")
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".jobs WHERE status <> 0') == 0
    assert await admin.fetchval(f"""SELECT count(*) FROM "{app_id}".jobs_attributes WHERE symbol = 'w'""") == tasks
    assert most - before < 64 << 20, f"{(most - before) >> 20} MB more at most"
    assert min(rates) > max(rates) / 5, f"it was not drained at one speed: {rates}"
