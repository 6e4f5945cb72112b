"""The static check: what is wrong with a template's pipes, found before anything runs. It reports everything and never raises."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, assert_never

from hotmesh.diagnostic import Severity
from hotmesh.expr.budget import CELL_LIMIT, PART_LIMIT, TEMPLATE_DEPTH_LIMIT
from hotmesh.expr.functions import FUNCTIONS
from hotmesh.expr.known import Known, cell_of, misfit, unknown, wrong_text
from hotmesh.expr.scope import BOUND
from hotmesh.expr.signature import Function
from hotmesh.expr.suggestions import suggest_function
from hotmesh.expr.syntax import FunctionName, Literal, Malformed, Reference, parse_text
from hotmesh.values import Json

Path: TypeAlias = tuple[str | int, ...]

FINDINGS: Final[dict[str, tuple[Severity, str]]] = {
    "P101": (Severity.ERROR, "unknown domain"),
    "P102": (Severity.ERROR, "unknown function"),
    "P103": (Severity.ERROR, "too few arguments"),
    "P104": (Severity.ERROR, "too many arguments"),
    "P105": (Severity.ERROR, "a function in the first row gets no arguments"),
    "P106": (Severity.ERROR, "@reduce is the first row"),
    "P107": (Severity.ERROR, "$item outside of a reduce"),
    "P108": (Severity.ERROR, "pipe that ends in a sub-pipe"),
    "P109": (Severity.ERROR, "not a pipe or not a row"),
    "P110": (Severity.ERROR, "@pipe or @reduce in a wrong place"),
    "P111": (Severity.ERROR, "argument of a wrong type"),
    "P112": (Severity.ERROR, "cron expression that doesn't parse"),
    "P113": (Severity.ERROR, "malformed function name"),
    "P114": (Severity.ERROR, "regular expression that doesn't parse"),
    "P115": (Severity.ERROR, "template too deep or too large"),
    "P501": (Severity.WARNING, "braces inside a longer string"),
    "P502": (Severity.WARNING, "row that drops the values before it"),
    "P503": (Severity.WARNING, "argument that converts to nothing useful"),
    "P504": (Severity.WARNING, "values that nobody uses"),
}
"""Every code of this check, with its severity and what it stands for."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake: a code of `FINDINGS`, one sentence, the keys and indexes that lead to it in the template, and how to mend it."""

    code: str
    message: str
    path: Path
    help: str | None = None

    @property
    def severity(self) -> Severity:
        return FINDINGS[self.code][0]

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


def check(template: Json, *, bound: Sequence[str] = ()) -> list[Finding]:
    """Everything that is wrong with a template, in document order. Never raises, whatever it is given.

    `bound` are the names, as '$item', that are bound around the template (in an activity that is entered by `foreach`). References
    are not looked at, but for those names: `syntax.parse_reference` and the linter do.
    """
    checker = _Checker(frozenset(bound))
    checker.template(template, ())
    return checker.findings


