"""What a string of a template means: a reference, a function without arguments, or itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Reference:
    """`{root.path}`. `root` is an activity's id or a `$name`; `path` are keys and list indexes."""

    root: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionName:
    """`{@domain.name}`"""

    domain: str
    name: str

    @property
    def full(self) -> str:
        return f"{self.domain}.{self.name}"


@dataclass(frozen=True, slots=True)
class Literal:
    """A string that stands for itself; `{{…}}` has lost its outer braces."""

    text: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A string in braces that is no reference: what is wrong with it, and what to write."""

    problem: str
    help: str


Parsed: TypeAlias = Reference | FunctionName | Literal | Malformed

_FUNCTION: Final = re.compile(r"\{\s*@([A-Za-z_]\w*)\.([A-Za-z_]\w*)\s*\}", re.ASCII)
_SEGMENT: Final = r"""\.[^.\[\]{}]+|\[\d+\]|\["[^"{}]+"\]|\['[^'{}]+'\]"""
_REFERENCE: Final = re.compile(rf"""\{{\s*(\$?[^\s.\[\]{{}}@$"':,]+)((?:{_SEGMENT})*)\}}""")
_EACH_SEGMENT: Final = re.compile(_SEGMENT)
_DOUBLE_BRACES: Final = "write {{…}} for a text that has braces around it"


@lru_cache(maxsize=4096)
def parse_text(text: str) -> Parsed:
    """The meaning of a string of a template. Never raises."""
    if not (text.startswith("{") and text.endswith("}") and len(text) > 1):
        return Literal(text)
    if text.startswith("{{") and text.endswith("}}") and len(text) > 3:
        return Literal(text[1:-1])
    return _function(text) if text[1:].lstrip().startswith("@") else parse_reference(text)


def parse_reference(text: str) -> Reference | Malformed:
    """The reference that `'{a.b[0].c}'` spells, or what is wrong with it. Never raises."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return _malformed(text)
    root, rest = match.groups()
    segments = [segment.group().rstrip() for segment in _EACH_SEGMENT.finditer(rest)]
    return Reference(root, tuple(_key(segment) for segment in segments))


def _key(segment: str) -> str:
    if segment.startswith("."):
        return segment[1:]
    return segment[1:-1].strip("\"'")


def _function(text: str) -> FunctionName | Malformed:
    match = _FUNCTION.fullmatch(text)
    if match is None:
        return Malformed(f"{text!r} is no function", "write {@domain.function}, as in {@string.concat}")
    return FunctionName(*match.groups())


def _malformed(text: str) -> Malformed:
    inner = text[1:-1].strip()
    if not inner:
        return Malformed("the reference is empty", _DOUBLE_BRACES)
    if inner[0] in "\"'" or ":" in inner.partition(".")[0]:
        return Malformed(f"{text!r} is no reference", _DOUBLE_BRACES)
    if "{" in inner or "}" in inner:
        return Malformed(f"{text!r} is more than one reference", "join the parts in an @pipe with {@string.concat}")
    if ".." in inner or inner[0] == "." or inner[-1] == ".":
        return Malformed(f"the reference {text!r} has an empty segment", "write {activity.output.data.key}")
    return Malformed(f"{text!r} is no reference", "write {activity.output.data.key} or {activity.output.data.list[0]}")
