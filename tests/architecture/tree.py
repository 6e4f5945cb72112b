"""The source tree, as the tests of its order see it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BESIDE = ("tui", "schemas", "graphs")
"""The folders that are installed as `hotmesh.<name>`."""
SOURCES = sorted(path for folder in ("hotmesh", "tui") for path in (REPOSITORY / folder).rglob("*.py"))
"""Every file of the product's code."""


def name(path: Path) -> str:
    """A path as one says it."""
    return path.relative_to(REPOSITORY).as_posix()


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def docstrings(tree: ast.AST) -> set[int]:
    """The ids of the constants that only describe: every expression that is nothing but a text."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
