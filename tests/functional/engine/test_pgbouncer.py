"""Behind PgBouncer in transaction mode: no prepared statement is kept, and nobody listens through it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from hotmesh import HotMesh, StreamData

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed (Debian: apt-get install pgbouncer)")

APP = """
app:
  id: {app}
  version: '1'
  graphs:
    - subscribes: pooled
      activities:
        begin: {{type: trigger}}
        pause: {{type: hook, sleep: 0.05}}
        work: {{type: worker, topic: work, job: {{maps: {{n: '{{$self.output.data.n}}'}}}}}}
      transitions:
        begin: [{{to: pause}}]
        pause: [{{to: work}}]
"""


@pytest.fixture
async def pooled_dsn(dsn: str) -> AsyncIterator[str]:
    """The test's database through a PgBouncer of its own."""
    parts = urlsplit(dsn)
    query = parse_qs(parts.query)
    host, port = query.get("host", [parts.hostname])[0], query.get("port", [parts.port or 5432])[0]
    folder = Path(tempfile.mkdtemp(prefix="hotmesh-bouncer-"))
    own_port = _free_port()
    config = _configure(folder, f"{parts.path[1:]} = host={host} port={port} user={parts.username}", own_port)
    user = "postgres" if os.geteuid() == 0 else None
    process = await asyncio.create_subprocess_exec(str(PROGRAM), str(config), user=user, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    while b"process up" not in (line := await process.stderr.readline()):
        assert line, "pgbouncer did not start"
    reading = asyncio.create_task(process.stderr.read())
    yield f"postgresql://{parts.username}@127.0.0.1:{own_port}{parts.path}"
    process.terminate()
    await process.wait()
    await reading
    shutil.rmtree(folder)


def _configure(folder: Path, database: str, port: int) -> Path:
    """A configuration that any account can read."""
    folder.chmod(0o777)
    config = folder / "pgbouncer.ini"
    settings = f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n"
    config.write_text(f"[databases]\n{database}\n[pgbouncer]\n{settings}default_pool_size = 4\n")
    config.chmod(0o644)
    return config


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("listens", [False, True])
async def test_jobs_run_behind_a_pooler(pooled_dsn: str, dsn: str, app_id: str, admin: asyncpg.Connection, listens: bool) -> None:
    async def work(task: StreamData) -> Any:
        return {"n": task.data["n"]}

    options: dict[str, Any] = {"prepared_statements": False, "poll_s": 0.1, **({"listen_dsn": dsn} if listens else {})}
    workers = [{"topic": "work", "callback": work}]
    async with HotMesh(app_id=app_id, engine={"connection": pooled_dsn}, workers=workers, **options) as mesh:
        await mesh.deploy(APP.format(app=app_id))
        await mesh.activate("1")
        async with HotMesh(app_id=app_id, engine={"connection": pooled_dsn}, **options) as other:
            outputs = await asyncio.gather(*(each.pubsub("pooled", {"n": n}, timeout=30) for n, each in enumerate([mesh, other] * 10)))
        assert [output.data["n"] for output in outputs] == list(range(20))
        assert await mesh.node.streams.depths() == []
        assert mesh.node.bus.listening.is_set() is listens
