"""Arithmetic and the functions of ECMAScript's `Math`. Outside of their domain they give NaN or ±Infinity, never an error."""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable
from typing import Any, Final

from hotmesh.expr.faults import Fault
from hotmesh.expr.numerals import LEAST_SAFE, MAX_SAFE, double
from hotmesh.expr.scope import Frame
from hotmesh.expr.signature import ANY, Function, example
from hotmesh.expr.values import add as plus
from hotmesh.expr.values import to_int32, to_number, to_uint32
from hotmesh.values import UNDEFINED

_NOTHING: Final = object()
"""Stands for an operand that was not given."""


def add(left: Any = 0, right: Any = _NOTHING, *others: Any) -> Any:
    try:
        total = left + right
    except (TypeError, OverflowError):
        return _sum(left, right, others)
    kind = type(total)
    if (kind is float or (kind is int and LEAST_SAFE <= total <= MAX_SAFE)) and not others:
        return total
    return _sum(left, right, others)


def _add_all(start: Any, values: list[Any]) -> Any:
    """`add` from value to value; whole numbers at once, where no sum on the way can pass what a double holds."""
    if type(start) is int and set(map(type, values)) == {int}:
        total = start + sum(values)
        if abs(start) + sum(map(abs, values)) <= MAX_SAFE:
            return total
    return functools.reduce(add, values, start)


def _sum(left: Any, right: Any, others: tuple[Any, ...]) -> Any:
    total: Any = 0
    for operand in _flat((left, *((right, *others) if right is not _NOTHING else ()))):
        total = plus(total, operand)
    return total


def subtract(*operands: Any) -> Any:
    first, *others = _some(_flat(operands))
    for other in others:
        first = double(to_number(first) - to_number(other))
    return first


def multiply(*operands: Any) -> Any:
    product: float = 1
    for operand in _flat(_some(operands)):
        product = double(product * to_number(operand))
    return product


def divide(*operands: Any) -> Any:
    first, *others = _some(_flat(operands))
    for other in others:
        first = _quotient(to_number(first), to_number(other))
    return first


def _quotient(dividend: float, divisor: float) -> float:
    return dividend / divisor if divisor else math.nan


def _flat(operands: Any) -> list[Any]:
    """The operands, with those that are lists replaced by their elements."""
    flat: list[Any] = []
    for operand in operands:
        flat.extend(operand if isinstance(operand, list) else (operand,))
    return flat


def _some(operands: Any) -> Any:
    if operands:
        return operands
    raise Fault("needs at least one operand")


def _number(target: Callable[[float], float]) -> Callable[..., float]:
    """The function over ToNumber, with NaN where it has no value and ±Infinity where it grows too large."""

    def apply(value: Any = UNDEFINED) -> float:
        number = to_number(value)
        try:
            return target(number)
        except ValueError:
            return math.nan
        except OverflowError:
            return math.inf if number > 0 or target is math.cosh else -math.inf

    return apply


def _whole(target: Callable[[float], int]) -> Callable[..., float]:
    """A rounding over ToNumber; ±Infinity and NaN stay, and a zero keeps the sign of what was rounded."""

    def apply(value: Any = UNDEFINED) -> float:
        number = to_number(value)
        if isinstance(number, int) or not math.isfinite(number):
            return number
        return target(number) or (-0.0 if math.copysign(1, number) < 0 else 0)

    return apply


def _half_up(number: float) -> int:
    below = math.floor(number)
    return below if number - below < 0.5 else below + 1


def _logarithm(target: Callable[[float], float], pole: float) -> Callable[[float], float]:
    """A logarithm that is −Infinity at its pole."""
    return lambda number: -math.inf if number == pole else target(number)


def _atanh(number: float) -> float:
    return math.copysign(math.inf, number) if abs(number) == 1 else math.atanh(number)


def _exp_minus_one(number: float) -> float:
    return math.expm1(number) if number else number


