"""Every key, as a user presses it."""

from __future__ import annotations

import json
import socket
import subprocess
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from hotmesh.tui.core.keys import KEYS
from hotmesh.tui.core.spans import plain
from hotmesh.tui.screens.frame import Frame
from hotmesh.tui.widgets.lines import Lines

from hotmesh.errors import ConnectionError, JobError
from hotmesh.values import Json
from tests.tui.driver import Driver, opened
from tests.tui.fake import ROWS

# ---- orders

ORDERS: dict[str, tuple[list[str], str, list[tuple[Json, ...]]]] = {
    "cancel a job with a reason": (["c", "o", "k", "enter"], "hotmesh cancel item-1 --reason ok --app shop", [("cancel", "item-1", "ok")]),
    "interrupt a job": (["i", "enter"], "hotmesh interrupt item-1 --app shop", [("interrupt", "item-1", "interrupted")]),
    "pause a job": (["P", "enter"], "hotmesh pause item-1 --app shop", [("pause", "item-1")]),
    "resume a paused job": (["j", "j", "j", "j", "j", "R", "enter"], "hotmesh resume item-6 --app shop", [("resume", "item-6")]),
    "retry a failed job": (["j", "j", "j", "r", "enter"], "hotmesh retry item-4 --app shop", [("retry", "item-4")]),
    "rerun a job": (["G", "k", "N", "enter"], "hotmesh rerun item-9 --app shop", [("rerun", "item-9")]),
    "marked jobs at once": (
        ["space", "space", "space", "space", "c", "enter"],
        "hotmesh cancel item-1 order-2041 bulk-7 --app shop",
        [("cancel", "item-1", "cancelled"), ("cancel", "order-2041", "cancelled"), ("cancel", "bulk-7", "cancelled")],
    ),
    "activate a version": (["2", "j", "a", "enter"], "hotmesh activate 1 --app shop", [("activate", "1")]),
    "brake a process": (
        ["3", "b", "backspace", "5", "0", "enter"],
        "hotmesh throttle --guid 9f3c2a7e5b1d4801 --app shop 50",
        [("throttle", "guid:9f3c2a7e5b1d4801", 50)],
    ),
    "pause the mesh": (["3", "B", "backspace", "minus", "1", "enter"], "hotmesh throttle --app shop -- -1", [("throttle", "all", -1)]),
    "brake a topic": (
        ["4", "j", "b", "9", "enter"],
        "hotmesh throttle --topic inventory.check --app shop 9",
        [("throttle", "topic:inventory.check", 9)],
    ),
    "claim an escalation": (["5", "c", "enter"], "hotmesh escalations claim e1 --app shop", [("claim", "e1", "grace")]),
    "release an escalation": (["5", "j", "R", "enter"], "hotmesh escalations release e2 --app shop", [("release", "e2", "grace")]),
    "dismiss an escalation": (
        ["5", "X", "n", "o", "enter"],
        "hotmesh escalations dismiss e1 --reason no --app shop",
        [("dismiss", "e1", "no", "grace")],
    ),
    "resolve an escalation": (
        ["5", "s", "enter", *"true", "enter", "enter", "enter"],
        """hotmesh escalations resolve e1 '{"approved":true,"copies":1}' --app shop""",
        [("resolve", "e1", {"approved": True, "copies": 1}, "grace")],
    ),
    "signal a hook": (
        ["j", "enter", "s", "enter", *"false", "enter", *"late", "enter", "enter"],
        """hotmesh signal order.approved '{"orderId":"order-2041","approved":false,"note":"late","copies":1}' --app shop""",
        [("signal", "order.approved", {"orderId": "order-2041", "approved": False, "note": "late", "copies": 1})],
    ),
    "cancel the job that is open": (
        ["j", "enter", "c", "enter"],
        "hotmesh cancel order-2041 --app shop",
        [("cancel", "order-2041", "cancelled")],
    ),
    "brake by command": (
        ["colon", *"throttle", "space", *"100", "enter", "enter"],
        "hotmesh throttle --app shop 100",
        [("throttle", "all", 100)],
    ),
}


@pytest.mark.parametrize("name", ORDERS)
async def test_an_order_is_asked_about_shown_as_a_command_and_carried_out(name: str) -> None:
    keys, command, orders = ORDERS[name]
    async with opened() as driver:
        await driver.press(*keys[:-1])
        shown = str(driver.app.screen.query_one(".command").render())
        assert shown == f"$ {command}"
        assert driver.client.orders == [], "nothing may be done before the user says so"
        await driver.press(keys[-1])
        assert driver.client.orders == orders


