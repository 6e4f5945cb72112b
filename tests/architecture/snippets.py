"""The examples of the documentation, run as a reader would: in an empty folder, from the top of the page to its end.

The word after a fence's language says what happens to it:

* ```` ```python run ````, ```` ```bash run ```` and ```` ```sql run ```` (through psql) are run; they must exit with 0, or with `exit=N`;
* ```` ```console run ```` types the lines that begin with `$ `; what stands below one is what it prints, `…` stands for anything; with
  `soon` it is typed again until it prints that;
* ```` ```yaml file=order.yaml ```` (any language) is written to that file;
* ```` ```yaml excerpt=order.yaml ```` (any language) shows lines of that file, in their order;
* ```` ```text output ```` (any language) is what the run before it printed;
* `background` beside `run` leaves it running until the page ends, and `ready=WORD` waits until it has printed that word;
* `postgres` beside `run` means that the page needs one.

All other fences are only read. `graphs/` of the repository is there to be used. A `cd` of a console holds for what comes below it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.architecture.background import Background
from tests.architecture.tree import REPOSITORY, name

_FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<language>\w+)[ \t]*(?P<words>[^\n`]*)\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL
)
_BASH = ["bash", "-eu", "-o", "pipefail"]
_PSQL = ["hotmesh", "db", "psql", "-X", "-q", "-P", "pager=off", "-v", "ON_ERROR_STOP=1", "-f"]
_PROGRAMS = {"python": [sys.executable], "bash": _BASH, "sql": _PSQL, "console": _BASH}
INSTALLED_ALREADY = ("pip install ",)
"""Commands that a console shows and the runner leaves out: what they install is there."""
TIMEOUT_S = 60
SOON_S = 30


@dataclass(frozen=True, slots=True)
class Snippet:
    """A fence: its language, the words after it, its text and its first line in the page."""

    language: str
    words: frozenset[str]
    text: str
    line: int

    def value(self, word: str) -> str | None:
        """What follows `word=`."""
        return next((entry.partition("=")[2] for entry in self.words if entry.startswith(f"{word}=")), None)

    @property
    def has_part(self) -> bool:
        """Whether the runner does something with it."""
        return bool({"run", "output"} & self.words) or any(self.value(word) for word in ("file", "excerpt"))


@dataclass
class Reader:
    """Who follows a page: the folder they began in, the one they are in now, their Postgres, what was printed last."""

    home: Path
    dsn: str | None
    stack: ExitStack
    folder: Path = field(init=False)
    printed: str = ""

    def __post_init__(self) -> None:
        self.folder = self.home

    def environment(self) -> dict[str, str]:
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": programs, "NO_COLOR": "1", "COLUMNS": "110", "PYTHONPATH": str(self.folder), "PGTZ": "UTC"}
        return os.environ | own | ({"HOTMESH_DSN": self.dsn} if self.dsn else {})


def pages() -> list[Path]:
    """Every page that has something to run."""
    return [page for page in every_page() if any("run" in snippet.words for snippet in snippets(page))]


def every_page() -> list[Path]:
    """Every page that a user reads."""
    found = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"), *(REPOSITORY / "graphs").rglob("*.md")]
    return sorted(found)


def snippets(page: Path) -> Iterator[Snippet]:
    """The fences of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Snippet(found["language"], frozenset(found["words"].split()), found["text"], line)


def needs_postgres(page: Path) -> bool:
    return any("postgres" in snippet.words for snippet in snippets(page))


def run_page(page: Path, folder: Path, dsn: str | None = None) -> None:
    """Run a page's snippets in `folder`, one after the other. Raises AssertionError with the place of the first that goes wrong."""
    shutil.copytree(REPOSITORY / "graphs", folder / "graphs", ignore=shutil.ignore_patterns("__pycache__"))
    with ExitStack() as stack:
        reader = Reader(folder, dsn, stack)
        for snippet in snippets(page):
            _follow(reader, snippet, f"{name(page)}:{snippet.line}")


