"""Every app in graphs/ draws the picture beside it, lints clean, and has a worker for each of its topics."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from hotmesh.compile import compile_app
from hotmesh.graph.layout import Direction
from hotmesh.graph.render import Format, render
from hotmesh.program import Worker
from tests.graph.apps import CASES, EVERYTHING, EXAMPLES, ROOT, expect, program

APPS = pytest.mark.parametrize("app", EXAMPLES, ids=lambda path: path.stem)


@APPS
def test_the_svg_beside_the_app(app: Path) -> None:
    expect(render(program(app)), app.with_suffix(".svg"))


@pytest.mark.parametrize(("format", "suffix"), [("svg", ".svg"), ("ascii", ".txt"), ("mermaid", ".mmd")])
def test_the_graphs_that_ship_with_the_product(format: Format, suffix: str) -> None:
    expect(render(program(ROOT / "graphs/durable.yaml"), format), CASES / f"durable{suffix}")


@APPS
@pytest.mark.parametrize(("format", "suffix"), [("ascii", ".txt"), ("mermaid", ".mmd")])
def test_the_app_as_text(app: Path, format: Format, suffix: str) -> None:
    expect(render(program(app), format), CASES / f"{app.stem}{suffix}")


@pytest.mark.parametrize(
    ("format", "direction", "name"),
    [
        ("svg", "LR", "everything.svg"),
        ("svg", "TB", "everything-tb.svg"),
        ("ascii", "LR", "everything.txt"),
        ("ascii", "TB", "everything-tb.txt"),
        ("mermaid", "LR", "everything.mmd"),
    ],
)
def test_an_app_with_everything(format: Format, direction: Direction, name: str) -> None:
    expect(render(program(EVERYTHING), format, direction=direction), CASES / name)


@APPS
def test_the_linter_finds_nothing(app: Path) -> None:
    assert compile_app(app.read_bytes(), file=app).diagnostics == ()


@APPS
def test_there_is_a_worker_for_each_topic(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(app.parent))  # as for a program that is run from there
    topics = {each.topic for graph in program(app).graphs.values() for each in graph.activities.values() if isinstance(each, Worker)}
    workers = loaded(app.with_name("workers.py")).WORKERS
    sys.modules.pop("activities", None)
    assert set(workers) == topics
    assert all(asyncio.iscoroutinefunction(callback) for callback in workers.values())


@APPS
def test_the_readme_names_the_files(app: Path) -> None:
    readme = app.with_name("README.md").read_text(encoding="utf-8")
    for name in re.findall(r"`([\w-]+\.(?:yaml|py|svg|json))`", readme):
        assert (app.parent / name).exists(), f"the README speaks of {name}"
    assert f"hotmesh run graphs/{app.stem}/{app.name}" in readme


def test_two_processes_draw_the_same_bytes() -> None:
    """Nothing may depend on the seed of hashes."""
    script = (
        "import hashlib; from hotmesh.graph.render import render; from tests.graph.apps import EVERYTHING, program; "
        "print(hashlib.sha256(render(program(EVERYTHING))).hexdigest())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env={"PYTHONHASHSEED": seed, "PATH": ""}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"workers_of_{path.parent.name.replace('-', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
