"""Codes of errors: those that the source uses are those that the page lists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from hotmesh.cli.codes_reference import ADVICE, OF_SQL, page
from hotmesh.errors import CODES
from tests.architecture.tree import REPOSITORY, SOURCES, name

PAGE = REPOSITORY / "docs/reference/codes.md"
NAMES = re.compile(r"(\w+_)?(code|CODE)|EXHAUSTED|MAPPING_FAILED")


def numbers(tree: ast.AST) -> set[int]:
    """The whole numbers that are given to something called a code, and those of dicts with a `code`."""
    found: set[object] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and NAMES.fullmatch(node.arg or ""):
            found.add(constant(node.value))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and NAMES.fullmatch(target.id) for target in targets):
                found.add(constant(node.value))
        elif isinstance(node, ast.Dict):
            found |= {constant(value) for key, value in zip(node.keys, node.values, strict=True) if key and constant(key) == "code"}
    return {each for each in found if isinstance(each, int) and not isinstance(each, bool) and 100 <= each <= 999}


def constant(node: ast.AST | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m hotmesh.cli.codes_reference > docs/reference/codes.md"


def test_every_code_has_advice() -> None:
    assert list(ADVICE) == list(CODES)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_every_code_of_the_source_is_known(path: Path) -> None:
    assert not numbers(ast.parse(path.read_text(encoding="utf-8"))) - CODES.keys(), "add it to hotmesh.errors.CODES"


def test_the_scan_finds_codes() -> None:
    source = "class A:\n    code = 611\nf(code=612)\nx = {'code': 613}\nLIMIT_CODE: int = 614\ncount = 615"
    assert numbers(ast.parse(source)) == {611, 612, 613, 614}


def test_every_sqlstate_of_our_own_is_known() -> None:
    files = [*(REPOSITORY / "hotmesh/store").rglob("*.sql")]
    raised = {state for file in files for state in re.findall(r"'(HM\d{3})'", file.read_text(encoding="utf-8"))}
    assert raised == OF_SQL.keys()