def _cube_root(number: float) -> float:
    """The double nearest to the cube root: libraries of C are off by one unit for numbers as plain as 27."""
    from fractions import Fraction

    root = math.cbrt(number)
    if not root or not math.isfinite(root):
        return root
    near = (math.nextafter(root, -math.inf), root, math.nextafter(root, math.inf))
    return min(near, key=lambda candidate: abs(Fraction(candidate) ** 3 - Fraction(number)))


def _sign(number: float) -> float:
    return number if not number or number != number else 1 if number > 0 else -1


def _single(number: float) -> float:
    return float(struct.unpack("f", struct.pack("f", number))[0])


def atan2(y: Any = UNDEFINED, x: Any = UNDEFINED) -> float:
    return math.atan2(to_number(y), to_number(x))


def clz32(value: Any = UNDEFINED) -> int:
    return 32 - to_uint32(value).bit_length()


def imul(left: Any = UNDEFINED, right: Any = UNDEFINED) -> int:
    return to_int32(to_int32(left) * to_int32(right) & 0xFFFF_FFFF)


def hypot(*values: Any) -> float:
    """As V8 computes it: scaled by the largest number, with the sum compensated (Kahan), so that digits agree."""
    numbers = [abs(to_number(value)) for value in values]
    largest = max((number for number in numbers if number == number), default=0)
    if math.isinf(largest) or any(number != number for number in numbers):
        return largest if math.isinf(largest) else math.nan
    total = compensation = 0.0
    for number in numbers if largest else ():
        summand = (number / largest) ** 2 - compensation
        total, before = total + summand, total
        compensation = (total - before) - summand
    return math.sqrt(total) * largest


def maximum(*values: Any) -> float:
    return _extreme(values, 1)


def minimum(*values: Any) -> float:
    return _extreme(values, -1)


def _extreme(values: tuple[Any, ...], sign: int) -> float:
    """The largest number when the sign is 1, the smallest when it is -1; −0 is less than 0."""
    numbers = [to_number(value) for value in values]
    if any(number != number for number in numbers):
        return math.nan
    return max(numbers, key=lambda number: (sign * number, sign * math.copysign(1, number)), default=-sign * math.inf)


def power(base: Any = UNDEFINED, exponent: Any = UNDEFINED) -> float:
    number, times = to_number(base), to_number(exponent)
    if times != times or (abs(number) == 1 and math.isinf(times)):
        return math.nan
    try:
        return math.pow(number, times)
    except ValueError:
        return math.nan if number else _pole(number, times)
    except OverflowError:
        return -math.inf if number < 0 and times % 2 == 1 else math.inf


def _pole(zero: float, times: float) -> float:
    return math.copysign(math.inf, zero) if times % 2 == 1 else math.inf


def random(frame: Frame) -> float:
    return frame.root.draw()


absolute = _number(abs)
ceil = _whole(math.ceil)
floor = _whole(math.floor)
round_ = _whole(_half_up)
trunc = _whole(math.trunc)

_ONE: Final = "number: number"


def _plain(name: str, target: Callable[[float], float], summary: str, argument: float, result: float) -> Function:
    return Function(f"math.{name}", _number(target), _ONE, "number", summary, example(argument, gives=result))