class _Checker:
    def __init__(self, bound: frozenset[str]) -> None:
        self.findings: list[Finding] = []
        self.reduces = 0
        """How many reduces are open around the part in hand."""
        self._bound = bound
        self._cells = 0
        self._parts = 0
        self._too_deep = False

    def add(self, code: str, message: str, path: Path, help_: str | None = None) -> None:
        self.findings.append(Finding(code, message, path, help_))

    def template(self, template: Json, path: Path) -> None:
        """A template or a piece of one."""
        if isinstance(template, str):
            self.text(template, path)
        elif isinstance(template, (dict, list, tuple)):
            self._container(template, path)

    def _container(self, template: Any, path: Path) -> None:
        if self.passes_limits(path):
            return
        if not isinstance(template, dict):
            for index, item in enumerate(template):
                self.template(item, (*path, index))
        elif "@pipe" in template:
            self._pipe(template, path)
        elif "@reduce" in template:
            self.add("P110", "@reduce stands outside of a pipe", path, "make it a row of an @pipe, below the row with the collection")
        else:
            for key, item in template.items():
                self.template(item, (*path, key))

    def passes_limits(self, path: Path) -> bool:
        """Whether the template is too deep or too large to go on; says so once."""
        self._parts += 1
        if self._parts == PART_LIMIT:
            self.add("P115", f"the template has more than {PART_LIMIT:,} parts", path)
        if len(path) >= TEMPLATE_DEPTH_LIMIT and not self._too_deep:
            self._too_deep = True
            self.add("P115", f"the template is nested more than {TEMPLATE_DEPTH_LIMIT} levels deep", path)
        return self._parts >= PART_LIMIT or len(path) >= TEMPLATE_DEPTH_LIMIT

    def _pipe(self, template: dict[str, Json], path: Path) -> None:
        others = [str(key) for key in template if key != "@pipe"]
        if others:
            self.add("P110", f"@pipe stands beside {', '.join(map(repr, others))}; it must be the only key of its map", path)
        cells_before, self._cells = self._cells, 0
        _PipeCheck(self, (*path, "@pipe"), None).rows(template["@pipe"])
        if self._cells > CELL_LIMIT:
            self.add("P115", f"the pipe has more than {CELL_LIMIT:,} cells", path)
        self._cells += cells_before

    def count(self, cells: int) -> None:
        self._cells += cells

    def text(self, text: str, path: Path) -> None:
        """A string outside of the first cell of a row: a function there is called without arguments."""
        parsed = parse_text(text)
        match parsed:
            case Reference(root, _):
                self._name(root, path)
            case FunctionName() as name:
                function = self.function(name, path)
                if function and function.required:
                    self.add("P103", f"{name.full} gets no arguments here but needs {_count(function.required)}", path, _ROW_HELP)
            case Malformed() as malformed:
                self.malformed(text, malformed, path)
            case Literal():
                self._interpolation(text, path)
            case _:
                assert_never(parsed)

    def malformed(self, text: str, malformed: Malformed, path: Path) -> None:
        if text[1:].lstrip().startswith("@"):
            self.add("P113", malformed.problem, path, malformed.help)

    def _name(self, root: str, path: Path) -> None:
        if root in BOUND and not self.reduces and root not in self._bound:
            self.add("P107", f"{root} has a value only inside of @reduce{_OR_FOREACH.get(root, '')}", path)

    def _interpolation(self, text: str, path: Path) -> None:
        match = _INTERPOLATION.search(text)
        if match and not (text.startswith("{{") and text.endswith("}}")):
            message = f"{match.group()} inside of a longer string is not replaced"
            self.add("P501", message, path, "join the parts in an @pipe with {@string.concat}")

    def function(self, name: FunctionName, path: Path) -> Function | None:
        """The function of this name, or None and a finding."""
        function = FUNCTIONS.get(name.full)
        if function is None:
            code, message, help_ = suggest_function(name)
            self.add(code, message, path, help_)
        return function


_OR_FOREACH: Final = {"$item": " and in an activity entered by foreach", "$index": " and in an activity entered by foreach"}
_ROW_HELP: Final = "make it the first cell of the next row: it receives the values of the row before"
_INTERPOLATION: Final = re.compile(r"(?<!\{)\{[$@]?[A-Za-z_][\w-]*(?:\.[\w$-]+|\[\d+\])*\}(?!\})")


def _count(number: int, limit: str = "") -> str:
    return f"{limit}{number} {'argument' if number == 1 else 'arguments'}"