async def test_esc_does_nothing() -> None:
    async with opened() as driver:
        await driver.press("c", "escape")
        assert driver.client.orders == []
        assert "Nothing was done." in driver.screen()


REFUSED = {
    "P": (5, "Can't pause: it has ended, or is paused."),
    "R": (0, "Can't resume: it isn't paused."),
    "r": (0, "Can't retry: it hasn't failed."),
    "c": (4, "Can't cancel: it has ended."),
    "i": (4, "Can't interrupt: it has ended."),
}


@pytest.mark.parametrize("key", REFUSED)
async def test_a_disabled_key_says_why(key: str) -> None:
    row, reason = REFUSED[key]
    async with opened() as driver:
        await driver.press(*["j"] * row, key)
        assert reason in driver.screen()


async def test_an_order_for_marked_jobs_leaves_out_those_it_does_not_fit() -> None:
    async with opened() as driver:
        await driver.press("ctrl+a", "r")
        assert "9 of the marked ones are left out" in str(driver.app.screen.query_one(".told").render())
        await driver.press("enter")
        assert driver.client.orders == [("retry", "item-4")]


async def test_a_refused_order_is_told() -> None:
    async with opened() as driver:
        driver.client.refusal = JobError("the job item-1 has ended", code=409, job_id="item-1")
        await driver.press("c", "enter")
        assert "the job item-1 has ended" in driver.screen()


@pytest.mark.parametrize("keys", [["c"], ["2", "a"], ["3", "b"], ["3", "B"], ["4", "b"], ["5", "c"], ["5", "s"], ["5", "X"]])
async def test_readonly_refuses_every_order(keys: list[str]) -> None:
    async with opened(readonly=True) as driver:
        await driver.press(*keys)
        assert "--readonly" in driver.screen()
        assert isinstance(driver.app.screen, Frame)


async def test_readonly_refuses_signals_and_commands() -> None:
    async with opened(readonly=True) as driver:
        await driver.press("j", "enter", "s")
        assert "Can't signal: the app was started with --readonly." in driver.screen()
        await driver.press("colon", *"activate", "space", "1", "enter")
        assert "Can't activate: the app was started with --readonly." in driver.screen()


async def test_a_form_says_what_is_wrong_with_it() -> None:
    async with opened() as driver:
        await driver.press("j", "enter", "s", "enter", *"perhaps", "ctrl+s")
        assert "approved takes true or false" in str(driver.app.screen.query_one(".wrong").render())
        assert driver.client.orders == []


# ---- the list


async def shown_ids(driver: Driver) -> list[str]:
    """The ids of the jobs on the screen."""
    return [row.key for row in ROWS if row.key[:12] in driver.lines("#main")]


async def test_a_filter_is_typed_applied_and_cleared() -> None:
    async with opened() as driver:
        await driver.press("slash")
        await driver.type("state:failed,waiting topic:order.*")
        await driver.press("enter")
        assert await shown_ids(driver) == ["order-2041", "item-4"]
        await driver.press("escape")
        assert len(await shown_ids(driver)) == len(ROWS)


async def test_a_wrong_filter_is_told_and_can_be_mended() -> None:
    async with opened() as driver:
        await driver.press("slash")
        await driver.type("state:faid")
        await driver.press("enter")
        assert "did you mean failed?" in str(driver.app.screen.query_one("#wrong").render())
        await driver.press("backspace", *"led", "enter")
        assert await shown_ids(driver) == ["item-4"]


async def test_a_filter_that_nothing_matches_says_so() -> None:
    async with opened() as driver:
        await driver.press("slash")
        await driver.type("nosuchtext")
        await driver.press("enter")
        assert "None of 10 jobs matches" in driver.screen()


async def test_pages_are_turned() -> None:
    rows = tuple(replaced for n in range(450) for replaced in [ROWS[0]._replace(id=f"{9999 - n:08d}-0", key=f"page-{n:03d}")])
    async with opened() as driver:
        driver.client.rows = rows
        driver.client.heard("jobs")
        await driver.settle()
        assert "page-000" in driver.screen()
        await driver.press("n")
        assert "page 2" in driver.screen()
        assert "page-200" in driver.screen()
        await driver.press("p", "p")
        assert "These are the newest." in driver.screen()
        assert "page-000" in driver.screen()


async def test_a_change_that_is_heard_of_is_shown_and_the_cursor_stays_on_its_job() -> None:
    async with opened() as driver:
        await driver.press("j")
        driver.client.rows = (ROWS[0]._replace(id="00000000-0000-7000-8000-999999999999", key="brand-new"), *ROWS)
        driver.client.heard("jobs")
        await driver.settle()
        assert "brand-new" in driver.screen()
        await driver.press("y")
        assert driver.app.clipboard == "order-2041"


