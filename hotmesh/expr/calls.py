"""Closures that call: one shape per number of arguments, so that a call costs no more than it must.

Every compiled part is an `Evaluate`: called with the scope and the values that its pipe received, it gives its value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from hotmesh.errors import PipeError
from hotmesh.expr.faults import Fault
from hotmesh.expr.signature import Function


class Evaluate(Protocol):
    """A compiled part of a template."""

    def __call__(self, scope: Any, prior: Sequence[Any] = ()) -> Any: ...


Fail = Callable[[Exception], NoReturn]
"""Raises what a function raised, with its place; a defect of the function too, for a job must fail, not stand still."""


@dataclass(frozen=True, slots=True)
class Fold:
    """A call `function($output, $item.path)`: as the body of a reduce, it needs no frame."""

    function: Function
    path: tuple[str, ...]
    fail: Fail


@dataclass(frozen=True, slots=True)
class Part:
    """A compiled part and what is known of it: a constant never changes, a harmless part never raises.

    `bound` is the name and path of a reference to what the innermost reduce binds.
    """

    run: Evaluate
    constant: bool = False
    harmless: bool = False
    bound: tuple[str, tuple[str, ...]] | None = None
    fold: Fold | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call stands: the row and cell of its pipe, and the way to that pipe in the template."""

    path: str
    row: int | None
    cell: int | None

    def error(self, message: str, function: str | None = None) -> PipeError:
        return PipeError(message, row=self.row, cell=self.cell, function=function, path=self.path)


def constant(value: Any) -> Part:
    """A part that gives always the same value."""

    def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
        return value

    return Part(run, constant=True, harmless=True)


def received(index: int) -> Part:
    """The value number `index` of those that the pipe received."""

    def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
        return prior[index]

    return Part(run, harmless=True)


def call(function: Function, arguments: Sequence[Part], place: Place) -> Part:
    """A call of a function; arguments beyond those it takes are evaluated and left out, as in ECMAScript."""
    most = len(arguments) if function.most is None else function.most
    dropped = [part.run for part in arguments[most:] if not part.harmless]
    fail = _failing(function, place)
    run = _call(function, arguments[:most], fail)
    return Part(after(dropped, run)) if dropped else Part(run, fold=_fold(function, arguments[:most], fail))


def _failing(function: Function, place: Place) -> Fail:
    def fail(error: Exception) -> NoReturn:
        name = function.full_name
        if isinstance(error, PipeError):
            raise error
        if isinstance(error, Fault):
            raise place.error(f"{name}: {error}", name) from None
        if isinstance(error, RecursionError):
            raise place.error(f"{name}: its arguments are nested too deep", name) from None
        raise place.error(f"{name} broke: {type(error).__name__}: {error}", name) from error

    return fail


def _fold(function: Function, arguments: Sequence[Part], fail: Fail) -> Fold | None:
    if function.context or len(arguments) != 2 or arguments[0].bound != ("$output", ()):
        return None
    name, path = arguments[1].bound or ("", ())
    return Fold(function, path, fail) if name == "$item" else None


def after(effects: Sequence[Evaluate], run: Evaluate) -> Evaluate:
    """`run`, once the effects (parts that may raise but whose values nobody needs) have been evaluated."""

    def run_after(scope: Any, prior: Sequence[Any] = ()) -> Any:
        for effect in effects:
            effect(scope, prior)
        return run(scope, prior)

    return run_after


def _call(function: Function, arguments: Sequence[Part], fail: Fail) -> Evaluate:
    runs = [part.run for part in arguments]
    if function.context:
        return _call_with_scope(function.call, runs, fail)
    if len(runs) > 1 and all(part.constant for part in arguments[1:]):
        return _call_constant(function.call, runs[0], [run(None) for run in runs[1:]], fail)
    shapes = (_call_0, _call_1, _call_2, _call_3)
    return shapes[len(runs)](function.call, runs, fail) if len(runs) < len(shapes) else _call_many(function.call, runs, fail)


def _call_0(target: Callable[..., Any], runs: list[Evaluate], fail: Fail) -> Evaluate:
    def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
        try:
            return target()
        except Exception as error:
            fail(error)

    return run


def _call_1(target: Callable[..., Any], runs: list[Evaluate], fail: Fail) -> Evaluate:
    (first,) = runs

    def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
        try:
            return target(first(scope, prior))
        except Exception as error:
            fail(error)

    return run


def _call_2(target: Callable[..., Any], runs: list[Evaluate], fail: Fail) -> Evaluate:
    first, second = runs

    def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
        try:
            return target(first(scope, prior), second(scope, prior))
        except Exception as error:
            fail(error)

    return run


def _call_3(target: Callable[..., Any], runs: list[Evaluate], fail: Fail) -> Evaluate:
    first, second, third = runs

    def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
        try:
            return target(first(scope, prior), second(scope, prior), third(scope, prior))
        except Exception as error:
            fail(error)

    return run


def _call_constant(target: Callable[..., Any], first: Evaluate, others: list[Any], fail: Fail) -> Evaluate:
    """Only the first argument is not known beforehand, as in most rows."""
    second = others[0]

    def run_two(scope: Any, prior: Sequence[Any] = ()) -> Any:
        try:
            return target(first(scope, prior), second)
        except Exception as error:
            fail(error)

    def run_many(scope: Any, prior: Sequence[Any] = ()) -> Any:
        try:
            return target(first(scope, prior), *others)
        except Exception as error:
            fail(error)

    return run_two if len(others) == 1 else run_many


def _call_many(target: Callable[..., Any], runs: list[Evaluate], fail: Fail) -> Evaluate:
    def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
        try:
            return target(*[part(scope, prior) for part in runs])
        except Exception as error:
            fail(error)

    return run


def _call_with_scope(target: Callable[..., Any], runs: list[Evaluate], fail: Fail) -> Evaluate:
    def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
        try:
            return target(scope, *[part(scope, prior) for part in runs])
        except Exception as error:
            fail(error)

    return run
