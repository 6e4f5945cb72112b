"""The types of the public API, as mypy and pyright see them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.timeout(240)
def test_mypy_knows_the_types() -> None:
    checked = run("mypy", "--strict", "--follow-imports=silent", str(HERE / "typed_api.py"))
    assert checked.returncode == 0, checked.stdout


@pytest.mark.timeout(120)
def test_pyright_knows_the_types(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"typeCheckingMode": "strict", "pythonVersion": "3.11", "reportUnnecessaryTypeIgnoreComment": "error"}
    project = tmp_path / "pyrightconfig.json"
    project.write_text(json.dumps({"include": [str(HERE / "typed_api.py")], "extraPaths": [str(ROOT)], **settings}))
    checked = run("basedpyright", "--project", str(project), "--pythonpath", sys.executable)
    assert checked.returncode == 0, checked.stdout
    assert "0 errors" in checked.stdout
