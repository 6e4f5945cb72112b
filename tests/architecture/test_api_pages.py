"""The API pages list every public name, and every public name says what it is."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

import hotmesh
from hotmesh import Durable
from hotmesh.client.views import Views
from tests.architecture.tree import REPOSITORY

REFERENCE = REPOSITORY / "docs/reference"
DIRECTIVE = re.compile(r"^\.\. auto\w+:: (\S+)$", re.MULTILINE)
CLASSES = [
    hotmesh.HotMesh,
    hotmesh.Observer,
    hotmesh.RestrictedWorker,
    Views,
    Durable.Client,
    Durable.WorkflowClient,
    Durable.Handle,
    Durable.Worker,
]


def listed(page: str) -> set[str]:
    """What the directives of a page name."""
    return set(DIRECTIVE.findall((REFERENCE / page).read_text(encoding="utf-8")))


def public(path: Path) -> list[str]:
    """The names a module gives to its users: what it imports under its own name, and what it defines."""
    names: list[str] = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            names += [each.name for each in node.names if each.asname == each.name]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(node.name)
    return [each for each in names if not each.startswith("_")]


def test_every_name_of_hotmesh_is_listed() -> None:
    missing = set(hotmesh.__all__) - {name.removeprefix("hotmesh.") for name in listed("python.md")} - {"__version__", "Durable"}
    assert not missing, "add it to docs/reference/python.md"


@pytest.mark.parametrize("module", ["", "workflow."])
def test_every_name_of_durable_is_listed(module: str) -> None:
    path = REPOSITORY / "hotmesh/durable" / (f"{module}py" if module else "__init__.py")
    shown = {name.rpartition(".")[2] for name in listed("durable.md")}
    assert not set(public(path)) - shown, "add it to docs/reference/durable.md"


@pytest.mark.parametrize("owner", CLASSES, ids=lambda owner: owner.__qualname__)
def test_every_method_says_what_it_does(owner: type) -> None:
    members = [(name, value) for name, value in inspect.getmembers(owner) if not name.startswith("_") and callable(value)]
    assert not [name for name, value in members if not inspect.getdoc(value)], "what has no docstring is not on the page"
