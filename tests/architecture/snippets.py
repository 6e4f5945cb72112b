"""The examples of the documentation, run as a reader would: in an empty folder, from the top of the page to its end.

The word after a fence's language says what happens to it:

* ```` ```python run ```` and ```` ```bash run ```` are run; they must exit with 0, or with `exit=N`;
* ```` ```yaml file=order.yaml ```` (any language) is written to that file;
* ```` ```text output ```` (any language) is what the run before it printed; `…` stands for anything;
* `postgres` beside `run` means that the page needs one.

All other fences are only read. `graphs/` of the repository is there to be used.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.tree import REPOSITORY, name

_FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<language>\w+)[ \t]+(?P<words>[^\n`]+)\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL
)
_PROGRAMS = {"python": [sys.executable], "bash": ["bash", "-eu", "-o", "pipefail"]}
TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Snippet:
    """A fence with something to do: its language, the words after it, its text and its first line in the page."""

    language: str
    words: frozenset[str]
    text: str
    line: int

    def value(self, word: str) -> str | None:
        """What follows `word=`."""
        return next((entry.partition("=")[2] for entry in self.words if entry.startswith(f"{word}=")), None)


def pages() -> list[Path]:
    """Every page that has something to run."""
    found = [
        REPOSITORY / "README.md",
        REPOSITORY / "CONTRIBUTING.md",
        *(REPOSITORY / "docs").rglob("*.md"),
        *(REPOSITORY / "graphs").rglob("*.md"),
    ]
    return sorted(page for page in found if page.exists() and any("run" in snippet.words for snippet in snippets(page)))


def snippets(page: Path) -> Iterator[Snippet]:
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Snippet(found["language"], frozenset(found["words"].split()), found["text"], line)


def needs_postgres(page: Path) -> bool:
    return any("postgres" in snippet.words for snippet in snippets(page))


def run_page(page: Path, folder: Path, dsn: str | None = None) -> None:
    """Run a page's snippets in `folder`, one after the other. Raises AssertionError with the place of the first that goes wrong."""
    shutil.copytree(REPOSITORY / "graphs", folder / "graphs", ignore=shutil.ignore_patterns("__pycache__"))
    printed = ""
    for snippet in snippets(page):
        place = f"{name(page)}:{snippet.line}"
        if file := snippet.value("file"):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(snippet.text, encoding="utf-8")
        if "run" in snippet.words:
            printed = _run(snippet, place, folder, dsn)
        if "output" in snippet.words:
            assert _fits(snippet.text, printed), f"{place} says\n{snippet.text}\nbut this was printed:\n{printed}"


def _run(snippet: Snippet, place: str, folder: Path, dsn: str | None) -> str:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": programs, "NO_COLOR": "1", "COLUMNS": "100"} | ({"HOTMESH_DSN": dsn} if dsn else {})
    script = folder / f".snippet-{snippet.line}"
    script.write_text(snippet.text, encoding="utf-8")
    ran = subprocess.run(
        [*_PROGRAMS[snippet.language], script.name],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    expected = int(snippet.value("exit") or 0)
    assert ran.returncode == expected, f"{place} exits with {ran.returncode}, not {expected}:\n{snippet.text}\n{ran.stdout}"
    return ran.stdout


def _fits(pattern: str, printed: str) -> bool:
    """Whether a text is what the page says, `…` standing for anything, trailing blanks aside."""
    parts = [re.escape(part) for part in _trimmed(pattern).split("…")]
    return re.fullmatch(".*?".join(parts), _trimmed(printed), re.DOTALL) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
