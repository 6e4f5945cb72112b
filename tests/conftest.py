"""What every test run shares: a home of its own for the embedded Postgres, which is stopped and removed when the run ends.

`HOTMESH_TEST_DSN` names another server to use; `HOTMESH_TEST_PG` the folder of other PostgreSQL programs to start it with.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# Machines differ and are shared, so no example has a deadline; where a red run stops others, examples are the same every time.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

PREFIX = "hotmesh-test-"
HOME_VARIABLE = "HOTMESH_TEST_HOME"
NOT_OURS = ("HOTMESH_DSN", "DATABASE_URL", "HOTMESH_HOME", "HOTMESH_POSTGRES_BIN", "HMSH_LOGLEVEL", "HMSH_TELEMETRY", "FORCE_COLOR")


def pytest_configure(config: pytest.Config) -> None:
    """Keep the developer's own settings out of the tests; the processes of pytest-xdist inherit the home."""
    for name in NOT_OURS:
        os.environ.pop(name, None)
    if not hasattr(config, "workerinput"):
        for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            _sweep(left)
        home = Path(tempfile.mkdtemp(prefix=PREFIX))
        home.chmod(0o711)
        (home / "owner").write_text(str(os.getpid()))
        os.environ[HOME_VARIABLE] = str(home)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server of this run, if a test started it."""
    if not hasattr(config, "workerinput"):
        _remove(Path(os.environ.pop(HOME_VARIABLE)))


def _sweep(home: Path) -> None:
    """Remove what a run left behind that was killed."""
    try:
        os.kill(int((home / "owner").read_text()), 0)
    except ProcessLookupError:
        _remove(home)
    except (OSError, ValueError):
        return


def _remove(home: Path) -> None:
    if (home / "postgres").exists():
        from tests.functional.server import cluster

        cluster(home).stop()
    shutil.rmtree(home, ignore_errors=True)
