"""`hotmesh run`: from a file to a result, and nothing left behind when it is stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.functional.cli.conftest import Command

Spawn = Callable[..., "subprocess.Popen[str]"]


def test_the_data_on_stdout_and_each_activity_on_stderr(hotmesh: Command, app_id: str) -> None:
    ran = hotmesh("run", "app.yaml", f"{app_id}.order", '{"qty": 5}', "--workers", "workers.py")
    assert (ran.code, ran.json) == (0, {"qty": 5, "ok": True, "shipped": True})
    assert "✓ check done in" in ran.err
    assert "✓ ship done in" in ran.err


def test_one_line_of_json_and_no_progress(hotmesh: Command, app_id: str) -> None:
    ran = hotmesh("run", "app.yaml", f"{app_id}.order", "{}", "--workers", "workers.py", "--output", "json")
    assert (ran.code, ran.out, ran.err) == (0, '{"ok":true,"shipped":true}\n', "")


def test_the_payload_from_a_file_and_a_job_id(hotmesh: Command, app_id: str, folder: Path) -> None:
    (folder / "payload.json").write_text('{"qty": 7}')
    ran = hotmesh("run", "app.yaml", f"{app_id}.order", "@payload.json", "--workers", "workers", "--job-id", "seven")
    assert ran.json["qty"] == 7
    assert hotmesh("status", "seven", "--output", "json").json["state"] == "completed"


def test_stubs_answer_from_the_output_schemas(hotmesh: Command, app_id: str) -> None:
    ran = hotmesh("run", "app.yaml", f"{app_id}.order", '{"qty": 5}', "--stub")
    assert (ran.code, ran.json) == (0, {"qty": 5, "ok": True, "shipped": True})


def test_a_job_error_is_one_sentence(hotmesh: Command, app_id: str) -> None:
    ran = hotmesh("run", "app.yaml", f"{app_id}.order", '{"qty": 13}', "--workers", "workers.py", "--job-id", "bad")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.endswith("error: the job bad failed at check: 500 thirteen is no number of things\n")


def test_topics_that_nobody_serves_are_told_at_once_and_stop_the_job(hotmesh: Command, app_id: str) -> None:
    ran = hotmesh("run", "app.yaml", f"{app_id}.order", '{"qty": 5}', "--job-id", "alone")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"warning: nobody serves {app_id}.check (check), {app_id}.ship (ship): pass --workers, or --stub")
    assert f"error: the job alone needs workers that nobody serves: {app_id}.check (check)" in ran.err
    assert hotmesh("status", "alone", "--output", "json").json["state"] == "interrupted"


def test_a_duplicate_job_id(hotmesh: Command, app_id: str) -> None:
    arguments = ("run", "app.yaml", f"{app_id}.order", "{}", "--stub", "--job-id", "twin")
    assert hotmesh(*arguments).code == 0
    ran = hotmesh(*arguments)
    assert (ran.code, ran.out) == (1, "")
    assert "twin" in ran.err


def test_a_timeout_interrupts_the_job_and_says_what_it_waited_for(hotmesh: Command, app_id: str) -> None:
    ran = hotmesh("run", "app.yaml", f"{app_id}.sleep", "--timeout", "300ms", "--job-id", "nap")
    assert ran.code == 1
    assert "the job has not ended within 0.3 s and was interrupted. The job nap waits at nap for the time" in ran.err
    assert hotmesh("status", "nap", "--output", "json").json["state"] == "interrupted"


@pytest.mark.parametrize("workers", ["SLOW", "BLOCKED"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_no_orphan_and_no_stuck_row(
    spawn: Spawn, folder: Path, app_id: str, dsn: str, workers: str, number: signal.Signals, code: int
) -> None:
    process = spawn("run", "app.yaml", f"{app_id}.parent", "--workers", f"workers.py:{workers}")
    try:
        wait_for(folder / "slow", process)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == code, err
    assert err.rstrip().endswith(" was interrupted."), err
    assert rows(dsn, app_id, "SELECT status FROM {}.jobs") == [(-1_000_000_000,)] * 2, "the child is interrupted too"
    for name in ("worker_streams", "engine_streams", "waits", "members"):
        assert rows(dsn, app_id, f"SELECT id::text FROM {{}}.{name}" if name != "members" else "SELECT guid FROM {}.members") == [], name


def test_watch_runs_again_when_a_file_changes(spawn: Spawn, folder: Path, app_id: str) -> None:
    process = spawn("run", "app.yaml", f"{app_id}.order", '{"qty": 5}', "--workers", "workers.py", "--watch", "--output", "json")
    assert process.stdout is not None
    try:
        assert json.loads(process.stdout.readline())["ok"] is True
        text = (folder / "workers.py").read_text()
        (folder / "workers.py").write_text(text.replace('return {"ok": True}', 'return {"ok": False}'))
        assert json.loads(process.stdout.readline())["ok"] is False
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 0
    finally:
        process.kill()


def wait_for(file: Path, process: subprocess.Popen[str]) -> None:
    """Until a worker has made the file."""
    deadline = time.monotonic() + 30
    while not file.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{file.name} was never made"
        time.sleep(0.02)


def rows(dsn: str, app_id: str, statement: str) -> list[tuple[object, ...]]:
    """What a query gives; `{}` is the app's schema."""
    with psycopg.connect(dsn) as connection:
        return connection.execute(sql.SQL(statement).format(sql.Identifier(app_id))).fetchall()
