"""The library of pipe functions: 13 domains, each a module with its literal table."""

from __future__ import annotations

from typing import Final

from hotmesh.expr.functions import array, bitwise, conditional, cron, date, json, logical, math, number, object, string, symbol, unary
from hotmesh.expr.signature import Function

DOMAINS: Final[dict[str, tuple[Function, ...]]] = {
    "array": array.FUNCTIONS,
    "bitwise": bitwise.FUNCTIONS,
    "conditional": conditional.FUNCTIONS,
    "cron": cron.FUNCTIONS,
    "date": date.FUNCTIONS,
    "json": json.FUNCTIONS,
    "logical": logical.FUNCTIONS,
    "math": math.FUNCTIONS,
    "number": number.FUNCTIONS,
    "object": object.FUNCTIONS,
    "string": string.FUNCTIONS,
    "symbol": symbol.FUNCTIONS,
    "unary": unary.FUNCTIONS,
}
"""Every domain, with its functions in the order of the reference."""

FUNCTIONS: Final[dict[str, Function]] = {function.full_name: function for functions in DOMAINS.values() for function in functions}
"""Every function by its full name, as 'string.concat'."""
