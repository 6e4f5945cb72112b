"""The rules of the house that a machine can check: names, sizes, SQL in its place, nothing left undone."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.tree import BESIDE, REPOSITORY, SOURCES, docstrings, functions, name

VAGUE = {"util", "utils", "common", "helper", "helpers", "base", "manager", "misc", "tools", "lib", "stuff"}
SQL = re.compile(
    r"^\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|CREATE\s+(TABLE|SCHEMA|INDEX|FUNCTION|ROLE|DATABASE)|"
    r"DROP\s+(TABLE|SCHEMA|ROLE)|ALTER\s|GRANT\s|WITH\s+\w+\s+AS\s|CALL\s|NOTIFY\s|LISTEN\s)"
)
MAY_SPEAK_SQL = {"hotmesh/store/embedded/data.py": "PostgreSQL's single-user mode reads the statement before there is a server"}

every_source = pytest.mark.parametrize("path", SOURCES, ids=name)


@every_source
def test_names_say_what_is_inside(path: Path) -> None:
    assert not VAGUE & set(path.with_suffix("").relative_to(REPOSITORY).parts)


@every_source
def test_files_have_one_idea(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= 450, "split it where its idea splits"


@every_source
def test_functions_fit_on_a_screen(path: Path) -> None:
    long = [f"{node.name}: {length} lines" for node in functions(ast.parse(path.read_text())) if (length := body_lines(node)) > 50]
    assert not long


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function without its decorators and its docstring."""
    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
    return (node.end_lineno or 0) - first.lineno + 1


@every_source
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())) or not path.read_text().strip()


@every_source
def test_sql_lives_in_sql_files(path: Path) -> None:
    if name(path) in MAY_SPEAK_SQL:
        return
    tree = ast.parse(path.read_text())
    prose = docstrings(tree)
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose]
    assert not [f"line {node.lineno}: {str(node.value)[:60]!r}" for node in texts if SQL.match(str(node.value))]


@every_source
def test_nothing_is_left_undone_or_swallowed(path: Path) -> None:
    text = path.read_text()
    assert not re.findall(r"#.*\b(TODO|FIXME|XXX|HACK)\b.*", text)
    handlers = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ExceptHandler)]
    assert not [f"line {node.lineno}" for node in handlers if all(isinstance(step, ast.Pass) for step in node.body)]


@pytest.mark.parametrize("folder", ["hotmesh", "tui", "tests"])
def test_what_is_installed_below_hotmesh_is_imported_from_there(folder: str) -> None:
    wrong = re.compile(rf"^\s*(from|import) ({'|'.join(BESIDE)})\b", re.MULTILINE)
    assert not [name(path) for path in (REPOSITORY / folder).rglob("*.py") if wrong.search(path.read_text())]


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for path in SOURCES}
    assert not [name(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()]


def test_the_lock_files_name_no_place() -> None:
    for file in ("requirements.lock", "docs/requirements.lock"):
        lines = [line for line in (REPOSITORY / file).read_text().splitlines() if not line.lstrip().startswith("#")]
        assert not [line for line in lines if "/" in line or "--index" in line], file


def test_no_tracked_file_is_one_that_is_made() -> None:
    ran = subprocess.run(["git", "ls-files", "-ci", "--exclude-standard"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ran.stdout == ""


def test_the_lock_file_holds_what_pyproject_asks_for() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    asked = [Requirement(text) for text in [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]]
    texts = [(REPOSITORY / file).read_text() for file in ("requirements.lock", "docs/requirements.lock")]
    pinned = {(canonicalize_name(name), version) for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", "\n".join(texts), re.MULTILINE)}
    unmet = [
        str(requirement)
        for requirement in asked
        if requirement.name != "hotmesh"
        and not any(name == canonicalize_name(requirement.name) and version in requirement.specifier for name, version in pinned)
    ]
    assert not unmet, "run: make lock UPGRADE="
