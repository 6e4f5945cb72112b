"""Values that are hard to write in YAML."""

from __future__ import annotations

import math
from typing import Any, Final

from hotmesh.expr.dates import Date
from hotmesh.expr.scope import Scope
from hotmesh.expr.signature import ANY, Function, example
from hotmesh.values import UNDEFINED


def null() -> None:
    return None


def undefined() -> Any:
    return UNDEFINED


def whitespace() -> str:
    return " "


def object_() -> dict[str, Any]:
    return {}


def array() -> list[Any]:
    return []


def positive_infinity() -> float:
    return math.inf


def negative_infinity() -> float:
    return -math.inf


def not_a_number() -> float:
    return math.nan


def date(scope: Scope) -> Date:
    return Date.of(scope.now)


FUNCTIONS: Final = (
    Function("symbol.null", null, "", "any", "null", example(gives=None)),
    Function("symbol.undefined", undefined, "", "any", "undefined: a value that is not there.", example(gives=UNDEFINED)),
    Function("symbol.whitespace", whitespace, "", "string", "One space.", example(gives=" ")),
    Function("symbol.object", object_, "", "map", "An empty map.", example(gives={})),
    Function("symbol.array", array, "", "list", "An empty list.", example(gives=[])),
    Function("symbol.posInfinity", positive_infinity, "", "number", "Infinity", example(gives=math.inf)),
    Function("symbol.negInfinity", negative_infinity, "", "number", "-Infinity", example(gives=-math.inf)),
    Function("symbol.NaN", not_a_number, "", "number", "NaN", example(gives=math.nan)),
    Function("symbol.date", date, "", "date", "The moment of the step, as a date.", example(gives=ANY), context=True),
)