# ---- a job


async def open_job(driver: Driver) -> None:
    """The job that waits for its approval."""
    await driver.press("j", "enter")


async def test_the_panes_of_a_job() -> None:
    async with opened((100, 40)) as driver:
        await open_job(driver)
        assert "checkInventory" in driver.lines("#pane")
        assert "waits at approve for a signal on order.approved" in driver.lines("#why")
        for expected in ("checkInventory (3)", "itemId = item-123", "sku: A-1", "the box is too small", "inventory.check"):
            await driver.press("tab")
            assert expected in driver.lines("#pane")
        await driver.press("shift+tab")
        assert "422" in driver.lines("#pane")


async def test_time_is_travelled() -> None:
    async with opened((100, 40)) as driver:
        await open_job(driver)
        await driver.press("comma", "comma", "comma")
        assert "event 4 of 7" in driver.lines("#head")
        await driver.press("tab", "tab", "tab")
        assert "available: 40" in driver.lines("#pane")
        await driver.press("less_than_sign")
        assert "no data yet" in driver.lines("#pane")
        await driver.press("full_stop", "full_stop")
        assert "itemId: item-123" in driver.lines("#pane")
        assert "available" not in driver.lines("#pane")
        await driver.press("greater_than_sign")
        assert "event" not in driver.lines("#head")
        await driver.press("comma", "escape")
        assert "event" not in driver.lines("#head"), "esc goes back to now first"


async def test_arrows_walk_along_the_edges_and_enter_opens_what_they_come_to() -> None:
    async with opened((80, 24)) as driver:
        await open_job(driver)
        await driver.press("k", "enter")
        assert "shelf:" in driver.lines("#side")
        assert "3 attempts" in driver.lines("#side")
        await driver.press("enter", "j", "enter")
        assert "the box is too small" in driver.lines("#side")


async def test_a_graph_is_turned_searched_and_followed() -> None:
    async with opened((80, 24)) as driver:
        await open_job(driver)
        before = driver.lines("#pane")
        await driver.press("t")
        assert driver.lines("#pane") != before
        await driver.press("slash", *"invo", "enter", "enter")
        assert "Not reached yet." in driver.lines("#side")
        await driver.press("enter", "f")
        assert "The selection follows" in driver.screen()
        await driver.press("slash", *"zzz", "enter")
        assert "No activity is called 'zzz'" in driver.screen()


async def test_parents_and_children_are_opened() -> None:
    async with opened((100, 30)) as driver:
        bulk = replace(driver.client.executions["order-2041"], key="bulk-7", parent=None)
        driver.client.executions |= {"bulk-7": bulk, "invoice-77": replace(bulk, key="invoice-77")}
        await open_job(driver)
        await driver.press("u")
        assert "bulk-7" in driver.lines("#head")
        await driver.press("u")
        assert "No job started this one." in driver.screen()
        await driver.press("escape", "tab", "tab", "comma", "enter")
        assert "invoice-77" in driver.lines("#head")


async def test_a_job_that_is_gone_says_so() -> None:
    async with opened() as driver:
        await driver.press("enter")
        assert "there is no job 'item-1' in shop" in driver.screen()
        await driver.press("escape")
        assert "order-2041" in driver.screen()


# ---- the other screens


async def test_versions_are_compared_and_their_findings_read() -> None:
    async with opened((120, 40)) as driver:
        await driver.press("2")
        assert "order.requested" in driver.lines("#drawing")
        await driver.press("d")
        assert "+ ■ notifyBackorder" in driver.lines("#drawing")
        await driver.press("escape", "enter")
        assert "no graph of the app subscribes to order.done" in driver.screen()
        await driver.press("escape", "space", "j", "d")
        assert "2 → 1" in driver.lines("#drawing")
        assert "− ■ notifyBackorder" in driver.lines("#drawing")


async def test_queues_show_who_is_missing_and_dead_letters_open_their_job() -> None:
    async with opened((100, 30)) as driver:
        await driver.press("4")
        assert "none" in driver.lines("#main")
        await driver.press("j", "j", "j", "j", "j", "enter")
        assert "item-4" in driver.lines("#head")


