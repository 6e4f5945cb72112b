"""An app of its own for each test, and the command line on the test's database."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hotmesh import HotMesh, cli
from hotmesh.values import Json

ROOT = Path(__file__).parents[3]

APP = """
app:
  id: APP
  version: '1'
  graphs:
    - subscribes: APP.order
      entity: order
      input: {schema: {type: object, properties: {qty: {type: integer, minimum: 1}}}}
      activities:
        t: {type: trigger, job: {maps: {qty: '{$self.output.data.qty}'}}}
        check:
          type: worker
          topic: APP.check
          output: {schema: {type: object, properties: {ok: {type: boolean, default: true}}}}
          job: {maps: {ok: '{$self.output.data.ok}'}}
        ship: {type: worker, topic: APP.ship, job: {maps: {shipped: true}}}
        keep: {type: hook}
      transitions:
        t: [{to: check}]
        check:
          - {to: ship, conditions: {match: [{expected: true, actual: '{check.output.data.ok}'}]}}
          - {to: keep, conditions: {match: [{expected: false, actual: '{check.output.data.ok}'}]}}
    - subscribes: APP.approve
      activities:
        t: {type: trigger}
        wait: {type: hook, job: {maps: {by: '{wait.hook.data.by}'}}}
      transitions: {t: [{to: wait}]}
      hooks: {APP.approved: [{to: wait, conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.id}'}]}}]}
    - subscribes: APP.sleep
      activities:
        t: {type: trigger}
        nap: {type: hook, sleep: 3600}
      transitions: {t: [{to: nap}]}
    - subscribes: APP.parent
      activities:
        t: {type: trigger}
        child: {type: await, topic: APP.sleep}
        slow: {type: worker, topic: APP.slow}
      transitions: {t: [{to: child}, {to: slow}]}
"""
WORKERS = """
import asyncio, threading, time
from pathlib import Path

HERE = Path(__file__).parent

async def check(task):
    if task.data.get("qty") == 13:
        raise ValueError("thirteen is no number of things")
    return {"ok": True}

async def ship(task):
    return {}

async def slow(task):
    (HERE / "slow").touch()
    await asyncio.sleep(3600)

def blocked(task):
    (HERE / "slow").touch()
    time.sleep(3600)

async def brief(task):
    (HERE / "slow").touch()
    await asyncio.sleep(0.5)
    (HERE / "finished").touch()

WORKERS = {"APP.check": check, "APP.ship": ship}
SLOW = {"APP.slow": slow}
BLOCKED = {"APP.slow": blocked}
BRIEF = {"APP.slow": brief}
"""


@dataclass(frozen=True)
class Ran:
    """What a command line gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Json:
        return json.loads(self.out)


Command = Callable[..., Ran]


@pytest.fixture
def folder(tmp_path: Path, app_id: str) -> Path:
    """A folder with app.yaml and workers.py."""
    (tmp_path / "app.yaml").write_text(APP.replace("APP", app_id))
    (tmp_path / "workers.py").write_text(WORKERS.replace("APP", app_id))
    return tmp_path


@pytest.fixture
def hotmesh(dsn: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command line in this process."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOTMESH_DSN", dsn)

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        code = cli.run([*map(str, arguments)])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture
def spawn(dsn: str, folder: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts a command line as a process of its own."""

    def start(*arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "hotmesh", *map(str, arguments)],
            cwd=folder,
            env={**os.environ, "HOTMESH_DSN": dsn, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture
def in_mesh(dsn: str, app_id: str) -> Callable[[Callable[[HotMesh], Coroutine[Any, Any, Any]]], Any]:
    """Does something as a member of the app's mesh."""

    def act(work: Callable[[HotMesh], Coroutine[Any, Any, Any]]) -> Any:
        async def main() -> Any:
            async with HotMesh(app_id=app_id, engine={"connection": dsn}) as mesh:
                return await work(mesh)

        return asyncio.run(main())

    return act


@pytest.fixture
def deployed(hotmesh: Command) -> Command:
    """The command line, with the app deployed and active."""
    ran = hotmesh("deploy", "app.yaml", "--activate")
    assert ran.code == 0, ran.err
    return hotmesh
