"""The rows of a pipe, compiled. How many values each row has is known beforehand, so a pipe becomes nested calls; only where
sub-pipes fan out are the values of a row gathered in a list, which the parts after it receive (`calls.received`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from hotmesh.errors import PipeError
from hotmesh.expr.budget import CELL_LIMIT, RESULT_LIMIT, check_result
from hotmesh.expr.calls import Evaluate, Part, Place, after, constant, received
from hotmesh.expr.faults import Fault
from hotmesh.expr.reduce import reduction
from hotmesh.expr.syntax import FunctionName, parse_text
from hotmesh.values import UNDEFINED, Json

if TYPE_CHECKING:
    from hotmesh.expr.compile import Compiler


_NESTED_ROWS: Final = 50
"""So many rows become nested calls; then their values are gathered, or a long pipe would exceed Python's depth of calls."""


class Pipe:
    """A pipe in the making: `cells` give the values of the last row, `queue` those of the sub-pipes since."""

    def __init__(self, compiler: Compiler, path: str, given: int | None = None) -> None:
        """`given` is the number of values that a sub-pipe or the body of a reduce receives; None for a pipe that receives none."""
        self._compiler = compiler
        self._path = path
        self._nested = given is not None
        self._cells = [received(index) for index in range(given or 0)]
        self._queue: list[Part] = []
        self._stages: list[Evaluate] = []

    def outermost(self, rows: Json) -> Part:
        """The whole pipe, held to its budgets."""
        before = self._compiler.cells
        part = self.whole(rows)
        if self._compiler.cells - before > CELL_LIMIT:
            raise PipeError(f"the pipe has more than {CELL_LIMIT:,} cells", path=self._path)
        return part if part.constant else Part(_bounded(part.run, Place(self._path, len(rows) - 1, None)))

    def whole(self, rows: Json) -> Part:
        """The value of the pipe: the first value of its last row."""
        self.add(rows)
        if isinstance(rows[-1], dict) and "@pipe" in rows[-1]:
            raise Place(self._path, len(rows) - 1, None).error("a pipe can't end in a sub-pipe; add a row that uses its value")
        first, *others = self._cells or [_NOTHING]
        part = _dropping(others, first)
        return Part(_staged(self._stages, part.run)) if self._stages else part

    def values(self, rows: Json) -> Evaluate:
        """All values of the last row (or of the sub-pipes after it), as a list: what a trace shows."""
        self.add(rows)
        run = _gather(self._queue or self._cells)
        return _staged(self._stages, run) if self._stages else run

    def add(self, rows: Json) -> None:
        """Adds all rows. Raises PipeError for what is no row."""
        if not isinstance(rows, (list, tuple)) or not rows:
            raise PipeError("a pipe is a list of rows, at least one", path=self._path)
        for index, row in enumerate(rows):
            if index % _NESTED_ROWS == _NESTED_ROWS - 1:
                self._fan_out()
            place = Place(self._path, index, None)
            if isinstance(row, (list, tuple)):
                self._add_standard(row, place)
            elif not isinstance(row, dict) or len(row) != 1 or (kind := next(iter(row))) not in ("@pipe", "@reduce"):
                raise place.error("a row is a list of cells, {'@pipe': rows} or {'@reduce': rows}")
            elif kind == "@pipe":
                self._add_sub_pipe(row["@pipe"], place)
            else:
                self._add_reduce(row["@reduce"], place)

    def _add_standard(self, row: Sequence[Json], place: Place) -> None:
        if not row and place.row:
            raise place.error("a row needs a cell; only the first row may be empty")
        self._compiler.cells += len(row) or 1
        arguments, self._queue = self._queue or self._cells, []
        self._cells = [self._cell(cell, Place(self._path, place.row, number), arguments) for number, cell in enumerate(row)]

    def _cell(self, cell: Json, place: Place, arguments: list[Part]) -> Part:
        """The first cell of a row uses the arguments when it is a function, and drops them when not; the others stand on their own."""
        if not isinstance(cell, str):
            part = self._compiler.part(cell, f"{self._path}.{place.row}.{place.cell}".lstrip("."))
            return part if place.cell else _dropping(arguments, part)
        name = parse_text(cell)
        if place.cell or not isinstance(name, FunctionName):
            part = self._compiler.text(cell, place)
            return part if place.cell else _dropping(arguments, part)
        return self._compiler.call(self._compiler.function(name, place), arguments, place)

    def _add_sub_pipe(self, rows: Json, place: Place) -> None:
        self._fan_out()
        self._queue.append(self._inner(rows, place, "@pipe", len(self._cells)))

    def _add_reduce(self, rows: Json, place: Place) -> None:
        """A reduce reads the last standard row; its value is that row for what follows, and joins the queue when one waits."""
        if place.row == 0 and not self._nested:
            raise place.error("a pipe can't begin with @reduce; the row before it gives the collection and the start value")
        collection, start, *others = [*self._cells, _NOTHING, _NOTHING]
        before = self._compiler.cells
        self._compiler.reduces += 1
        body = self._inner(rows, place, "@reduce", 1)
        self._compiler.reduces -= 1
        self._compiler.counts = True
        part = _dropping(others, reduction(collection.run, start.run, body, self._compiler.cells - before, place))
        if not self._queue:
            self._cells = [part]
            return
        self._stages.append(_gather([*self._queue, part]))
        self._queue = [received(index) for index in range(len(self._queue) + 1)]
        self._cells = [self._queue[-1]]

    def _fan_out(self) -> None:
        """Gathers the values of the last row, once, for the sub-pipes that share them."""
        if not self._queue and self._cells:
            self._stages.append(_gather(self._cells))
            self._cells = [received(index) for index in range(len(self._cells))]

    def _inner(self, rows: Json, place: Place, kind: str, given: int) -> Part:
        """The pipe inside of a row, which receives `given` values."""
        path = f"{self._path}.{place.row}.{kind}".lstrip(".")
        with self._compiler.level(path):
            return Pipe(self._compiler, path, given).whole(rows)


_NOTHING = constant(UNDEFINED)


def _dropping(dropped: Sequence[Part], part: Part) -> Part:
    """The part, after those whose values it drops but whose errors count."""
    effects = [other.run for other in dropped if not other.harmless]
    return Part(after(effects, part.run)) if effects else part


def _gather(parts: Sequence[Part]) -> Evaluate:
    runs = [part.run for part in parts]

    def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
        return [part(scope, prior) for part in runs]

    return run


def _staged(stages: Sequence[Evaluate], last: Evaluate) -> Evaluate:
    """Each stage receives the list that the one before it has gathered."""

    def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
        for stage in stages:
            prior = stage(scope, prior)
        return last(scope, prior)

    return run


def _bounded(run: Evaluate, place: Place) -> Evaluate:
    """The value of a pipe, unless it passes the budget of a result."""

    def run_bounded(scope: Any, prior: Sequence[Any] = ()) -> Any:
        value = run(scope, prior)
        kind = type(value)
        if kind is bool or kind is int or (kind is str and len(value) < RESULT_LIMIT):
            return value
        try:
            return check_result(value)
        except Fault as fault:
            raise place.error(str(fault)) from None

    return run_bounded
