"""The wheel: it holds everything that hotmesh needs at run time, and works where there is no checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.architecture.tree import BESIDE, REPOSITORY

WHAT_IS_SHIPPED = {"py", "json", "yaml", "sql", "tcss"}
NEEDED = ["pyproject.toml", "setup.py", "README.md", "LICENSE"]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a wheel is built from; building leaves files behind."""
    copy = tmp_path_factory.mktemp("sources")
    for folder in ("hotmesh", *BESIDE):
        shutil.copytree(REPOSITORY / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in NEEDED:
        shutil.copy(REPOSITORY / file, copy)
    return copy


@pytest.fixture(scope="module")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(target),
        str(sources),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return next(target.glob("*.whl"))


def test_it_holds_every_file_that_is_needed(sources: Path, wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("hotmesh", *BESIDE):
        prefix = "" if folder == "hotmesh" else "hotmesh/"
        files = [path for path in (sources / folder).rglob("*") if path.suffix.lstrip(".") in WHAT_IS_SHIPPED]
        needed = [f"{prefix}{path.relative_to(sources).as_posix()}" for path in files]
        assert not sorted(set(needed) - held)
    assert "hotmesh/py.typed" in held
    assert not [name for name in held if "__pycache__" in name or not name.startswith("hotmesh")]


def test_it_works_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = """
import sys
sys.path.insert(0, sys.argv[1])
from importlib.resources import files
import hotmesh.cli, hotmesh.tui
assert hotmesh.cli.__file__.startswith(sys.argv[1]), hotmesh.cli.__file__
assert hotmesh.tui.__file__.startswith(sys.argv[1]), hotmesh.tui.__file__
assert files("hotmesh.schemas").joinpath("settings.schema.json").is_file()
assert files("hotmesh.graphs").joinpath("order/order.yaml").is_file()
sys.exit(hotmesh.cli.run(["--version"]))
"""
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
