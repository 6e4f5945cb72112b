"""The terminal app in a real terminal, on a real database, with jobs running."""

from __future__ import annotations

import asyncio
import shlex
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hotmesh import Fatal, HotMesh
from tests.functional.server import cluster, home_folder
from tests.functional.tui.terminal import AVAILABLE, Terminal, command

pytestmark = [pytest.mark.skipif(not AVAILABLE, reason="tmux isn't installed"), pytest.mark.timeout(180)]

APPROVAL = """
app:
  id: {app_id}
  version: '1'
  graphs:
    - subscribes: expense.submitted
      activities:
        expense:
          type: trigger
          stats: {{id: '{{$self.output.data.id}}'}}
        check:
          type: worker
          topic: expense.check
          input: {{maps: {{amount: '{{expense.output.data.amount}}'}}}}
        decision:
          type: hook
          escalation: {{role: manager, description: An expense waits}}
          hook:
            schema:
              type: object
              properties:
                id: {{type: string}}
                approved: {{type: boolean}}
              required: [approved]
          job: {{maps: {{approved: '{{$self.hook.data.approved}}'}}}}
      transitions:
        expense: [{{to: check}}]
        check: [{{to: decision}}]
      hooks:
        expense.decided:
          - to: decision
            conditions:
              match: [{{expected: '{{expense.output.data.id}}', actual: '{{$hook.data.id}}'}}]
"""


