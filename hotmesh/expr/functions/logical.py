"""The logical operators; they give one of their operands, as in ECMAScript."""

from __future__ import annotations

from typing import Any, Final

from hotmesh.expr.signature import Function, example
from hotmesh.expr.values import truthy
from hotmesh.values import UNDEFINED


def and_(left: Any = UNDEFINED, right: Any = UNDEFINED) -> Any:
    return right if truthy(left) else left


def or_(left: Any = UNDEFINED, right: Any = UNDEFINED) -> Any:
    return left if truthy(left) else right


def not_(value: Any = UNDEFINED) -> bool:
    return not truthy(value)


FUNCTIONS: Final = (
    Function("logical.and", and_, "left: any, right: any", "any", "`left && right`", example(1, "x", gives="x")),
    Function("logical.or", or_, "left: any, right: any", "any", "`left || right`", example(0, "x", gives="x")),
    Function("logical.not", not_, "value: any", "boolean", "`!value`", example(0, gives=True)),
)
