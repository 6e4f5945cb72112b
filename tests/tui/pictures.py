"""Pictures of the app: SVG without fonts from elsewhere, the same bytes for the same screen.

`HOTMESH_UPDATE_PICTURES=1` writes them anew; look at them before they are committed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from hotmesh.tui.app import HotMeshApp

KEPT = Path(__file__).parent / "snapshots"
DOCS = Path(__file__).parents[2] / "docs" / "pictures"

_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_IDS = re.compile(r"terminal-\d+")


def picture(app: HotMeshApp) -> str:
    """The screen as SVG."""
    svg = _FACES.sub("", app.export_screenshot(title=f"hotmesh tui --app {app.app_id}"))
    svg = svg.replace("font-family: Fira Code, monospace", "font-family: ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace")
    svg = _IDS.sub("terminal", svg)
    return "\n".join(each.rstrip() for each in svg.splitlines()) + "\n"


def compare(app: HotMeshApp, name: str, folder: Path = KEPT) -> None:
    """Hold the screen against the picture that was kept. Fails with the words that differ."""
    file, shown = folder / f"{name}.svg", picture(app)
    if os.environ.get("HOTMESH_UPDATE_PICTURES"):
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(shown, encoding="utf-8")
    kept = file.read_text(encoding="utf-8") if file.exists() else ""
    if shown != kept:
        new, old = _words(shown), _words(kept)
        differing = [f"  {a!r}\n  was {b!r}" for a, b in zip(new, old, strict=False) if a != b][:10]
        raise AssertionError(
            f"{name} looks different (HOTMESH_UPDATE_PICTURES=1 keeps it so):\n" + ("\n".join(differing) or "the same words, other colors")
        )


def _words(svg: str) -> list[str]:
    return [re.sub(r"<[^>]+>", "", each).replace("&#160;", " ") for each in re.findall(r"<text[^>]*>.*?</text>", svg)]