async def check(task: Any) -> dict[str, Any]:
    """Takes small amounts."""
    if task.data["amount"] > 1000:
        raise Fatal("too much for us")
    return {"checked": True}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other accounts may pass through."""
    with home_folder() as path:
        yield path


@pytest.fixture
async def mesh(dsn: str, app_id: str) -> AsyncIterator[HotMesh]:
    """A running engine and worker with the app deployed."""
    workers = [{"topic": "expense.check", "callback": check}]
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=workers) as mesh:
        await mesh.deploy(APPROVAL.format(app_id=app_id))
        await mesh.activate("1")
        yield mesh


def shows(text: str) -> Callable[[str], bool]:
    """Whether a screen shows a text."""
    return lambda screen: text in screen


async def submit(mesh: HotMesh, name: str, amount: int = 10) -> None:
    """One expense."""
    await mesh.pub("expense.submitted", {"id": name, "amount": amount})


async def test_it_answers_at_once(mesh: HotMesh, dsn: str, app_id: str, tmp_path: Path) -> None:
    """Before Textual is loaded, which takes longer than everything else together; the list takes a processor less than a second then."""
    took, worked = [], []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        began = time.monotonic()
        async with Terminal(folder, command(dsn, app_id)) as terminal:
            await terminal.until(lambda screen: "opening" in screen or "No jobs yet" in screen)
            took.append(time.monotonic() - began)
            await terminal.until(lambda screen: "No jobs yet" in screen and "opening" not in screen, 60)
            times = terminal.process().cpu_times()
            worked.append(times.user + times.system)
    assert min(worked) < 1.25, f"the list was there after {', '.join(f'{each:.2f} s' for each in worked)} of a processor's time"
    assert min(took) < 1, f"the first sign of life took {', '.join(f'{each:.2f} s' for each in took)}"


async def test_what_is_typed_while_it_opens_is_not_lost(mesh: HotMesh, dsn: str, app_id: str, tmp_path: Path) -> None:
    async with Terminal(tmp_path, ["sh", "-c", f"{shlex.join(command(dsn, app_id))}; stty -a; exec cat"], columns=100) as terminal:
        await terminal.until(shows("opening"))
        terminal.type("3")
        assert "3" not in terminal.screen()
        await terminal.until(shows("version 1"))
        terminal.press("q")
        settings = await terminal.until(shows("min = 1"))
        assert " echo " in settings, "the terminal is left as it was"
        assert " icanon " in settings, "the terminal is left as it was"


@pytest.mark.parametrize("when", ["opening", "No jobs yet"])
async def test_a_terminated_app_leaves_the_terminal_as_it_was(mesh: HotMesh, dsn: str, app_id: str, tmp_path: Path, when: str) -> None:
    words = ["sh", "-c", f"{shlex.join(command(dsn, app_id))}; echo left with $?; stty -a; exec cat"]
    async with Terminal(tmp_path, words, columns=100) as terminal:
        await terminal.until(shows(when))
        [app] = terminal.process().children()
        app.terminate()
        screen = await terminal.until(shows("min = 1"))
        assert "left with 143" in screen
        assert "jobs" not in screen, "the app's screen is still shown"
        assert " echo " in screen
        assert " icanon " in screen


async def test_what_is_wrong_is_told_where_the_command_was_typed(dsn: str, tmp_path: Path) -> None:
    words = ["sh", "-c", f"{shlex.join(command(dsn, 'nosuchapp'))}; exec cat"]
    async with Terminal(tmp_path, words) as terminal:
        screen = await terminal.until(lambda screen: "error: no app 'nosuchapp'" in screen)
        assert "opening" not in screen


async def test_changes_are_on_the_screen_in_an_instant(mesh: HotMesh, dsn: str, app_id: str, tmp_path: Path) -> None:
    """One after the other, as fast as they are shown, so that each has to wait for its turn: five redraws a second are the most."""
    async with Terminal(tmp_path, command(dsn, app_id)) as terminal:
        await terminal.until(lambda screen: "No jobs yet" in screen)
        await submit(mesh, "first")
        await terminal.until(lambda screen: "first" in screen)
        took = []
        for number in range(11):
            began = time.monotonic()
            await submit(mesh, f"trip-{number}")
            await terminal.until(shows(f"trip-{number}"))
            took.append(time.monotonic() - began)
        assert statistics.median(took) < 0.3, f"changes took {', '.join(f'{each * 1000:.0f} ms' for each in took)}"


async def test_a_job_is_followed_and_signalled(mesh: HotMesh, dsn: str, app_id: str, tmp_path: Path) -> None:
    await submit(mesh, "trip")
    async with Terminal(tmp_path, command(dsn, app_id)) as terminal:
        await terminal.until(lambda screen: "◷ waiting" in screen and "decision" in screen)
        terminal.press("Enter")
        await terminal.until(lambda screen: "waits at decision for a signal on expense.decided" in screen)
        terminal.press("s")
        await terminal.until(lambda screen: "Send expense.decided?" in screen and '"trip"' in screen)
        terminal.press("Enter")
        terminal.type("true")
        await terminal.until(lambda screen: '"approved":true' in screen)
        terminal.press("Enter")
        await terminal.until(lambda screen: "✓ completed" in screen)
    assert (await mesh.result("trip", timeout=10)).data == {"approved": True}


async def test_a_failed_job_is_retried_rerun_and_others_are_cancelled_in_bulk(mesh: HotMesh, dsn: str, app_id: str, tmp_path: Path) -> None:
    await submit(mesh, "dear", 5_000)
    await submit(mesh, "one")
    await submit(mesh, "two")
    async with Terminal(tmp_path, command(dsn, app_id)) as terminal:
        await terminal.until(lambda screen: "too much for us" in screen and screen.count("◷ waiting") == 2)
        terminal.press("j", "j", "r")
        await terminal.until(lambda screen: "Retry job dear?" in screen)
        terminal.press("Enter")
        await terminal.until(lambda screen: "Retry: dear." in screen)
        terminal.press("g", "Space", "Space", "i")
        await terminal.until(lambda screen: "Interrupt 2 jobs?" in screen)
        terminal.type("not today")
        terminal.press("Enter")
        await terminal.until(lambda screen: screen.count("⊘ interrupted") == 2 and "not today" in screen)
    states = {name: (await mesh.get_state("expense.submitted", name)).metadata.err for name in ("one", "two")}
    assert {error["message"] for error in states.values()} == {"not today"}


async def test_an_escalation_is_claimed_and_resolved(mesh: HotMesh, dsn: str, app_id: str, tmp_path: Path) -> None:
    await submit(mesh, "trip")
    async with Terminal(tmp_path, command(dsn, app_id)) as terminal:
        await terminal.until(lambda screen: "◷ waiting" in screen)
        terminal.press("5")
        await terminal.until(lambda screen: "An expense waits" in screen and "pending" in screen)
        terminal.press("c")
        await terminal.until(lambda screen: "Claim escalation" in screen)
        terminal.press("Enter")
        await terminal.until(lambda screen: "claimed" in screen)
        terminal.press("s")
        await terminal.until(lambda screen: "Resolve escalation" in screen)
        terminal.press("Enter")
        terminal.type("false")
        terminal.press("Enter")
        await terminal.until(lambda screen: "Nobody is waited for" in screen)
    assert (await mesh.result("trip", timeout=10)).data == {"approved": False}


async def test_an_idle_app_costs_next_to_nothing(mesh: HotMesh, dsn: str, app_id: str, tmp_path: Path) -> None:
    await mesh.pub("expense.submitted", {"id": "dear", "amount": 5_000})
    async with Terminal(tmp_path, command(dsn, app_id)) as terminal:
        await terminal.until(lambda screen: "too much for us" in screen)
        process, loop = terminal.process(), asyncio.get_running_loop()
        passed = asyncio.Event()
        before = process.cpu_times()
        loop.call_later(6, passed.set)
        await passed.wait()
        after = process.cpu_times()
        share = (after.user + after.system - before.user - before.system) / 6
        assert share < 0.02, f"an idle app took {share:.1%} of a processor"


@pytest.mark.parametrize("number", [40_000, pytest.param(1_000_000, marks=pytest.mark.crash)])
async def test_very_many_jobs_open_in_a_second(
    mesh: HotMesh, dsn: str, app_id: str, admin: asyncpg.Connection, tmp_path: Path, number: int
) -> None:
    await admin.execute(MANY.format(app=app_id, number=number))
    async with Terminal(tmp_path, command(dsn, app_id)) as terminal:
        await terminal.until(shows(f"bulk-{number} "))
        took = []
        for _ in range(3):
            began = time.monotonic()
            terminal.press("5")
            await terminal.until(shows("Nobody is waited for"))
            terminal.press("1")
            await terminal.until(shows(f"bulk-{number} "))
            took.append(time.monotonic() - began)
        assert min(took) < 1, f"the list of {number:,} jobs took {', '.join(f'{each:.2f} s' for each in took)}"
        terminal.press("/")
        terminal.type("state:failed boom")
        terminal.press("Enter")
        await terminal.until(lambda screen: "✗ failed" in screen and "/ state:failed boom" in screen, 30)


MANY = """
INSERT INTO {app}.jobs (id, key, topic, version, status, error, completed_at, created_at, updated_at)
SELECT (lpad(to_hex((extract(epoch FROM now() - interval '1 hour') * 1000)::bigint + n), 12, '0') || '70008000'
        || lpad(to_hex(n), 12, '0'))::uuid,
       'bulk-' || n, 'expense.submitted', '1', CASE WHEN n % 1000 = 0 THEN -1000000000 ELSE 0 END,
       CASE WHEN n % 1000 = 0 THEN '{{"code": 500, "message": "boom"}}'::json END, now(), now() - interval '1 hour', now()
