"""The apps that the tests of graphs draw, and where their expected pictures lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hotmesh.compile import compile_app
from hotmesh.program import Program

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).with_name("cases")
EXAMPLES = tuple(sorted(path for path in (ROOT / "graphs").glob("*/*.yaml") if path.stem == path.parent.name))
EVERYTHING = CASES / "everything.yaml"


def program(source: Path | str) -> Program:
    """The program of a file or a text, which must have no errors."""
    compiled = compile_app(source) if isinstance(source, str) else compile_app(source.read_bytes(), file=source)
    assert compiled.program is not None, "\n".join(map(str, compiled.diagnostics))
    return compiled.program


def expect(picture: bytes, expected: Path) -> None:
    """The picture must be the expected file, byte for byte. HOTMESH_UPDATE_CASES=1 writes it anew: read the difference."""
    if os.environ.get("HOTMESH_UPDATE_CASES"):
        expected.write_bytes(picture)
    assert expected.exists(), f"{expected} is missing; HOTMESH_UPDATE_CASES=1 writes it"
    if picture != expected.read_bytes():
        pytest.fail(f"{expected} is not what is drawn now; HOTMESH_UPDATE_CASES=1 writes it anew, git diff shows what has changed")
