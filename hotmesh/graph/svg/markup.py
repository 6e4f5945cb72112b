"""SVG elements as text: attributes in the order given, everything escaped, so that the same picture has the same bytes."""

from __future__ import annotations

import re
from html import escape
from typing import Final

_FORBIDDEN: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(name: str, *content: str, **attributes: str | float | None) -> str:
    """An element. `class_` stands for `class`, other underscores for hyphens; None leaves an attribute out."""
    shown = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items() if value is not None)
    inside = "".join(content)
    return f"<{name}{shown}>{inside}</{name}>" if inside else f"<{name}{shown}/>"


def text(content: str, x: float, y: float, class_: str, anchor: str | None = None) -> str:
    """A line of text whose baseline begins (or, by `anchor`, has its middle) at a point."""
    return element("text", escape(printable(content), quote=False), x=x, y=y, class_=class_, text_anchor=anchor)


def title(content: str) -> str:
    """What shows when the pointer rests on the element around it."""
    return element("title", escape(printable(content), quote=False))


def printable(content: str) -> str:
    """The text without the characters that XML forbids: control characters, halves of pairs, and the last two of a plane."""
    return _FORBIDDEN.sub("\ufffd", content.replace("\r", ""))


def number(value: float) -> str:
    """A number with at most two digits after the point, and none that say nothing."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _value(value: str | float | None) -> str:
    return escape(printable(value)) if isinstance(value, str) else number(value or 0)
