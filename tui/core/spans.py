"""Lines of spans: a text with a role each. Everything the app shows is made of them; a theme gives roles their colors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias, get_args

from hotmesh.graph.canvas import shortened, text_width

Role: TypeAlias = Literal[
    "text",
    "dim",
    "strong",
    "title",
    "accent",
    "key",
    "header",
    "mark",
    "running",
    "waiting",
    "paused",
    "completed",
    "failed",
    "cancelled",
    "interrupted",
    "skipped",
    "pending",
    "taken",
    "untaken",
    "name",
    "string",
    "number",
    "tab",
    "warning",
    "added",
    "removed",
    "changed",
    "selected",
]

ROLES: tuple[Role, ...] = get_args(Role)

Span: TypeAlias = tuple[str, Role]
Line: TypeAlias = tuple[Span, ...]

SIGNS: dict[str, tuple[str, Role]] = {
    "running": ("⟳", "running"),
    "waiting": ("◷", "waiting"),
    "paused": ("‖", "paused"),
    "completed": ("✓", "completed"),
    "done": ("✓", "completed"),
    "failed": ("✗", "failed"),
    "interrupted": ("⊘", "interrupted"),
    "cancelled": ("⊖", "cancelled"),
    "skipped": ("–", "skipped"),
    "pending": ("·", "pending"),
    "open": ("⟳", "running"),
}
"""A sign and a role for each state of a job or an activity, so that no state is told by its color alone."""


def line(text: str, role: Role = "text") -> Line:
    """A line of one span."""
    return ((text, role),)


def plain(shown: Line) -> str:
    """A line's text."""
    return "".join(text for text, _ in shown)


def text_of(lines: Iterable[Line]) -> str:
    """Lines as text, for the clipboard and the pager."""
    return "\n".join(plain(each).rstrip() for each in lines) + "\n"


def width_of(shown: Line) -> int:
    """The columns of a line."""
    return sum(text_width(text) for text, _ in shown)


def padded(text: str, width: int, align: str = "left") -> str:
    """A text in exactly so many columns: cut with an ellipsis, or filled with blanks."""
    cut = shortened(text, width) if width > 0 else ""
    blanks = " " * (width - text_width(cut))
    return blanks + cut if align == "right" else cut + blanks


def spread(left: Line, right: Line, width: int) -> Line:
    """Two lines on one, the second at the right; the first is cut where there is no room for both."""
    room = width - width_of(right)
    kept = clipped(left, max(0, room - 1))
    return (*kept, (" " * (room - width_of(kept)), "text"), *right)


def clipped(shown: Line, width: int) -> Line:
    """The line, cut to so many columns."""
    kept: list[Span] = []
    left = width
    for text, role in shown:
        size = text_width(text)
        if size > left:
            if left > 0:
                kept.append((shortened(text, left), role))
            break
        kept.append((text, role))
        left -= size
    return tuple(kept)


def wrap(text: str, width: int, role: Role = "text") -> list[Line]:
    """A text on lines of at most so many columns, broken at blanks where there are any; what is indented stays so."""
    lines: list[Line] = []
    for paragraph in text.split("\n"):
        body = paragraph.lstrip(" ")
        indent = " " * min(len(paragraph) - len(body), width // 2)
        lines += [line(indent + part, role) for part in _filled(body, width - len(indent))]
    return lines


def _filled(text: str, width: int) -> list[str]:
    lines, current = list[str](), ""
    for word in text.split(" "):
        longer = f"{current} {word}" if current else word
        if text_width(longer) <= width:
            current = longer
            continue
        if current:
            lines.append(current)
        while text_width(word) > width > 1:
            head = _head(word, width)
            lines.append(head)
            word = word[len(head) :]
        current = word
    return [*lines, current]


def _head(word: str, width: int) -> str:
    """As much of a word as fits."""
    kept = len(word)
    while kept > 1 and text_width(word[:kept]) > width:
        kept -= 1
    return word[:kept]
