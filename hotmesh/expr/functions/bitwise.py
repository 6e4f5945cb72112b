"""The bitwise operators, in 32 bits."""

from __future__ import annotations

from typing import Any, Final

from hotmesh.expr.signature import Function, example
from hotmesh.expr.values import to_int32, to_uint32
from hotmesh.values import UNDEFINED


def and_(left: Any = UNDEFINED, right: Any = UNDEFINED) -> int:
    return to_int32(left) & to_int32(right)


def or_(left: Any = UNDEFINED, right: Any = UNDEFINED) -> int:
    return to_int32(left) | to_int32(right)


def xor(left: Any = UNDEFINED, right: Any = UNDEFINED) -> int:
    return to_int32(left) ^ to_int32(right)


def left_shift(number: Any = UNDEFINED, bits: Any = UNDEFINED) -> int:
    return to_int32(to_int32(number) << (to_uint32(bits) & 31))


def right_shift(number: Any = UNDEFINED, bits: Any = UNDEFINED) -> int:
    return to_int32(number) >> (to_uint32(bits) & 31)


def unsigned_right_shift(number: Any = UNDEFINED, bits: Any = UNDEFINED) -> int:
    return to_uint32(number) >> (to_uint32(bits) & 31)


_TWO: Final = "left: number, right: number"
_SHIFT: Final = "number: number, bits: number"

FUNCTIONS: Final = (
    Function("bitwise.and", and_, _TWO, "number", "`left & right`", example(6, 3, gives=2)),
    Function("bitwise.or", or_, _TWO, "number", "`left | right`", example(6, 3, gives=7)),
    Function("bitwise.xor", xor, _TWO, "number", "`left ^ right`", example(5, 3, gives=6)),
    Function("bitwise.leftShift", left_shift, _SHIFT, "number", "`number << bits`", example(1, 4, gives=16)),
    Function("bitwise.rightShift", right_shift, _SHIFT, "number", "`number >> bits`", example(-8, 1, gives=-4)),
    Function("bitwise.unsignedRightShift", unsigned_right_shift, _SHIFT, "number", "`number >>> bits`", example(-8, 1, gives=2147483644)),
)
