"""`hotmesh db`: the embedded server from the command line, as a user drives it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional import server


@pytest.fixture
def home() -> Iterator[Path]:
    with server.home_folder() as folder:
        yield folder
        server.cluster(folder).stop()


def hotmesh(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    programs = server.cluster(home).postgres_bin
    environment = os.environ | {"HOTMESH_HOME": str(home), "HOTMESH_POSTGRES_BIN": str(programs or "")} | variables
    return subprocess.run([sys.executable, "-m", "hotmesh", *arguments], env=environment, capture_output=True, text=True, check=False)


def test_start_url_psql_stop(home: Path) -> None:
    dsn = server.cluster(home).dsn
    assert hotmesh(home, "db", "url", "--no-start").stdout == f"{dsn}\n"
    assert server.cluster(home).status().state == "absent"
    assert hotmesh(home, "db", "start").stdout == f"{dsn}\n"
    assert hotmesh(home, "db", "url").stdout == f"{dsn}\n"
    assert hotmesh(home, "db", "psql", "-At", "-c", "SELECT 40 + 2").stdout == "42\n"
    stopped = hotmesh(home, "db", "stop")
    assert (stopped.returncode, stopped.stdout, stopped.stderr) == (0, "", "Stopped.\n")
    assert hotmesh(home, "db", "stop").stderr == "It wasn't running.\n"


def test_a_server_of_ones_own_is_not_started(home: Path) -> None:
    ran = hotmesh(home, "db", "url", DATABASE_URL="postgres://u@h/d")
    assert ran.stdout == "postgresql://u@h/d\n"
    assert not (home / "postgres").exists()


def test_why_it_cannot_start_is_one_sentence(home: Path) -> None:
    (home / "postgres").write_text("")
    ran = hotmesh(home, "db", "start")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"error: {home} is not a folder; set HOTMESH_HOME to one.\n"
    (home / "postgres").unlink()
