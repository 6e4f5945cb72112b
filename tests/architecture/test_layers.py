"""The layers: the contracts of pyproject.toml hold for the package as it is once installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.tree import BESIDE, REPOSITORY


def test_every_contract_is_kept(tmp_path: Path) -> None:
    package = tmp_path / "hotmesh"
    package.mkdir()
    for path in [*(REPOSITORY / "hotmesh").iterdir(), *(REPOSITORY / folder for folder in BESIDE)]:
        (package / path.name).symlink_to(path)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    command = [sys.executable, "-c", "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command as c; c()"]
    ran = subprocess.run([*command, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
