"""The unary operators."""

from __future__ import annotations

from typing import Any, Final

from hotmesh.expr.signature import Function, example
from hotmesh.expr.values import to_int32, to_number, truthy
from hotmesh.values import UNDEFINED


def not_(value: Any = UNDEFINED) -> bool:
    return not truthy(value)


def positive(value: Any = UNDEFINED) -> float:
    return to_number(value)


def negative(value: Any = UNDEFINED) -> float:
    number = to_number(value)
    return -number if number else -float(number)


def bitwise_not(value: Any = UNDEFINED) -> int:
    return ~to_int32(value)


FUNCTIONS: Final = (
    Function("unary.not", not_, "value: any", "boolean", "`!value`", example("", gives=True)),
    Function("unary.positive", positive, "value: any", "number", "`+value`: the value as a number.", example("42", gives=42)),
    Function("unary.negative", negative, "value: any", "number", "`-value`", example("42", gives=-42)),
    Function("unary.bitwise_not", bitwise_not, "value: number", "number", "`~value`", example(5, gives=-6)),
)