FROM generate_series(1, {number}) n
"""


async def test_a_restart_of_postgres_shows_a_banner_and_then_goes_on(tmp_path: Path, folder: Path) -> None:
    made = cluster(folder / "home")
    dsn = await asyncio.to_thread(made.ensure)
    try:
        async with HotMesh(app_id="shop", engine={"connection": dsn}) as mesh:
            await mesh.deploy(APPROVAL.format(app_id="shop"))
            await mesh.activate("1")
        async with Terminal(tmp_path, command(dsn, "shop")) as terminal:
            await terminal.until(lambda screen: "● live" in screen and "No jobs yet" in screen)
            await asyncio.to_thread(made.stop)
            await terminal.until(lambda screen: "⚠ Postgres is not running. Trying again" in screen and "○ lost" in screen)
            await asyncio.to_thread(made.ensure)
            await terminal.until(lambda screen: "● live" in screen and "Trying again" not in screen, 30)
            async with HotMesh(app_id="shop", engine={"connection": dsn}) as mesh:
                await submit(mesh, "again")
                await terminal.until(lambda screen: "again" in screen)
    finally:
        await asyncio.to_thread(made.stop)


async def test_readonly_refuses_and_says_why(mesh: HotMesh, dsn: str, app_id: str, tmp_path: Path) -> None:
    await submit(mesh, "trip")
    async with Terminal(tmp_path, command(dsn, app_id, "--readonly"), columns=80, rows=24) as terminal:
        await terminal.until(lambda screen: "readonly" in screen and "◷ waiting" in screen)
        terminal.press("c")
        await terminal.until(lambda screen: "Can't cancel: the app was started with --readonly." in screen)
        terminal.press("q")
    assert await mesh.get_status("trip") > 0
