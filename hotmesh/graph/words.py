"""Templates in words: `{'@pipe': [['{a.output.data.qty}', 10], ['{@conditional.gte}']]}` reads `qty ≥ 10`.

The words follow the grammar of pipes (rows, sub-pipes, reduce), with a phrase in place of each value. A reference is called by the
last part of its path; where two different ones would read the same, both get the name of their activity in front.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hotmesh.duration import parse_duration
from hotmesh.expr.syntax import FunctionName, Literal, Malformed, Reference, parse_text
from hotmesh.program import Match, Template

OR, AND, NOT, COMPARISON, SUM, PRODUCT, ATOM = range(1, 8)
"""How tightly a phrase holds together; a looser one inside a tighter one needs brackets."""

COMPARISONS: Final = {
    "eq": "=",
    "equality": "=",
    "strict_equality": "=",
    "ne": "≠",
    "inequality": "≠",
    "strict_inequality": "≠",
    "gt": ">",
    "greater_than": ">",
    "gte": "≥",
    "greater_than_or_equal": "≥",
    "lt": "<",
    "less_than": "<",
    "lte": "≤",
    "less_than_or_equal": "≤",
}
OPPOSITE: Final = {"=": "≠", "≠": "=", ">": "≤", "≤": ">", "<": "≥", "≥": "<"}

INFIX: Final = {
    **{f"conditional.{name}": (f" {sign} ", COMPARISON) for name, sign in COMPARISONS.items()},
    **{f"number.{name}": (f" {COMPARISONS[name]} ", COMPARISON) for name in ("gt", "gte", "lt", "lte")},
    "conditional.nullish": (" ?? ", OR),
    "logical.and": (" and ", AND),
    "logical.or": (" or ", OR),
    "math.add": (" + ", SUM),
    "math.subtract": (" − ", SUM),
    "math.multiply": (" × ", PRODUCT),
    "math.divide": (" / ", PRODUCT),
    "string.concat": (" + ", SUM),
    "string.includes": (" includes ", COMPARISON),
    "string.startsWith": (" starts with ", COMPARISON),
    "string.endsWith": (" ends with ", COMPARISON),
    "object.hasOwnProperty": (" has ", COMPARISON),
}
"""Functions that read as an operator between their arguments."""

PREFIX: Final = {
    "array.length": ("length of ", PRODUCT),
    "logical.not": ("not ", NOT),
    "unary.not": ("not ", NOT),
    "unary.negative": ("−", PRODUCT),
    "unary.positive": ("", PRODUCT),
    "object.keys": ("keys of ", PRODUCT),
    "object.values": ("values of ", PRODUCT),
}
"""Functions of one argument that read as a word before it."""

NAMES: Final = {"symbol.null": "null", "symbol.undefined": "nothing", "date.now": "now", "symbol.whitespace": "' '", "symbol.NaN": "NaN"}
"""Functions without arguments."""

UNITS: Final = ((604_800, "w"), (86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True, slots=True)
class Phrase:
    """A piece of text, how tightly it holds, and how to deny it (None: with `not`)."""

    text: str
    holds: int = ATOM
    denial: str | None = None

    def within(self, holds: int) -> str:
        """The text as a part of something that holds so tightly."""
        return self.text if self.holds > holds else f"({self.text})"

    @property
    def denied(self) -> str:
        """The opposite in words."""
        return self.denial or f"not {self.within(NOT)}"


def words(template: Template, *, qualified: bool = False) -> str:
    """A template in words, on one line; `qualified` names the activity of each reference."""
    return _Reader([template], qualified=qualified).phrase(template).text


def plain_words(template: Template) -> str:
    """A literal text as it stands, without quotes; anything else in words."""
    return template if isinstance(template, str) and not template.startswith("{") else words(template)


def match_words(match: Match) -> str:
    """A comparison in words: `qty ≥ 10`, `status = paid`, `not approved`."""
    reader = _Reader([match.actual, match.expected])
    actual = reader.phrase(match.actual)
    if match.expected is True:
        return actual.text
    if match.expected is False:
        return actual.denied
    if match.expected is None:
        return f"{actual.within(COMPARISON)} is null"
    return f"{actual.within(COMPARISON)} = {reader.phrase(match.expected).within(COMPARISON)}"


def duration_words(template: Template) -> str:
    """A length of time: `1 h 30 min`; a reference or a pipe stays in words."""
    try:
        seconds = parse_duration(template)
    except ValueError:
        return words(template)
    return seconds_words(seconds)


def seconds_words(seconds: float) -> str:
    """Seconds for people: `250 ms`, `1.5 s`, `12 s`, `1 h 30 min`, `3 d`: never more than two units."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms" if seconds > 0 else "0 s"
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    left = round(seconds)
    parts = []
    for size, unit in UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append((size, f"{count} {unit}"))
    first = parts[0]
    close = [text for size, text in parts[1:2] if size * 100 > first[0]]
    return " ".join([first[1], *close])


