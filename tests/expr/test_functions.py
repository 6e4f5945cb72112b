"""Every function of the library: the given vectors, results of a real ECMAScript engine, and the examples of the declarations."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from hotmesh.errors import PipeError
from hotmesh.expr import DOMAINS, FUNCTIONS, DataScope, Date, Function, compile_template
from hotmesh.expr.signature import ANY, KINDS
from hotmesh.values import UNDEFINED
from tests.expr.vectors import alike, by_function, decode

NOW = datetime(2026, 11, 20, 20, 54, 36, 708_000, tzinfo=UTC)
"""The moment at which the vectors that depend on one were taken."""
LAST_DIGIT = 1e-15
"""How far results of these may lie from another machine's; ECMAScript calls them implementation-approximated."""
APPROXIMATED = "acos acosh asin asinh atan atan2 atanh cbrt cos cosh exp expm1 log log10 log1p log2 pow sin sinh tan tanh"

APPROXIMATED_NAMES = {f"math.{name}" for name in APPROXIMATED.split()} | {"number.pow"}

VECTORS = {
    name: by_function(name) for name in ("pipes.jsonl", "ecmascript.jsonl", "locale.jsonl")
}  # fmt: skip
GROUPS = [
    pytest.param(calls, id=f"{name.removesuffix('.jsonl')}-{function}")
    for name, group in VECTORS.items()
    for function, calls in group.items()
]


def apply(function: str, arguments: list[Any]) -> Any:
    """The result of a function called by the second row of a pipe, its arguments coming from data."""
    rows = [[f"{{data.{index}}}" for index in range(len(arguments))], [f"{{@{function}}}"]]
    return compile_template({"@pipe": rows})(DataScope({"data": arguments}, now=NOW))


def outcome(call: dict[str, Any]) -> Any:
    try:
        return apply(call["fn"], decode(call["args"]))
    except PipeError as error:
        return error


def is_right(call: dict[str, Any], result: Any) -> bool:
    if call.get("throws"):
        return isinstance(result, PipeError)
    tolerance = LAST_DIGIT if call["fn"] in APPROXIMATED_NAMES else 0
    return not isinstance(result, PipeError) and alike(result, decode(call["result"]), tolerance)


@pytest.mark.parametrize("calls", GROUPS)
def test_results_are_those_of_ecmascript(calls: list[dict[str, Any]]) -> None:
    results = [(call, outcome(call)) for call in calls]
    wrong = [f"{call} gave {result!r}" for call, result in results if not is_right(call, result)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_the_example_of_the_declaration_is_true(function: Function) -> None:
    arguments = list(function.example.arguments)
    result = apply(function.full_name, arguments)
    assert function.example.result == ANY or alike(result, function.example.result), result


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_the_signature_is_that_of_the_implementation(function: Function) -> None:
    """It can be called with no arguments and with all that it declares, and what it raises is no defect."""
    values = (
        None,
        UNDEFINED,
        "x",
        1,
        [1],
        {"a": 1},
        True,
        math.nan,
        math.inf,
        10**400,
        Date(0),
        object(),
        (1,),
        {1: 2},
        {"a": [UUID(int=1)]},
    )
    for count, value in product({0, function.required, function.most or 5}, values):
        result = outcome({"fn": function.full_name, "args": [value] * count})
        assert not isinstance(result, PipeError) or result.__cause__ is None, f"{value}: {result}"


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_declaration_is_whole(function: Function) -> None:
    kinds = {kind for parameter in function.parameters for kind in parameter.kinds} | set(function.returns.split("|"))
    assert kinds <= set(KINDS)
    assert function.summary
    optional = [parameter.optional or parameter.variadic for parameter in function.parameters]
    assert optional == sorted(optional), "a parameter that is needed stands after one that is not"


def test_a_defect_of_a_function_is_an_error_of_the_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job fails with its place; the program around it goes on."""

    def broken(text: str) -> str:
        return text[5 / 0]  # type: ignore[index]

    monkeypatch.setitem(FUNCTIONS, "string.trim", replace(FUNCTIONS["string.trim"], call=broken))
    with pytest.raises(PipeError, match=r"string.trim broke: ZeroDivisionError: division by zero") as caught:
        apply("string.trim", ["x"])
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_signature_must_be_readable() -> None:
    with pytest.raises(ValueError, match="'text string' is no parameter"):
        _ = replace(FUNCTIONS["string.trim"], signature="text string").parameters


def test_the_library_is_that_of_the_language() -> None:
    names = {domain: {function.full_name.partition(".")[2] for function in functions} for domain, functions in DOMAINS.items()}
    assert names == {domain: set(text.split()) for domain, text in LIBRARY.items()}


PARTS = "Date FullYear Hours Milliseconds Minutes Month Seconds"
LIBRARY = {
    "array": "get length concat indexOf lastIndexOf join pop push reverse shift slice sort splice unshift",
    "bitwise": "and or xor leftShift rightShift unsignedRightShift",
    "conditional": "ternary equality inequality strict_equality strict_inequality greater_than less_than greater_than_or_equal"
    " less_than_or_equal nullish eq ne gt lt gte lte",
    "cron": "nextDelay",
    "date": "now yyyymmdd fromISOString parse UTC getTime getTimezoneOffset valueOf setTime toISOString toISOXString toJSON toString"
    " toDateString toLocaleString toLocaleDateString toLocaleTimeString "
    + " ".join(f"get{zone}{part}" for zone in ("", "UTC") for part in f"{PARTS} Day".split())
    + " "
    + " ".join(f"set{zone}{part}" for zone in ("", "UTC") for part in PARTS.split()),
    "json": "stringify parse",
    "logical": "and or not",
    "math": "add subtract multiply divide abs acos acosh asin asinh atan atan2 atanh cbrt ceil clz32 cos cosh exp expm1 floor fround"
    " hypot imul log log10 log1p log2 max min pow random round sign sin sinh sqrt tan tanh trunc",
    "number": "isFinite isInteger isNaN isEven isOdd parseFloat parseInt toFixed toExponential toPrecision gte lte gt lt max min pow round",
    "object": "get set create keys values entries fromEntries assign hasOwnProperty propertyIsEnumerable isPrototypeOf"
    " getOwnPropertyNames getOwnPropertySymbols getOwnPropertyDescriptor defineProperty defineProperties freeze isFrozen seal isSealed"
    " preventExtensions isExtensible",
    "string": "split charAt concat includes indexOf lastIndexOf slice substring toLowerCase toUpperCase trim trimStart trimEnd padStart"
    " padEnd replace search startsWith endsWith repeat",
    "symbol": "null undefined whitespace object array posInfinity negInfinity NaN date",
    "unary": "not positive negative bitwise_not",
}
