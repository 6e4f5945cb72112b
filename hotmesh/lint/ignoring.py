"""Comments that silence findings: `# hotmesh: ignore[R203]` on the line of the finding, or alone on the line above it.

A comment can't silence an error that makes a program impossible, as a duplicate key or a missing trigger.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from hotmesh.diagnostic import Diagnostic
from hotmesh.source.findings import is_fatal

_COMMENT: Final = re.compile(r"#\s*hotmesh:\s*ignore(?:\[([^\]]*)\])?")
_ALL: Final = frozenset({"*"})


def audible(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """The findings that no comment silences; `texts` are the files by the names that findings use."""
    silent = {file: silenced(text) for file, text in texts.items() if "hotmesh:" in text}
    return tuple(found for found in diagnostics if not _is_silenced(found, silent.get(found.file, {})))


def silenced(text: str) -> dict[int, frozenset[str]]:
    """The codes that are silenced, by line; `*` stands for all."""
    lines: dict[int, frozenset[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _COMMENT.search(line)
        if match is None:
            continue
        codes = frozenset(code.strip().upper() for code in match.group(1).split(",")) if match.group(1) is not None else _ALL
        target = number + 1 if line.lstrip().startswith("#") else number
        lines[target] = lines.get(target, frozenset()) | codes
    return lines


def _is_silenced(found: Diagnostic, lines: dict[int, frozenset[str]]) -> bool:
    if is_fatal(found):
        return False
    codes = lines.get(found.line, frozenset())
    return bool(codes & _ALL) or any(found.code.startswith(code) for code in codes if code)
