"""A clock that stands, and none of the developer's settings."""

from __future__ import annotations

import pytest

from hotmesh import clock
from tests.tui.fake import NOW


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the developer's, and a clock that stands."""
    for name in ("NO_COLOR", "HOTMESH_KEYS", "HOTMESH_THEME", "PAGER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOTMESH_KEYS", "/nonexistent")
    monkeypatch.setattr(clock, "now", lambda: NOW)
