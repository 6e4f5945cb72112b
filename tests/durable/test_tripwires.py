"""Clocks, chance, I/O and threads in workflow code are named, with the durable way; and code that blocks is reported."""

from __future__ import annotations

import http.client
import logging
import multiprocessing
import os
import random
import secrets
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from logging.handlers import DatagramHandler
from pathlib import Path
from typing import Any

import pytest

from hotmesh import Durable
from hotmesh.durable.run import WorkflowInfo
from hotmesh.durable.stuck import watched
from tests.durable.engine import Engine, Failed

w = Durable.workflow

FORBIDDEN: list[tuple[Callable[[], Any], str]] = [
    (lambda: time.time(), r"time.time\(\) .* use Durable.workflow.now\(\)"),
    (lambda: time.monotonic(), r"time.monotonic\(\) .* use Durable.workflow.now\(\)"),
    (lambda: time.sleep(0), r"time.sleep\(\) .* use Durable.workflow.sleep\(\)"),
    (lambda: datetime.now(), r"datetime.now\(\) .* use Durable.workflow.now\(\)"),
    (lambda: date.today(), r"date.today\(\) .* use Durable.workflow.now\(\)"),
    (lambda: random.random(), r"random.random\(\) .* use Durable.workflow.random\(\)"),
    (lambda: random.randint(1, 2), r"random.randint\(\) .* use Durable.workflow.random\(\)"),
    (lambda: uuid.uuid4(), r"uuid.uuid4\(\) .* use Durable.workflow.uuid4\(\)"),
    (lambda: os.urandom(1), r"os.urandom\(\) .* use Durable.workflow.random\(\)"),
    (lambda: secrets.token_hex(2), r"secrets.token_hex\(\) .* use Durable.workflow.random\(\)"),
    (lambda: random.choice("ab"), r"random.choice\(\) .* use Durable.workflow.random\(\)"),
    (lambda: random.SystemRandom().randint(1, 2), r"random.randint\(\) .* use Durable.workflow.random\(\)"),
    (lambda: random.Random().random(), r"random.Random\(\) .* use Durable.workflow.random\(\) as its seed"),
    (lambda: time.perf_counter_ns(), r"time.perf_counter_ns\(\) .* use Durable.workflow.now\(\)"),
    (lambda: time.strftime("%H"), r"time.strftime\(\) .* use Durable.workflow.now\(\)"),
    (lambda: Path(__file__).read_text(), r"Path.read_text\(\) .* use an activity"),
    (lambda: os.listdir("."), r"os.listdir\(\) .* use an activity"),
    (lambda: sqlite3.connect(":memory:"), r"sqlite3.connect\(\) .* use an activity"),
    (lambda: subprocess.run(["true"], check=True), r"subprocess.run\(\) .* use an activity"),
    (lambda: http.client.HTTPConnection("127.0.0.1", 1).connect(), r"socket.socket\(\) .* use an activity"),
    (lambda: ThreadPoolExecutor().submit(print), r"threading.Thread.start\(\) .* use an activity"),
    (lambda: multiprocessing.Process(target=print).start(), r"multiprocessing.Process.start\(\) .* use an activity"),
    (lambda: open(__file__, "rb"), r"open\(\) .* use an activity"),  # noqa: SIM115
    (lambda: socket.socket(), r"socket.socket\(\) .* use an activity"),
    (lambda: threading.Thread(target=print).start(), r"threading.Thread.start\(\) .* use an activity"),
]


@pytest.mark.parametrize(("call", "message"), FORBIDDEN, ids=[message[:15] for _, message in FORBIDDEN])
def test_what_a_replay_cannot_repeat_is_refused(call: Callable[[], Any], message: str) -> None:
    async def workflow() -> None:
        call()

    engine = Engine(workflow, tripwires=True)
    engine.start(workflow)
    with pytest.raises(Failed, match=message) as raised:
        engine.run()
    assert raised.value.error["type"] == "WorkflowViolation"
    assert "test_tripwires.py:" in raised.value.error["message"]


def test_what_libraries_do_inside_is_their_own() -> None:
    async def workflow() -> bool:
        logging.getLogger("x").warning("logging reads the clock")
        generator = random.Random(w.random())
        numbers = [generator.random(), generator.randint(1, 2), generator.choice("ab")]
        generator.shuffle(numbers)
        return len(tempfile.gettempprefix()) > 0 and datetime(2030, 1, 1) < datetime.fromisoformat("2040-01-01")

    engine = Engine(workflow, tripwires=True)
    engine.start(workflow)
    assert engine.run() is True


def test_a_log_handler_may_reach_outside(caplog: pytest.LogCaptureFixture) -> None:
    class Opens(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            DatagramHandler("127.0.0.1", 9).makeSocket().close()

    async def workflow() -> str:
        logging.getLogger("reaches").warning("out")
        return "done"

    handler = Opens()
    logging.getLogger("reaches").addHandler(handler)
    try:
        engine = Engine(workflow, tripwires=True)
        engine.start(workflow)
        assert engine.run() == "done"
    finally:
        logging.getLogger("reaches").removeHandler(handler)


def test_nothing_is_refused_outside_of_workflows() -> None:
    async def workflow() -> None:
        await w.sleep(1)

    engine = Engine(workflow, tripwires=True)
    engine.start(workflow)
    engine.run()
    assert time.time() > 0
    with pytest.raises(Durable.WorkflowViolation, match="only there inside a workflow"):
        w.now()


def test_code_that_blocks_is_reported_with_its_stack() -> None:
    told: list[str] = []
    reported = threading.Event()
    handler = logging.Handler()

    def emit(record: logging.LogRecord) -> None:
        told.append(record.getMessage())
        reported.set()

    handler.emit = emit  # type: ignore[method-assign]
    logging.getLogger("hotmesh.durable").addHandler(handler)
    try:
        with watched(WorkflowInfo("job", "slow", "q"), 0.01):
            assert reported.wait(10)
    finally:
        logging.getLogger("hotmesh.durable").removeHandler(handler)
    assert "workflow slow job blocks its process" in told[0]
    assert "test_tripwires.py" in told[0]
