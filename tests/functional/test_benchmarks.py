"""The benchmarks run, whole and at a tiny scale: each workload of each form gives every figure of its rows."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from benchmarks.forms import FORMS
from benchmarks.suite import ROWS, WORKLOADS

ROOT = Path(__file__).parents[2]
OURS = ("yaml", "durable", "yaml-2p", "durable-2p")
SHARED = tuple(name for name, workload in WORKLOADS.items() if not workload.alone)


def parts(form: str) -> list[str]:
    """The workloads of a form as they share processes."""
    known = FORMS[form].workloads
    alone = [name for name in known if WORKLOADS[name].alone]
    return [",".join(name for name in SHARED if name in known), *alone]


QUICK = [("yaml", parts("yaml")[0]), ("durable-2p", "w1,w5"), ("durable", "w9"), ("yaml", "rows")]
EVERY = [pytest.param(form, only, marks=pytest.mark.crash) for form in OURS for only in parts(form) if (form, only) not in QUICK]


@pytest.mark.parametrize(("form", "only"), [*QUICK, *EVERY])
async def test_the_benchmarks_run(form: str, only: str, server: str) -> None:
    arguments = ["--forms", form, "--only", only, "--scale", "0.005", "--repeat", "1", "--dsn", server]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks",
        *arguments,
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, told = await process.communicate()
    assert process.returncode == 0, told.decode()
    result = json.loads(printed)
    missing = [row.title for row in ROWS if row.workload in only.split(",") and row.value(result["forms"][form]) is None]
    assert not missing, told.decode()
    assert result["failures"] == {}
