"""Evaluating one pipe against data: what `hotmesh.evaluate_pipe` and `hotmesh pipe` do."""

from __future__ import annotations

import marshal
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from hotmesh.errors import PipeError
from hotmesh.expr.calls import Part
from hotmesh.expr.compile import Compiler, compile_template
from hotmesh.expr.dates import Date
from hotmesh.expr.numerals import MAX_SAFE
from hotmesh.expr.rows import Pipe
from hotmesh.expr.scope import DataScope, Scope, Value
from hotmesh.expr.values import kind_of
from hotmesh.values import Json


def evaluate_pipe(rows: Json, data: Mapping[str, Json] | None = None, *, now: datetime | None = None, seed: int = 0) -> Value:
    """The value of a pipe.

    `rows` is a list of rows, as below `@pipe`; `{x.y}` in them reads `data['x']['y']`. `now` is the moment that date and cron
    functions see (the present one unless given), `seed` that of `math.random`. The value is the caller's own: a JSON value,
    `UNDEFINED`, an aware datetime, NaN or ±Infinity; whole numbers are ints. Raises PipeError with row and cell.
    """
    return _own(_compiled(rows)(_scope(data, now, seed)))


def _scope(data: Mapping[str, Json] | None, now: datetime | None, seed: int) -> DataScope:
    if data is not None and not isinstance(data, (dict, Mapping)):
        raise PipeError(f"the data must be a map, not {kind_of(data)}")
    return DataScope(data, now=now, seed=seed)


def _compiled(rows: Json) -> Callable[[Scope], Value]:
    try:
        return _compiled_from(marshal.dumps(rows, 2))
    except ValueError:
        return compile_template({"@pipe": rows})


@lru_cache(maxsize=512)
def _compiled_from(rows: bytes) -> Callable[[Scope], Value]:
    """The closure of rows that are frozen as bytes: alike only for rows that are alike, and safe from later changes."""
    return compile_template({"@pipe": marshal.loads(rows)})


def _own(value: Value) -> Value:
    """The value as the caller may keep and change it."""
    kind = type(value)
    if kind is float:
        return _number(value)
    if kind is list:
        return [_own(item) for item in value]
    if kind is dict:
        return {key: _own(item) for key, item in value.items()}
    if kind is Date:
        return value.to_datetime() or (None if value.is_invalid else value)
    return value


def _number(number: float) -> float:
    if number.is_integer() and abs(number) <= MAX_SAFE and (number or math.copysign(1, number) > 0):
        return int(number)
    return number


@dataclass(frozen=True, slots=True)
class TracedRow:
    """What one row of a pipe came to: its values, or why it has none."""

    row: Json
    values: tuple[Value, ...] = ()
    error: PipeError | None = None


def trace_pipe(rows: Json, data: Mapping[str, Json] | None = None, *, now: datetime | None = None, seed: int = 0) -> Iterator[TracedRow]:
    """What each row comes to, in order; the last one is that which raised. A row with a sub-pipe shows the values of all sub-pipes so far.

    Raises PipeError when `rows` is no list of rows.
    """
    if not isinstance(rows, (list, tuple)) or not rows:
        raise PipeError("a pipe is a list of rows, at least one")
    scope = _scope(data, now, seed)
    for count in range(1, len(rows) + 1):
        try:
            yield TracedRow(rows[count - 1], tuple(map(_own, _values_after(rows, count)(scope))))
        except PipeError as error:
            yield TracedRow(rows[count - 1], error=error)
            return


def _values_after(rows: Json, count: int) -> Callable[[Scope], Value]:
    compiler = Compiler({"@pipe": rows})
    part = Part(Pipe(compiler, "").values(rows[:count]))
    return compiler.in_frame(part, "").run
