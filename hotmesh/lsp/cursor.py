"""Where one stands in a text that may be half typed: the keys above, and the reference under the cursor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_KEY: Final = re.compile(r"""^(\s*(?:-\s+)*)(?:'([^']*)'|"([^"]*)"|([^\s#'"{\[][^:#]*?))\s*:(?:\s|$)""")
_ITEM: Final = re.compile(r"^(\s*)-(\s|$)")


def key_path(text: str, line: int) -> list[str]:
    """The keys that lead to a line (from 0) by their indentation, the outermost first."""
    lines = text.split("\n")[: line + 1]
    path: list[str] = []
    limit = _indent(lines[-1]) + 1 if lines and lines[-1].strip() else 10_000
    for current in reversed(lines):
        match = _KEY.match(current)
        if match is None or current.lstrip().startswith("#"):
            continue
        column = len(match.group(1))
        if column < limit or current is lines[-1]:
            path.insert(0, next(group for group in match.groups()[1:] if group is not None))
            limit = min(column, _indent(current) + 1 if _ITEM.match(current) else column)
    return path


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


@dataclass(frozen=True, slots=True)
class Typed:
    """A reference or function as far as it is typed: `prefix` stands between the brace and the cursor, `column` is where it begins."""

    prefix: str
    column: int

    @property
    def segments(self) -> list[str]:
        """The segments before the one that is being typed."""
        return re.split(r"[.\[]", self.prefix)[:-1]

    @property
    def word(self) -> str:
        """The segment that is being typed."""
        return re.split(r"[.\[]", self.prefix)[-1]

    @property
    def word_column(self) -> int:
        return self.column + len(self.prefix) - len(self.word)


def typed_reference(line: str, column: int) -> Typed | None:
    """The reference that the cursor is in, None when there is no open brace before it."""
    before = line[:column]
    start = before.rfind("{")
    if start < 0 or "}" in before[start:] or before[:start].rstrip().endswith("#"):
        return None
    prefix = before[start + 1 :]
    return Typed(prefix, start + 1) if re.fullmatch(r"[@$]?[\w.$\-\[\]]*", prefix) else None


def function_at(line: str, column: int) -> tuple[str, int, int] | None:
    """The name of the pipe function under the cursor, with its columns."""
    for match in re.finditer(r"\{@([A-Za-z_]\w*\.[A-Za-z_]\w*)\}", line):
        if match.start(1) <= column <= match.end(1):
            return match.group(1), match.start(1), match.end(1)
    return None