def reference_words(reference: Reference, *, qualified: bool = False) -> str:
    """What a reference is called: the path inside its data."""
    path = list(reference.path)
    root = reference.root
    if len(path) >= 2 and path[0] in ("output", "hook", "input"):
        path = path[1:]
    section = path.pop(0) if path and path[0] in ("data", "metadata") else None
    name = root.removeprefix("$")
    if not path:
        return name
    named = qualified or section is None or (section == "metadata" and root == "$job") or root in _BOUND
    return _joined([name, *path] if named else path)


_BOUND: Final = ("$item", "$key", "$index", "$input", "$output")


def _joined(path: Sequence[str]) -> str:
    return "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in path).removeprefix(".")


class _Reader:
    """Reads templates that are shown together, so that different references read differently."""

    def __init__(self, templates: Sequence[Template], *, qualified: bool = False) -> None:
        self.qualified = qualified
        called: dict[str, set[Reference]] = {}
        for template in templates:
            for reference in _references(template):
                called.setdefault(reference_words(reference), set()).add(reference)
        self.unclear = {reference for group in called.values() if len(group) > 1 for reference in group}

    def phrase(self, template: Template) -> Phrase:
        if isinstance(template, str):
            return self._string(template)
        if isinstance(template, dict) and "@pipe" in template:
            return self.pipe(template["@pipe"])
        if isinstance(template, dict):
            inside = ", ".join(f"{key}: {self.phrase(value).text}" for key, value in template.items())
            return Phrase(f"{{{inside}}}")
        if isinstance(template, list):
            return Phrase(f"[{', '.join(self.phrase(item).text for item in template)}]")
        return Phrase(json.dumps(template, ensure_ascii=False))

    def _string(self, text: str) -> Phrase:
        match parse_text(text):
            case Reference() as reference:
                return Phrase(reference_words(reference, qualified=self.qualified or reference in self.unclear))
            case FunctionName() as function:
                return self._call(function, [])
            case Literal(literal):
                return Phrase(literal if _PLAIN_WORD.fullmatch(literal) else "'" + literal.replace("\n", "↵") + "'")
            case Malformed():
                return Phrase(text)

    def pipe(self, rows: object, inherited: list[Phrase] | None = None) -> Phrase:
        """The value of a pipe: the first phrase of its last row."""
        prior: list[Phrase] = inherited or []
        queue: list[Phrase] = []
        for number, row in enumerate(rows if isinstance(rows, list) else []):
            if isinstance(row, dict) and "@pipe" in row:
                queue.append(self.pipe(row["@pipe"], prior))
            elif isinstance(row, dict) and "@reduce" in row:
                prior, queue = [Phrase(f"reduce({', '.join(p.text for p in (queue or prior)[:1])})")], []
            elif isinstance(row, list):
                first = number == 0 and inherited is None
                prior, queue = self._row(row, None if first else queue or prior), []
        return (queue or prior or [Phrase("nothing")])[0]

    def _row(self, row: list[Template], arguments: list[Phrase] | None) -> list[Phrase]:
        """The phrases of a standard row; `arguments` is None for the row that a pipe begins with."""
        opening = parse_text(row[0]) if row and isinstance(row[0], str) else None
        if arguments is None or not isinstance(opening, FunctionName):
            return [self.phrase(cell) for cell in row]
        return [self._call(opening, arguments), *(self.phrase(cell) for cell in row[1:])]

    def _call(self, function: FunctionName, arguments: list[Phrase]) -> Phrase:
        full = function.full
        if full in INFIX and len(arguments) > 1:
            return _infix(*INFIX[full], arguments)
        if full in PREFIX and len(arguments) == 1:
            return _prefix(full, arguments[0])
        if full == "conditional.ternary" and len(arguments) == 3:
            condition, yes, no = (argument.text for argument in arguments)
            return Phrase(f"if {condition} then {yes} else {no}", OR)
        if full in ("array.get", "object.get") and 0 < len(arguments) < 3:
            key = arguments[1].text if len(arguments) > 1 else "0"
            return Phrase(f"{arguments[0].within(PRODUCT)}[{key}]")
        if not arguments:
            return Phrase(NAMES.get(full, f"{function.name}()"))
        return Phrase(f"{function.name}({', '.join(argument.text for argument in arguments)})")


_PLAIN_WORD: Final = re.compile(r"[^\W\d][\w./:-]*")


def _infix(sign: str, holds: int, arguments: list[Phrase]) -> Phrase:
    text = sign.join(argument.within(holds) for argument in arguments)
    opposite = OPPOSITE.get(sign.strip())
    if opposite is None or len(arguments) != 2:
        return Phrase(text, holds)
    return Phrase(text, holds, f" {opposite} ".join(argument.within(holds) for argument in arguments))


def _prefix(full: str, argument: Phrase) -> Phrase:
    word, holds = PREFIX[full]
    if word == "not ":
        return Phrase(argument.denied, NOT, argument.within(NOT))
    return Phrase(f"{word}{argument.within(holds - 1)}", holds)


def _references(template: Template) -> list[Reference]:
    if isinstance(template, str):
        parsed = parse_text(template)
        return [parsed] if isinstance(parsed, Reference) else []
    parts = template.values() if isinstance(template, dict) else template if isinstance(template, list) else ()
    return [reference for part in parts for reference in _references(part)]
