"""Labels in lines: broken where a reader would pause, shortened where they would still be too long."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_LINES = 3
_BREAKS = re.compile(r" (?=(?:and|or|if|then|else)\b)|(?<=,) ")


def wrapped(text: str, width: int, lines: int = MAX_LINES) -> tuple[str, ...]:
    """The text in at most `lines` lines of about `width` characters; only words longer than a line are cut."""
    if len(text) <= width:
        return (text,)
    parts = _filled([part for part in _BREAKS.split(text) if part], width)
    broken = [line for part in parts for line in (_filled(part.split(" "), width) if len(part) > width else [part])]
    kept = [_cut(line, width) for line in broken[:lines]]
    if len(broken) > lines:
        kept[-1] = _cut(f"{kept[-1].removesuffix('…')}…", width)
    return tuple(kept)


def _filled(words: Sequence[str], width: int) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1].rstrip()}…"