async def test_a_queue_opens_the_open_jobs_that_go_through_it() -> None:
    async with opened((100, 30)) as driver:
        await driver.press("4", "j", "enter")
        assert "/ state:running,waiting,paused topic:order.requested" in driver.lines("#tally")
        assert await shown_ids(driver) == ["item-1", "order-2041", "bulk-7"]
        await driver.press("4", "enter")
        assert "topic:" not in driver.lines("#tally"), "all jobs go through the engines"


async def test_a_queue_shows_what_its_workers_do_a_second() -> None:
    async with opened((100, 30)) as driver:
        await driver.press("4")
        driver.client.moment += timedelta(seconds=2)
        driver.client.done += 5
        driver.client.heard("mesh")
        await driver.settle()
        row = next(each for each in driver.lines("#main").splitlines() if "inventory.check" in each)
        assert "2.5" in row.split()


async def test_a_drawing_begins_with_its_trigger_in_sight() -> None:
    async with opened((60, 24)) as driver:
        await driver.press("2")
        drawing = driver.app.screen.query_one("#drawing", Lines)
        column = next(place for place in (plain(each).find("╭") for each in drawing.lines) if place >= 0)
        assert drawing.scroll_offset.x <= column < drawing.scroll_offset.x + drawing.room.width


async def test_the_mesh_opens_a_profile() -> None:
    async with opened((100, 30)) as driver:
        await driver.press("3", "enter")
        assert "memory_bytes: 61000000" in driver.screen()


async def test_closed_escalations_are_shown_when_asked_for_and_their_job_opens() -> None:
    async with opened((100, 30)) as driver:
        driver.client.escalations[0] = driver.client.escalations[0]._replace(state="resolved", job_id="order-2041")
        await driver.press("5")
        assert "resolved" not in driver.screen()
        await driver.press("a")
        assert "resolved" in driver.screen()
        await driver.press("g", "enter")
        assert "order-2041" in driver.lines("#head")


# ---- everywhere


@pytest.mark.parametrize("place", ["1", "2", "3", "4", "5"])
async def test_help_lists_the_keys_of_the_place(place: str) -> None:
    async with opened((100, 60)) as driver:
        await driver.press(place)
        frame = driver.app.screen
        assert isinstance(frame, Frame)
        name = frame.place
        await driver.press("question_mark")
        shown = driver.screen()
        missing = [key.help for key in KEYS if key.place == name and key.help not in shown]
        assert not missing


COMMANDS = {
    "jobs state:failed": "item-4",
    "graphs": "deployed",
    "mesh": "3 processes",
    "queues": "print.label",
    "escalations": "Is this order all right?",
    "job order-2041": "waits at approve",
    "help": "Commands, after :",
}


@pytest.mark.parametrize("text", COMMANDS)
async def test_commands(text: str) -> None:
    async with opened((120, 60)) as driver:
        await driver.press("colon")
        await driver.type(text)
        await driver.press("enter")
        assert COMMANDS[text] in driver.screen()


async def test_a_wrong_command_is_told() -> None:
    async with opened() as driver:
        await driver.press("colon", *"jbos", "enter")
        assert "did you mean :jobs?" in str(driver.app.screen.query_one("#wrong").render())


async def test_the_palette_runs_an_action() -> None:
    async with opened() as driver:
        await driver.press("ctrl+p")
        await driver.type("mesh")
        await driver.press("down", "enter")
        await driver.settle()
        assert "3 processes" in driver.screen()


async def test_themes_go_round() -> None:
    async with opened() as driver:
        await driver.press("ctrl+t")
        assert driver.app.theme == "hotmesh-light"
        await driver.press("colon", *"theme", "space", *"nord", "enter")
        assert driver.app.theme == "nord"


EXPORTS = {
    "jobs.json": [],
    "order-2041.svg": ["j", "enter"],
    "order-2041.json": ["j", "enter", "tab"],
    "shop-2.svg": ["2"],
    "mesh.json": ["3"],
    "queues.json": ["4"],
    "escalations.json": ["5"],
}


@pytest.mark.parametrize("name", EXPORTS)
async def test_what_is_shown_is_written_to_a_file(name: str, tmp_path: Path) -> None:
    async with opened(folder=tmp_path) as driver:
        await driver.press(*EXPORTS[name], "x")
        content = (tmp_path / name).read_text(encoding="utf-8")
        assert content.startswith("<svg") if name.endswith("svg") else json.loads(content)
        assert "Wrote" in driver.screen()


async def test_what_is_shown_goes_to_the_pager(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[list[str], bytes]] = []
    monkeypatch.setenv("PAGER", "most -s")
    monkeypatch.setattr(subprocess, "run", lambda words, *, input, check: seen.append((words, input)))
    async with opened() as driver:
        monkeypatch.setattr(driver.app, "suspend", nullcontext)
        await driver.press("o")
    assert seen[0][0] == ["most", "-s"]
    assert b"order-2041" in seen[0][1]


