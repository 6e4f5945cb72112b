"""The command line with a codec: what is stored is encoded, what is shown is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hotmesh import HotMesh
from tests.functional.cli.conftest import Command
from tests.test_codec_setting import MODULE


@pytest.fixture
def turned(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A codec beside the app, named by the environment."""
    (folder / "turning.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("HOTMESH_CODEC", "turning:Turned")
    yield
    HotMesh.register_codec(None)


@pytest.mark.usefixtures("turned")
def test_the_command_line_reads_what_it_stores(hotmesh: Command, app_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hotmesh("deploy", "app.yaml").code == 0
    assert hotmesh("activate", "1", "--app", app_id).code == 0
    assert hotmesh("pub", f"{app_id}.approve", '{"who": "ann"}', "--job-id", "a-1", "--app", app_id).code == 0
    assert '"who": "ann"' in hotmesh("export", "a-1", "--app", app_id).out
    monkeypatch.delenv("HOTMESH_CODEC")
    HotMesh.register_codec(None)
    shown = hotmesh("export", "a-1", "--app", app_id).out
    assert "ann" not in shown
    assert '"hm:' in shown


def test_a_codec_that_is_not_there_is_told(hotmesh: Command, app_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTMESH_CODEC", "nowhere:Codec")
    ran = hotmesh("jobs", "--app", app_id)
    assert ran.code != 0
    assert "the codec nowhere:Codec can't be had: ModuleNotFoundError" in ran.err
