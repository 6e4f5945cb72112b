"""`hotmesh worker` when it is told to end."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.functional.cli.conftest import Command
from tests.functional.cli.test_run import Spawn, rows, wait_for


@pytest.mark.parametrize("workers", ["SLOW", "BLOCKED"], ids=["an async callback", "a plain one"])
def test_what_outlasts_the_grace_is_given_back(deployed: Command, spawn: Spawn, app_id: str, folder: Path, dsn: str, workers: str) -> None:
    process = spawn("worker", f"workers.py:{workers}", "--app", app_id, "--grace", "300ms")
    try:
        deployed("pub", f"{app_id}.parent", "--job-id", "w")
        wait_for(folder / "slow", process)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert err.splitlines()[1] == "Draining; once more ends at once.", err
    left = rows(dsn, app_id, "SELECT owner, token, visible_at FROM {}.worker_streams")
    assert left == [(None, None, None)], "the task waits for its lease to end, instead of for the next worker"
    assert rows(dsn, app_id, "SELECT guid FROM {}.members") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
def test_a_second_signal_ends_it_at_once(deployed: Command, spawn: Spawn, app_id: str, folder: Path, number: signal.Signals) -> None:
    process = spawn("worker", "workers.py:SLOW", "--app", app_id, "--grace", "60s")
    try:
        deployed("pub", f"{app_id}.parent", "--job-id", "w")
        wait_for(folder / "slow", process)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        said = [process.stderr.readline(), process.stderr.readline()]
        assert said[1] == "Draining; once more ends at once.\n"
        process.send_signal(number)
        assert process.wait(timeout=5) == 128 + number
    finally:
        process.kill()
        process.communicate()