LOSSES: dict[str, Exception] = {
    "Postgres is not running.": FileNotFoundError(2, "No such file or directory"),
    "Postgres is not running. ": ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 5432)"),
    "Postgres doesn't answer.": TimeoutError(),
    "The host of Postgres can't be found.": socket.gaierror(-2, "Name or service not known"),
    "Postgres can't be reached.": OSError(113, "No route to host"),
    "Postgres has ended the connection.": asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    "Postgres has ended the connection. ": asyncpg.AdminShutdownError("terminating connection due to administrator command"),
    "Postgres is starting, or shutting down.": asyncpg.CannotConnectNowError("the database system is shutting down"),
    "Postgres refuses the password.": asyncpg.InvalidPasswordError('password authentication failed for user "hotmesh"'),
    "Postgres refuses this role.": asyncpg.InvalidAuthorizationSpecificationError('role "hotmesh" does not exist'),
    "The database is not there any more.": asyncpg.InvalidCatalogNameError('database "hotmesh" does not exist'),
    "Postgres has no connection left.": asyncpg.TooManyConnectionsError("sorry, too many clients already"),
    "this server is a read-only standby.": ConnectionError("this server is a read-only standby."),
}


@pytest.mark.parametrize("told", LOSSES)
async def test_a_lost_database_shows_a_banner_until_it_is_back(told: str) -> None:
    async with opened((80, 24)) as driver:
        driver.client.lost = LOSSES[told]
        driver.client.heard("lost")
        await driver.settle()
        assert driver.lines("#banner").rstrip() == f" ⚠ {told.strip()} Trying again; what you see is old."
        assert "order-2041" in driver.screen(), "what was there stays on the screen"
        driver.client.lost = None
        driver.client.heard("connected")
        await driver.settle()
        assert "Trying again" not in driver.screen()
        assert "● live" in driver.screen()


FAULTS: dict[str, Exception] = {
    "the app's tables are not those of this HotMesh (relation": asyncpg.UndefinedTableError('relation "shop.jobs" does not exist'),
    "the app's tables are not those of this HotMesh (schema": asyncpg.InvalidSchemaNameError('schema "hotmesh" does not exist'),
    "Postgres says: canceling statement due to statement timeout.": asyncpg.QueryCanceledError(
        "canceling statement due to statement timeout"
    ),
}


@pytest.mark.parametrize("told", FAULTS)
async def test_what_the_database_can_not_do_is_told_of(told: str) -> None:
    async with opened((120, 40)) as driver:
        driver.client.lost = FAULTS[told]
        driver.client.heard("jobs")
        await driver.settle()
        assert told in driver.lines("#notice").replace("\n ", " ")
        assert "● live" in driver.screen()
        driver.client.lost = None
        driver.client.heard("jobs")
        await driver.settle()
        assert driver.lines("#notice").strip() == "", "what is over is still told"


async def test_a_lost_database_that_is_back_without_its_tables_is_no_longer_called_lost() -> None:
    async with opened((80, 24)) as driver:
        for fault in (LOSSES["The database is not there any more."], FAULTS["the app's tables are not those of this HotMesh (schema"]):
            driver.client.lost = fault
            driver.client.heard("jobs")
            await driver.settle()
        assert "Trying again" not in driver.screen()
        assert "● live" in driver.screen()
        assert "run `hotmesh db migrate`." in driver.screen(), "a long notice is cut"


async def test_an_order_that_the_database_refuses_is_told_of() -> None:
    async with opened((120, 40)) as driver:
        driver.client.refusal = asyncpg.InsufficientPrivilegeError("permission denied for table engine_streams")
        await driver.press("c", "enter")
        assert "the database refused: permission denied for table engine_streams" in driver.lines("#notice")


async def test_keys_are_remapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "keys.toml"
    file.write_text('[jobs]\ncancel = "ctrl+x"\n')
    monkeypatch.setenv("HOTMESH_KEYS", str(file))
    async with opened() as driver:
        assert "^x cancel" in driver.lines("#keys")
        await driver.press("c")
        assert isinstance(driver.app.screen, Frame)
        await driver.press("ctrl+x", "enter")
        assert driver.client.orders == [("cancel", "item-1", "cancelled")]


async def test_q_leaves() -> None:
    async with opened() as driver:
        await driver.pilot.press("q")
        assert not driver.app.is_running or driver.app._exit
