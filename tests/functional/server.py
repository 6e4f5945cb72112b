"""The Postgres server of a test run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hotmesh.store.embedded import Cluster


def cluster(home: Path) -> Cluster:
    """The run's server: the wheel's PostgreSQL, or the one in `HOTMESH_TEST_PG`."""
    other = os.environ.get("HOTMESH_TEST_PG")
    return Cluster(home, Path(other) if other else None)


@contextmanager
def home_folder() -> Iterator[Path]:
    """A home for a server of a test's own, which other accounts may enter; pytest's own folders they may not."""
    with tempfile.TemporaryDirectory(prefix="hotmesh-home-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def server_dsn() -> str:
    """The address of the run's server, started by the first process that asks."""
    return os.environ.get("HOTMESH_TEST_DSN") or cluster(Path(os.environ["HOTMESH_TEST_HOME"])).ensure()


def with_database(dsn: str, database: str) -> str:
    """The same address with another database."""
    address, _, query = dsn.partition("?")
    front, _, _ = address.rpartition("/")
    return f"{front}/{database}" + (f"?{query}" if query else "")