def _follow(reader: Reader, snippet: Snippet, place: str) -> None:
    if file := snippet.value("file"):
        (reader.folder / file).parent.mkdir(parents=True, exist_ok=True)
        (reader.folder / file).write_text(snippet.text, encoding="utf-8")
    if file := snippet.value("excerpt"):
        _compare_excerpt(snippet.text, (reader.folder / file).read_text(encoding="utf-8"), place)
    if {"run", "background"} <= snippet.words:
        _begin(reader, snippet, place)
    elif "run" in snippet.words:
        reader.printed = (_type if snippet.language == "console" else _run)(reader, snippet, place)
    if "output" in snippet.words:
        assert _fits(snippet.text, reader.printed), f"{place} says\n{snippet.text}\nbut this was printed:\n{reader.printed}"


def _compare_excerpt(text: str, whole: str, place: str) -> None:
    """Fails unless the lines stand in the file in this order, others between them."""
    lines = iter([line.strip() for line in whole.splitlines()])
    missing = [line for line in text.splitlines() if line.strip() not in ("", "…") and line.strip() not in lines]
    assert not missing, f"{place} shows {missing[0].strip()!r}, which is not in the file, or not at that place"


def _run(reader: Reader, snippet: Snippet, place: str) -> str:
    expected = int(snippet.value("exit") or 0)
    code, printed = _execute(reader, _program(reader, snippet))
    assert code == expected, f"{place} exits with {code}, not {expected}:\n{snippet.text}\n{printed}"
    return printed


def _type(reader: Reader, snippet: Snippet, place: str) -> str:
    """Type the commands of a console; with `soon`, each again and again until it prints what the page says."""
    typed = commands(snippet.text)
    everything = ""
    for number, (command, output) in enumerate(typed, 1):
        expected = int(snippet.value("exit") or 0) if number == len(typed) else 0
        deadline = time.monotonic() + (SOON_S if "soon" in snippet.words else 0)
        while True:
            code, printed = _execute(reader, [*_BASH, "-c", _line(reader, command)])
            right = code == expected and (not output or _fits(output, printed))
            if right or time.monotonic() > deadline:
                break
        assert code == expected, f"{place}: $ {command} exits with {code}, not {expected}:\n{printed}"
        assert right, f"{place}: $ {command} prints\n{printed}\nnot\n{output}"
        cwd = reader.home / ".cwd"
        reader.folder = Path(cwd.read_text().strip())
        everything += printed
    return everything


def _line(reader: Reader, command: str) -> str:
    """A command that leaves behind where it ends."""
    return f"trap 'pwd > {reader.home}/.cwd' EXIT\n{':' if command.startswith(INSTALLED_ALREADY) else command}"


def _execute(reader: Reader, command: list[str]) -> tuple[int, str]:
    ran = subprocess.run(
        command,
        cwd=reader.folder,
        env=reader.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return ran.returncode, ran.stdout


def _begin(reader: Reader, snippet: Snippet, place: str) -> None:
    running = Background(_program(reader, snippet), reader.folder, reader.environment(), snippet.value("ready") or "")
    reader.stack.callback(running.stop)
    printed = running.wait_until_ready(TIMEOUT_S)
    assert printed is None, f"{place} is not ready; it printed\n{printed}"


def _program(reader: Reader, snippet: Snippet) -> list[str]:
    script = reader.home / f".snippet-{snippet.line}"
    text = "\n".join(command for command, _ in commands(snippet.text)) if snippet.language == "console" else snippet.text
    script.write_text(text, encoding="utf-8")
    return [*_PROGRAMS[snippet.language], str(script)]


def commands(text: str) -> list[tuple[str, str]]:
    """The commands of a console, each with what it prints according to the page."""
    said: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            said.append((line[2:], ""))
        elif said and said[-1][0].endswith("\\") and not said[-1][1]:
            said[-1] = (f"{said[-1][0]}\n{line}", "")
        elif said:
            said[-1] = (said[-1][0], f"{said[-1][1]}{line}\n")
    return said


def _fits(pattern: str, printed: str) -> bool:
    """Whether a text is what the page says, `…` standing for anything with the blanks beside it, trailing blanks aside."""
    parts = map(re.escape, re.split(" *… *", _trimmed(pattern)))
    return re.fullmatch(".*?".join(parts), _trimmed(printed), re.DOTALL) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
