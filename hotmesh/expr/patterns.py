"""Regular expressions of ECMAScript (no flags, ECMA-262 with Annex B), run by the `regex` package under a limit of time.

A pattern is translated once: what both sides write alike stays, the rest is spelled out (`.`, `\\s`, `$`, `[^]`, back references to
groups that did not take part, octal escapes). It runs on UTF-16 code units, as in ECMAScript.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from hotmesh.expr.faults import Fault
from hotmesh.expr.values import SPACES, to_units

if TYPE_CHECKING:
    import regex

TIME_LIMIT_S: Final = 0.05
LENGTH_LIMIT: Final = 10_000
"""The length of the longest pattern, and how often all its parts together may have to be repeated: what it takes to compile one."""
_MOST_REPEATS: Final = 2**32 - 2
"""The largest count that `regex` knows; a larger one has no end."""


def find(text: str, pattern: str) -> int:
    """The index of the first match in UTF-16 code units, −1 when there is none. Raises Fault for a bad pattern and a slow one."""
    compiled = _compiled(to_units(pattern))
    try:
        match = compiled.search(to_units(text), timeout=TIME_LIMIT_S)
    except TimeoutError:
        raise Fault(f"the pattern {pattern!r} took more than {TIME_LIMIT_S * 1000:.0f} ms") from None
    return match.start() if match else -1


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> regex.Pattern[str]:
    import regex

    if len(pattern) > LENGTH_LIMIT:
        raise Fault(f"the pattern is longer than {LENGTH_LIMIT:,} characters")
    try:
        return regex.compile(_Translation(pattern).result(), regex.ASCII | regex.VERSION1)
    except regex.error as error:
        raise Fault(f"the pattern {pattern!r} is no regular expression: {error}") from None


_SPACE_SET: Final = "".join(f"\\u{ord(space):04x}" for space in SPACES)
_CONTROL: Final = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}
_QUANTIFIER: Final = re.compile(r"[*+?]|\{(\d+)(,(\d*))?\}", re.ASCII)
_GROUP: Final = re.compile(r"\?(?:[:=!]|<[=!]|<([A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*)>)|(?!\?)", re.ASCII)
_ESCAPE: Final = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|c([A-Za-z])", re.ASCII)
_OCTAL: Final = re.compile(r"[0-3][0-7]{0,2}|[4-7][0-7]?", re.ASCII)


def _literal(character: str) -> str:
    return f"\\u{ord(character):04x}"


class _Translation:
    """One pattern being read from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._open: list[bool] = []
        """For each open group, whether it may be repeated."""
        self._weights = [0]
        """How many characters the whole and each open group have once counts are written out."""
        self._weight = 0
        """The same of the last term, which a count multiplies."""
        self._repeatable = False
        self._groups = _groups(pattern)
        self._names = [name for name in self._groups if name]

    def result(self) -> str:
        """The whole pattern in the syntax of `regex`."""
        parts = []
        while self._at < len(self._pattern):
            parts.append(self._term())
        if self._open:
            raise self._bad("a group is not closed")
        return "".join(parts)

    def _bad(self, problem: str) -> Fault:
        return Fault(f"the pattern {self._pattern!r} is no regular expression: {problem}")

    def _take(self, count: int = 1) -> str:
        taken = self._pattern[self._at : self._at + count]
        self._at += count
        return taken

    def _term(self) -> str:
        quantifier = _QUANTIFIER.match(self._pattern, self._at)
        if quantifier:
            return self._quantifier(quantifier)
        character = self._take()
        self._repeatable = character not in "^|"
        text = self._atom(character)
        if character != "(":
            self._weigh(1 if character != ")" else self._weights.pop())
        return text

    def _atom(self, character: str) -> str:
        match character:
            case "^" | "|":
                return character
            case "$":
                self._repeatable = False
                return r"\Z"
            case ".":
                return r"[^\n\r\u2028\u2029]"
            case "(":
                return self._opening()
            case ")":
                return self._closing()
            case "[":
                return self._set()
            case "\\":
                return self._escape()
        return _literal(character)

    def _weigh(self, weight: int) -> None:
        self._weight = weight
        self._weights[-1] += weight
        if self._weights[-1] > LENGTH_LIMIT:
            raise Fault(f"the pattern {self._pattern!r} repeats its parts more than {LENGTH_LIMIT:,} times")

    def _quantifier(self, match: re.Match[str]) -> str:
        least, most = match.group(1), match.group(3)
        if not self._repeatable:
            raise self._bad("nothing to repeat")
        if least and most and int(least) > int(most):
            raise self._bad("the numbers of a quantifier are out of order")
        self._repeatable = False
        self._take(len(match.group()))
        lazy = self._take() if self._pattern.startswith("?", self._at) else ""
        if not least:
            return match.group() + lazy
        self._weigh(self._weight * max(int(least) - 1, 0))
        end = f",{most if most and int(most) <= _MOST_REPEATS else ''}" if match.group(2) else ""
        return f"{{{least}{end}}}{lazy}"

    def _opening(self) -> str:
        match = _GROUP.match(self._pattern, self._at)
        if match is None:
            raise self._bad("a group begins with an unknown mark")
        self._take(len(match.group()))
        name = match.group(1)
        if name and self._names.count(name) > 1:
            raise self._bad(f"two groups are called {name}")
        self._weights.append(0)
        self._open.append(not match.group().startswith(("?<=", "?<!")))
        self._repeatable = False
        return "(" if name else f"({match.group()}"

    def _closing(self) -> str:
        if not self._open:
            raise self._bad("a group is closed that was not opened")
        self._repeatable = self._open.pop()
        return ")"

    def _escape(self) -> str:
        if self._at == len(self._pattern):
            raise self._bad("it ends in a backslash")
        mark = self._pattern[self._at]
        if mark in "bB":
            self._repeatable = False
            return "\\" + self._take()
        if mark in "123456789" and (reference := self._numbered_reference()):
            return reference
        if mark == "k" and self._names:
            return self._named_reference()
        return self._shared_escape()

    def _numbered_reference(self) -> str | None:
        digits = re.compile(r"\d+").match(self._pattern, self._at)
        if digits is None or int(digits.group()) > len(self._groups):
            return None
        return _back_reference(int(self._take(len(digits.group()))))

    def _named_reference(self) -> str:
        match = re.compile(r"k<([^>]*)>").match(self._pattern, self._at)
        if match is None or match.group(1) not in self._names:
            raise self._bad("it refers to a group that is not there")
        self._take(len(match.group()))
        return _back_reference(self._groups.index(match.group(1)) + 1)

    def _shared_escape(self) -> str:
        """An escape that means the same inside of a set and outside."""
        mark = self._pattern[self._at]
        if mark in "dDwW":
            return "\\" + self._take()
        if mark in "sS":
            return f"[{'^' if self._take() == 'S' else ''}{_SPACE_SET}]"
        return _literal(self._escaped_character())

    def _escaped_character(self) -> str:
        octal = _OCTAL.match(self._pattern, self._at)
        if octal:
            return chr(int(self._take(len(octal.group())), 8))
        match = _ESCAPE.match(self._pattern, self._at)
        if match:
            self._take(len(match.group()))
            code, unit, control = match.groups()
            return chr(ord(control) % 32 if control else int(code or unit, 16))
        if self._pattern[self._at] == "c":
            return "\\"
        mark = self._take()
        return _CONTROL.get(mark, mark)

    def _set(self) -> str:
        negated = self._pattern.startswith("^", self._at)
        self._take(int(negated))
        parts = []
        while not self._pattern.startswith("]", self._at):
            parts.append(self._range())
        self._take()
        if not parts:
            return r"[\s\S]" if negated else "(?!)"
        return f"[{'^' if negated else ''}{''.join(parts)}]"

    def _range(self) -> str:
        first = self._member()
        ahead = self._pattern[self._at : self._at + 2]
        if not (len(ahead) == 2 and ahead[0] == "-" and ahead[1] != "]"):
            return first
        self._take()
        last = self._member()
        if _is_class(first) or _is_class(last):
            return first + _literal("-") + last
        if first > last:
            raise self._bad("the ends of a range are out of order")
        return f"{first}-{last}"

    def _member(self) -> str:
        if self._at >= len(self._pattern):
            raise self._bad("a set is not closed")
        character = self._take()
        if character != "\\":
            return _literal(character)
        if self._at == len(self._pattern):
            raise self._bad("it ends in a backslash")
        if self._pattern[self._at] == "b":
            self._take()
            return r"\u0008"
        return self._shared_escape()


def _is_class(member: str) -> bool:
    return not member.startswith("\\u")


def _back_reference(number: int) -> str:
    """What the group matched; nothing when it took no part."""
    return f"(?({number})\\{number}|)"


_PAREN: Final = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\((?!\?)|\(\?<([A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*)>", re.ASCII | re.DOTALL)


def _groups(pattern: str) -> list[str | None]:
    """The capturing groups in order: their names, None for those without one."""
    return [match.group(1) for match in _PAREN.finditer(pattern) if match.group().startswith("(")]
