"""Choices and comparisons."""

from __future__ import annotations

from typing import Any, Final

from hotmesh.expr.signature import Function, example
from hotmesh.expr.values import at_least, at_most, greater_than, less_than, loosely_equal, same, truthy
from hotmesh.values import UNDEFINED


def ternary(condition: Any = UNDEFINED, when_true: Any = UNDEFINED, when_false: Any = UNDEFINED) -> Any:
    return when_true if condition is True or truthy(condition) else when_false


def nullish(value: Any = UNDEFINED, default: Any = UNDEFINED) -> Any:
    return default if value is None or value is UNDEFINED else value


def inequality(left: Any = UNDEFINED, right: Any = UNDEFINED) -> bool:
    return not loosely_equal(left, right)


def strict_inequality(left: Any = UNDEFINED, right: Any = UNDEFINED) -> bool:
    return not same(left, right)


_TWO: Final = "left: any, right: any"

FUNCTIONS: Final = (
    Function(
        "conditional.ternary",
        ternary,
        "condition: any, when_true: any, when_false?: any",
        "any",
        "`when_true` when the condition is truthy, `when_false` when not.",
        example(1, "T", "F", gives="T"),
    ),
    Function(
        "conditional.nullish",
        nullish,
        "value: any, default: any",
        "any",
        "The value, or the default when it is null or undefined.",
        example(None, "d", gives="d"),
    ),
    Function("conditional.equality", loosely_equal, _TWO, "boolean", "`left == right`, with conversion.", example(1, "1", gives=True)),
    Function("conditional.inequality", inequality, _TWO, "boolean", "`left != right`, with conversion.", example(1, "1", gives=False)),
    Function("conditional.strict_equality", same, _TWO, "boolean", "`left === right`.", example(1, "1", gives=False)),
    Function("conditional.strict_inequality", strict_inequality, _TWO, "boolean", "`left !== right`.", example(1, "1", gives=True)),
    Function("conditional.greater_than", greater_than, _TWO, "boolean", "`left > right`.", example(2, 1, gives=True)),
    Function("conditional.less_than", less_than, _TWO, "boolean", "`left < right`.", example(2, 1, gives=False)),
    Function("conditional.greater_than_or_equal", at_least, _TWO, "boolean", "`left >= right`.", example(2, 2, gives=True)),
    Function("conditional.less_than_or_equal", at_most, _TWO, "boolean", "`left <= right`.", example(2, 2, gives=True)),
    Function("conditional.eq", loosely_equal, _TWO, "boolean", "Short for `equality`.", example(1, "1", gives=True)),
    Function("conditional.ne", inequality, _TWO, "boolean", "Short for `inequality`.", example(1, "1", gives=False)),
    Function("conditional.gt", greater_than, _TWO, "boolean", "Short for `greater_than`.", example(2, 1, gives=True)),
    Function("conditional.lt", less_than, _TWO, "boolean", "Short for `less_than`.", example(2, 1, gives=False)),
    Function("conditional.gte", at_least, _TWO, "boolean", "Short for `greater_than_or_equal`.", example(2, 2, gives=True)),
    Function("conditional.lte", at_most, _TWO, "boolean", "Short for `less_than_or_equal`.", example(2, 2, gives=True)),
)