FUNCTIONS: Final = (
    Function(
        "math.add",
        add,
        "...operands: any",
        "any",
        "The sum, folded from 0 with `+`: texts are joined, null is 0. Lists are flattened one level.",
        example(1, 2, [3, 4], gives=10),
        fold=_add_all,
    ),
    Function(
        "math.subtract",
        subtract,
        "first: any, ...others: any",
        "number",
        "The first minus the others. Lists are flattened one level.",
        example(10, 3, 2, gives=5),
    ),
    Function(
        "math.multiply",
        multiply,
        "first: any, ...others: any",
        "number",
        "The product. Lists are flattened one level.",
        example("2", "3", gives=6),
    ),
    Function(
        "math.divide",
        divide,
        "first: any, ...others: any",
        "number",
        "The first divided by the others; NaN when one is 0. Lists are flattened one level.",
        example(10, 4, gives=2.5),
    ),
    Function("math.abs", absolute, _ONE, "number", "The number without its sign.", example(-3, gives=3)),
    _plain("acos", math.acos, "The arc cosine, in radians.", 1, 0),
    _plain("acosh", math.acosh, "The inverse hyperbolic cosine.", 1, 0),
    _plain("asin", math.asin, "The arc sine, in radians.", 0, 0),
    _plain("asinh", math.asinh, "The inverse hyperbolic sine.", 1, 0.881373587019543),
    _plain("atan", math.atan, "The arc tangent, in radians.", 1, 0.7853981633974483),
    Function(
        "math.atan2",
        atan2,
        "y: number, x: number",
        "number",
        "The angle of the point (x, y), in radians.",
        example(1, 1, gives=0.7853981633974483),
    ),
    _plain("atanh", _atanh, "The inverse hyperbolic tangent.", 0, 0),
    _plain("cbrt", _cube_root, "The cube root.", 27, 3),
    Function("math.ceil", ceil, _ONE, "number", "The next whole number upwards.", example(1.2, gives=2)),
    Function("math.clz32", clz32, _ONE, "number", "The leading zeros of the number in 32 bits.", example(1, gives=31)),
    _plain("cos", math.cos, "The cosine of an angle in radians.", 0, 1),
    _plain("cosh", math.cosh, "The hyperbolic cosine.", 0, 1),
    _plain("exp", math.exp, "e to this power.", 1, 2.718281828459045),
    _plain("expm1", _exp_minus_one, "e to this power, minus 1.", 1, 1.718281828459045),
    Function("math.floor", floor, _ONE, "number", "The next whole number downwards.", example(-1.2, gives=-2)),
    _plain("fround", _single, "The nearest number of 32 bits.", 5.05, 5.050000190734863),
    Function(
        "math.hypot",
        hypot,
        "...numbers: number",
        "number",
        "The square root of the sum of the squares.",
        example(3, 4, gives=5),
    ),
    Function(
        "math.imul",
        imul,
        "left: number, right: number",
        "number",
        "The product in 32 bits.",
        example(-1, 8, gives=-8),
    ),
    _plain("log", _logarithm(math.log, 0), "The natural logarithm.", 1, 0),
    _plain("log10", _logarithm(math.log10, 0), "The logarithm to base 10.", 1000, 3),
    _plain("log1p", _logarithm(math.log1p, -1), "The natural logarithm of 1 + the number.", 0, 0),
    _plain("log2", _logarithm(math.log2, 0), "The logarithm to base 2.", 8, 3),
    Function("math.max", maximum, "...numbers: number", "number", "The largest number; a list is NaN.", example(1, 3, 2, gives=3)),
    Function("math.min", minimum, "...numbers: number", "number", "The smallest number; a list is NaN.", example(1, 3, 2, gives=1)),
    Function("math.pow", power, "base: number, exponent: number", "number", "The base to the exponent.", example(2, 3, gives=8)),
    Function(
        "math.random",
        random,
        "",
        "number",
        "A number from 0 up to 1, drawn from the seed of the step: a retried step draws the same.",
        example(gives=ANY),
        context=True,
    ),
    Function("math.round", round_, _ONE, "number", "The nearest whole number; halves go up.", example(2.5, gives=3)),
    _plain("sign", _sign, "1, -1, or the zero itself.", -3, -1),
    _plain("sin", math.sin, "The sine of an angle in radians.", 1, 0.8414709848078965),
    _plain("sinh", math.sinh, "The hyperbolic sine.", 1, 1.1752011936438014),
    _plain("sqrt", math.sqrt, "The square root.", 16, 4),
    _plain("tan", math.tan, "The tangent of an angle in radians.", 0, 0),
    _plain("tanh", math.tanh, "The hyperbolic tangent.", 1, 0.7615941559557649),
    Function("math.trunc", trunc, _ONE, "number", "The number without its fraction.", example(-1.9, gives=-1)),
)
