"""Reading the files of an app: the only place of the compiler that touches the disk."""

from __future__ import annotations

import os
import re
from importlib import import_module
from pathlib import Path
from typing import Final

from hotmesh.diagnostic import Span
from hotmesh.source.findings import Findings
from hotmesh.source.nodes import SourceText

MAX_BYTES = 8 * 1024 * 1024
"""Longer documents are refused."""


def read(path: Path, shown: str, findings: Findings) -> SourceText | None:
    """The text of a file, None (and a finding) when it can't be had."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as problem:
        findings.add("Y101", Span(shown), f"{shown} can't be read: {problem.strerror or problem}")
        return None
    return decode(content, shown, path, findings)


def given(text: str | bytes, path: Path | None, findings: Findings) -> SourceText | None:
    """A text that is there already; half a surrogate pair in it is no character, as it is no UTF-8."""
    shown = relative_name(path) if path is not None else "<app>"
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return decode(content, shown, path, findings)


def decode(content: bytes, shown: str, path: Path | None, findings: Findings) -> SourceText | None:
    """The text of some bytes, None (and a finding) when they are too many or no UTF-8."""
    if len(content) > MAX_BYTES:
        findings.add("Y102", Span(shown), f"{shown} is longer than 8 MiB", help="split the app with $ref")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        column = problem.start - (content.rfind(b"\n", 0, problem.start) + 1) + 1
        span = Span(shown, line, column, line, column + 1)
        findings.add("Y103", span, f"byte 0x{content[problem.start]:02x} is not UTF-8", help="save the file as UTF-8")
        return None
    findings.texts[shown] = text
    return SourceText(shown, text, path)


def relative_name(path: Path) -> str:
    """A path as messages show it: relative to the working directory where that is shorter."""
    try:
        name = os.path.relpath(path)
    except ValueError:  # another drive
        return str(path)
    return str(path) if name.startswith("..") else name


def bundled(name: str) -> bytes:
    """The content of a schema that comes with the package."""
    return Path(import_module("hotmesh.schemas").__path__[0], name).read_bytes()


_SKIPPED: Final = frozenset({"node_modules", "__pycache__", "site-packages", "build", "dist"})
_APP: Final = re.compile(rb"^(app|activities|subscribes)\s*:|^#.*\bapp\.schema\.json\b", re.MULTILINE)


def apps_in(path: Path) -> list[Path]:
    """The file itself, or the apps in a folder and below it, in order: the YAML files that look like one."""
    if not path.is_dir():
        return [path]
    found = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        files = (Path(folder, name) for name in sorted(names) if name.endswith((".yaml", ".yml")))
        found += [file for file in files if _looks_like_app(file)]
    return found


def _looks_like_app(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return _APP.search(file.read(MAX_BYTES)) is not None
    except OSError:
        return False
