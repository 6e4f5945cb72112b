"""`hotmesh why` in all its cases, on a real mesh; and every list tells the same state as `hotmesh status`."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from hotmesh import HotMesh
from tests.functional.cli.conftest import Command

Serve = Callable[..., Any]
PATIENCE_S = 15.0


class Background:
    """A mesh in a thread of its own, so that the command line can run here."""

    def __init__(self, dsn: str, app_id: str, workers: list[Mapping[str, Any]]) -> None:
        self.loop = asyncio.new_event_loop()
        self.mesh = HotMesh(app_id=app_id, engine={"connection": dsn}, workers=workers, poll_s=0.2)
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self.do(self.mesh.start())

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Something of the mesh's."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def stop(self) -> None:
        self.do(self.mesh.stop(grace_s=0.1))
        self.do(asyncio.sleep(0.01))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE_S)
        self.loop.close()


@pytest.fixture
def serve(deployed: Command, dsn: str, app_id: str) -> Serve:
    """A live process with these workers, for as long as a block lasts."""

    @contextmanager
    def live(callbacks: Mapping[str, Any] | None = None, **more: Any) -> Iterator[Background]:
        workers: list[Mapping[str, Any]] = [
            {"topic": f"{app_id}.{name}", "callback": callback, **more} for name, callback in (callbacks or {}).items()
        ]
        background = Background(dsn, app_id, workers)
        background.start()
        try:
            yield background
        finally:
            background.stop()

    return live


@pytest.fixture
def why(deployed: Command, dsn: str, app_id: str) -> Callable[..., str]:
    """Waits until `hotmesh why` says what is expected (a pattern); then status, the list and the view must all have the state."""

    def ask(job_id: str, pattern: str, state: str) -> str:
        expected = re.compile(pattern.replace("APP", app_id), re.DOTALL)
        said: list[str] = []
        for _ in range(100):
            said.append(deployed("why", job_id, "--app", app_id).out.strip())
            if expected.fullmatch(said[-1]):
                break
        else:
            raise AssertionError(f"expected {expected.pattern!r}, but it says {said[-1]!r}")
        listed = {each["job_id"]: each["state"] for each in deployed("jobs", "--app", app_id, "--output", "json").json}
        with psycopg.connect(dsn) as connection:
            statement = sql.SQL("SELECT state FROM {}.job_status WHERE job_key = %s").format(sql.Identifier(app_id))
            row = connection.execute(statement, [job_id]).fetchone()
        assert row is not None
        found = (deployed("status", job_id, "--app", app_id, "--output", "json").json["state"], listed[job_id], row[0])
        assert found == (state, state, state), "status, list and view"
        filtered = deployed("jobs", f"state:{state}", "--app", app_id, "--output", "json").json
        assert job_id in {each["job_id"] for each in filtered}
        return said[-1]

    return ask


async def forever(_: Any) -> None:
    await asyncio.Event().wait()


async def fails(_: Any) -> None:
    raise ValueError("out of stock")


def start(deployed: Command, app_id: str, graph: str, job_id: str, payload: str = "{}") -> None:
    ran = deployed("pub", f"{app_id}.{graph}", payload, "--job-id", job_id, "--app", app_id)
    assert ran.code == 0, ran.err


Why = Callable[..., str]


def test_running(deployed: Command, app_id: str, serve: Serve, why: Why) -> None:
    with serve({"check": forever}) as live:
        start(deployed, app_id, "order", "j", '{"qty": 1}')
        why("j", rf"The job j runs check on {live.mesh.guid} for .*\.", "running")


def test_waiting_for_a_signal_a_time_a_child(deployed: Command, app_id: str, serve: Serve, why: Why) -> None:
    with serve({"slow": forever}) as live:
        start(deployed, app_id, "approve", "signal")
        why("signal", r'The job signal waits at wait for a signal on APP\.approved with id = "signal"\.', "waiting")
        start(deployed, app_id, "sleep", "time")
        why("time", r"The job time waits at nap for the time \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ \(in 60 min\)\.", "waiting")
        start(deployed, app_id, "parent", "child")
        sentence = rf"The job child waits at child for its child \S+ \(APP\.sleep\), and runs slow on {live.mesh.guid} for .*\."
        why("child", sentence, "running")


def test_nobody_serves_the_topic(deployed: Command, app_id: str, serve: Serve, why: Why) -> None:
    with serve():
        start(deployed, app_id, "order", "j", '{"qty": 1}')
        why("j", r"The job j waits at check for a worker of APP\.check, which no live process serves\.", "waiting")


def test_no_process_at_all(deployed: Command, app_id: str, why: Why) -> None:
    start(deployed, app_id, "order", "j", '{"qty": 1}')
    sentence = r"The job j stands still because no process takes part in the mesh of APP; start `hotmesh worker`\."
    why("j", sentence, "waiting")


def test_the_worker_is_busy_or_braked_or_paused(deployed: Command, app_id: str, serve: Serve, why: Why) -> None:
    with serve({"check": forever}, concurrency=1):
        start(deployed, app_id, "order", "busy", '{"qty": 1}')
        why("busy", r"The job busy runs check on .*", "running")
        start(deployed, app_id, "order", "next", '{"qty": 1}')
        why("next", r"The job next waits at check for the worker of APP\.check to be free\.", "running")
        assert deployed("throttle", "60000", "--topic", f"{app_id}.check", "--app", app_id).code == 0
        sentence = r"The job next waits at check for the worker of APP\.check to be free, which is throttled to one in 60000 ms\."
        why("next", sentence, "running")
        assert deployed("throttle", "--topic", f"{app_id}.check", "--app", app_id, "--", "-1").code == 0
        why("next", r"The job next waits at check for a worker of APP\.check, which is paused by a throttle\.", "waiting")
        assert deployed("throttle", "0", "--topic", f"{app_id}.check", "--app", app_id).code == 0
        assert deployed("throttle", "--app", app_id, "--", "-1").code == 0
        sentence = r"The job next stands still because the whole mesh is paused; `hotmesh throttle 0 --app APP` lets it go on\."
        why("next", sentence, "waiting")


def test_paused(deployed: Command, app_id: str, serve: Serve, why: Why) -> None:
    with serve():
        start(deployed, app_id, "approve", "j")
        deployed("pause", "j", "--app", app_id)
        why("j", r"The job j is paused since .*Z; `hotmesh resume j` lets it go on\.", "paused")


def test_retrying(deployed: Command, app_id: str, serve: Serve, why: Why) -> None:
    with serve({"check": fails}, retry={"maximum_attempts": 9, "initial_interval": "1h"}):
        start(deployed, app_id, "order", "j", '{"qty": 1}')
        sentence = r"The job j retries check with attempt 2 at .*Z \(in \d+ s\) \(the last attempt failed: 500 out of stock\)\."
        why("j", sentence, "waiting")


def test_ended(deployed: Command, app_id: str, serve: Serve, why: Why) -> None:
    async def ship(_: Any) -> dict[str, Any]:
        return {"ok": True}

    with serve({"check": ship, "ship": ship}):
        start(deployed, app_id, "order", "good", '{"qty": 1}')
        why("good", r"The job good completed at .*Z after .*\.", "completed")
        for job_id, verb in (("i", "interrupt"), ("c", "cancel")):
            start(deployed, app_id, "sleep", job_id)
            assert deployed(verb, job_id, "--reason", "enough of it", "--app", app_id).code == 0
        why("i", r"The job i was interrupted at .*: 410 enough of it\.", "interrupted")
        why("c", r"The job c was cancelled at .*: 410 enough of it\.", "cancelled")


def test_failed(deployed: Command, app_id: str, serve: Serve, why: Why) -> None:
    with serve({"check": fails}):
        start(deployed, app_id, "order", "bad", '{"qty": 1}')
        sentence = r"The job bad failed at check at .*: 500 out of stock; `hotmesh retry bad` runs that activity again\."
        why("bad", sentence, "failed")


def test_dead_lettered(deployed: Command, app_id: str, dsn: str, serve: Serve, why: Why) -> None:
    start(deployed, app_id, "order", "poison", '{"qty": 1}')
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("UPDATE {}.worker_streams SET claims = 5").format(sql.Identifier(app_id)))
    with serve({"check": fails}):
        why("poison", r"The job poison failed at check at .*: 598 the task's process died 5 times .*", "failed")
    letters = deployed("dead", "--app", app_id, "--output", "json").json
    assert [(each["job_id"], each["activity"], each["error"]["code"]) for each in letters] == [("poison", "check", 598)]


def test_unknown(deployed: Command, app_id: str) -> None:
    ran = deployed("why", "nobody", "--app", app_id)
    told = f"error: there is no job 'nobody' in {app_id}; it may have expired. `hotmesh jobs` lists those there are.\n"
    assert (ran.code, ran.out, ran.err) == (1, "", told)