class _PipeCheck:
    """One pipe: `cells` is what is known of the values of the last row, `queue` of those of the sub-pipes since."""

    def __init__(self, checker: _Checker, path: Path, given: list[Known] | None) -> None:
        self._checker = checker
        self._path = path
        self._nested = given is not None
        self._cells = given or []
        self._queue: list[Known] = []

    def rows(self, rows: Json) -> Known:
        """Checks all rows; gives what is known of the value of the pipe."""
        if not isinstance(rows, (list, tuple)) or not rows:
            self._checker.add("P109", "a pipe is a list of rows, at least one", self._path)
            return unknown()
        for index, row in enumerate(rows):
            self._row(row, index, (*self._path, index))
        if isinstance(rows[-1], dict) and "@pipe" in rows[-1]:
            message = "a pipe can't end in a sub-pipe"
            self._checker.add("P108", message, (*self._path, len(rows) - 1), "add a row that uses the value of the sub-pipe")
        elif isinstance(rows[-1], (list, tuple)) and len(rows[-1]) > 1:
            self._checker.add("P504", "only the first value of the last row counts", (*self._path, len(rows) - 1, 1))
        return self._cells[0] if self._cells else unknown()

    def _row(self, row: Json, index: int, path: Path) -> None:
        if self._checker.passes_limits(path):
            return
        if isinstance(row, (list, tuple)):
            self._standard(row, index, path)
        elif isinstance(row, dict) and len(row) == 1 and "@pipe" in row:
            self._queue.append(_PipeCheck(self._checker, (*path, "@pipe"), self._cells).rows(row["@pipe"]))
        elif isinstance(row, dict) and len(row) == 1 and "@reduce" in row:
            self._reduce(row["@reduce"], index, path)
        else:
            self._checker.add("P109", "a row is a list of cells, {'@pipe': rows} or {'@reduce': rows}", path)

    def _reduce(self, rows: Json, index: int, path: Path) -> None:
        if index == 0 and not self._nested:
            help_ = "put a row [collection, start value] before it"
            self._checker.add("P106", "a pipe can't begin with @reduce: it has no collection to work on", path, help_)
        elif self._cells and (problem := misfit(self._cells[0], ("list", "map", "string", "null", "undefined"))):
            self._checker.add("P111", f"@reduce needs a list, a map or a string, not {problem}", path)
        self._checker.reduces += 1
        _PipeCheck(self._checker, (*path, "@reduce"), [unknown()]).rows(rows)
        self._checker.reduces -= 1
        self._cells = [unknown()]
        self._queue = [*self._queue, unknown()] if self._queue else []

    def _standard(self, row: Sequence[Json], index: int, path: Path) -> None:
        self._checker.count(len(row))
        if not row and index:
            self._checker.add("P109", "a row needs a cell; only the first row may be empty", path)
        arguments, self._queue = self._queue or self._cells, []
        cells = [self._first(row[0], arguments, index, (*path, 0), len(row))] if row else []
        for number, cell in enumerate(row[1:], 1):
            self._checker.template(cell, (*path, number))
            cells.append(cell_of(cell))
        self._cells = cells

    def _first(self, cell: Json, arguments: list[Known], index: int, path: Path, width: int) -> Known:
        parsed = parse_text(cell) if isinstance(cell, str) else None
        if isinstance(parsed, FunctionName):
            return self._call(parsed, arguments, index, path, width)
        self._checker.template(cell, path)
        if index and not isinstance(parsed, (Reference, Malformed)):
            help_ = "begin the row with a function, or make this the first row"
            self._checker.add("P502", "the row begins with a value, so the values of the rows before are dropped", path, help_)
        return cell_of(cell)

    def _call(self, name: FunctionName, arguments: list[Known], index: int, path: Path, width: int) -> Known:
        function = self._checker.function(name, path)
        if function is None:
            return unknown()
        if index == 0 and not self._nested:
            self._check_first_row(function, path, width)
        else:
            self._check_arguments(function, arguments, path)
        return Known(frozenset(function.returns.split("|")))

    def _check_first_row(self, function: Function, path: Path, width: int) -> None:
        if function.required or (function.most is None and width > 1):
            message = f"{function.full_name} stands in the first row, where functions get no arguments"
            self._checker.add("P105", message, path, "put the arguments into the first row, the function at the start of the second")

    def _check_arguments(self, function: Function, arguments: list[Known], path: Path) -> None:
        count = len(arguments)
        if count < function.required:
            needed = _count(function.required, "" if function.most == function.required else "at least ")
            message = f"{function.full_name} needs {needed} but gets {count}"
            self._checker.add("P103", message, path, f"{function.full_name}({function.signature})")
        elif function.takes_arguments and function.most is not None and count > function.most:
            taken = _count(function.most, "" if function.most == function.required else "at most ")
            message = f"{function.full_name} takes {taken} but gets {count}"
            self._checker.add("P104", message, path, f"{function.full_name}({function.signature})")
        for position, argument in enumerate(arguments):
            self._check_argument(function, position, argument, path)

    def _check_argument(self, function: Function, position: int, argument: Known, path: Path) -> None:
        parameter = function.parameter_at(position)
        if parameter is None:
            return
        problem = misfit(argument, parameter.accepts)
        if problem and function.method and position == 0:
            message = f"{function.full_name}: {parameter.name} must be {parameter.expected}, not {problem}"
            self._checker.add("P111", message, path, _CONVERSIONS.get(parameter.kinds))
        elif text := wrong_text(function.full_name, parameter, argument):
            self._checker.add(text[0], f"{function.full_name}: {text[1]}", path)
        elif problem := misfit(argument, parameter.converts):
            message = f"{function.full_name}: {problem} makes no {'/'.join(parameter.kinds)} for {parameter.name}"
            self._checker.add("P503", message, path)


_CONVERSIONS: Final[dict[tuple[str, ...], str]] = {
    ("string",): "make it a text with {@string.concat}",
    ("number",): "make it a number with {@unary.positive}",
    ("list",): "make it a list, as with {@string.split}",
}
