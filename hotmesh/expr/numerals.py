"""Numbers and their texts (ECMA-262, "Number::toString", toFixed, toExponential, toPrecision), exact on the binary value."""

from __future__ import annotations

import math
from typing import Final

MAX_SAFE: Final = 2**53
"""Up to here every whole number is a double; an int beyond it stands for the nearest double."""
LEAST_SAFE: Final = -MAX_SAFE


def double(number: float) -> float:
    """An int or a float as ECMAScript holds it: ints beyond ±2^53 become the nearest double."""
    if LEAST_SAFE <= number <= MAX_SAFE or isinstance(number, float):
        return number
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def number_text(number: float) -> str:
    """The shortest text that reads back as the number, laid out as ECMAScript does: '1e+21', '0.000001', '-0' as '0'."""
    number = double(number)
    if isinstance(number, int):
        return str(number)
    if not math.isfinite(number):
        return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"
    text = repr(number)
    if "e" not in text:
        return "0" if number == 0 else text.removesuffix(".0")
    sign = "-" if number < 0 else ""
    digits, point = _digits(text.lstrip("-"))
    return sign + _layout(digits, point)


def _digits(text: str) -> tuple[str, int]:
    """The digits of '1.25e-07' and where the point lies among them: ('125', -6)."""
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    return whole + fraction, int(exponent or 0) + len(whole)


def _layout(digits: str, point: int) -> str:
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    return _scientific(digits, point - 1)


def _scientific(digits: str, exponent: int) -> str:
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{'+' if exponent >= 0 else '-'}{abs(exponent)}"


def fixed_text(number: float, places: int) -> str:
    """Number.prototype.toFixed, exact on the binary value; ties go away from zero."""
    if not math.isfinite(number) or abs(number) >= 1e21:
        return number_text(number)
    digits = str(_scaled(abs(number), places)).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if number < 0 else text


def exponential_text(number: float, places: int | None) -> str:
    """Number.prototype.toExponential of a finite number; None = as many digits as the number has."""
    sign = "-" if number < 0 else ""
    digits, point = _shortest(abs(number)) if places is None else _rounded(abs(number), places + 1)
    return sign + _scientific(digits, point - 1)


def precision_text(number: float, precision: int) -> str:
    """Number.prototype.toPrecision of a finite number."""
    sign = "-" if number < 0 else ""
    digits, point = _rounded(abs(number), precision)
    if point < -5 or point > precision:
        return sign + _scientific(digits, point - 1)
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    return sign + (digits if point == precision else f"{digits[:point]}.{digits[point:]}")


def _shortest(number: float) -> tuple[str, int]:
    """The fewest digits that read back as a number ≥ 0, and where the point lies among them."""
    digits, point = _digits(repr(float(number)))
    significant = digits.lstrip("0")
    return significant.rstrip("0") or "0", point - len(digits) + len(significant) if significant else 1


def _rounded(number: float, count: int) -> tuple[str, int]:
    """`count` digits of a number ≥ 0, and where the point lies among them."""
    if number == 0:
        return "0" * count, 1
    point = _shortest(number)[1]
    digits = _scaled(number, count - point)
    if len(str(digits)) != count:
        point += len(str(digits)) - count
        digits = _scaled(number, count - point)
    return str(digits), point


def _scaled(number: float, exponent: int) -> int:
    """`number` × 10 to the exponent, for a number ≥ 0, exact and then rounded; ties go up."""
    numerator, denominator = number.as_integer_ratio()
    if exponent >= 0:
        numerator *= 10**exponent
    else:
        denominator *= 10**-exponent
    return (2 * numerator + denominator) // (2 * denominator)
