"""What the first screen doesn't need isn't loaded before it is shown."""

from __future__ import annotations

import subprocess
import sys

LATER = (
    "jsonschema",
    "networkx",
    "ruamel",
    "pygls",
    "hotmesh.compile",
    "hotmesh.export.execution",
    "hotmesh.expr",
    "hotmesh.graph.layout",
    "hotmesh.lint",
    "hotmesh.machine.job",
    "hotmesh.program",
    "hotmesh.store.commit",
    "hotmesh.tui.screens.ask",
    "hotmesh.tui.screens.job",
    "hotmesh.tui.screens.prompt",
)


def test_the_list_of_jobs_is_loaded_without_the_rest() -> None:
    script = f"import sys, hotmesh.client.console, hotmesh.tui.app; print(*[name for name in {LATER} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == [], f"`hotmesh tui` loads {', '.join(loaded)} before its first screen"
