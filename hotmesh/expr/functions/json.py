"""JSON texts."""

from __future__ import annotations

import json
from typing import Any, Final

from hotmesh.expr.faults import Fault
from hotmesh.expr.numerals import double
from hotmesh.expr.serialization import serialize
from hotmesh.expr.signature import Function, example
from hotmesh.expr.values import to_integer, to_string, to_units
from hotmesh.values import UNDEFINED


def stringify(value: Any = UNDEFINED, replacer: Any = UNDEFINED, indent: Any = UNDEFINED) -> Any:
    return serialize(value, _allowed(replacer), _gap(indent))


def _allowed(replacer: Any) -> list[str] | None:
    """The keys that a list of keys allows; None = all."""
    if not isinstance(replacer, list):
        return None
    names = [to_string(key) for key in replacer if isinstance(key, (str, int, float)) and not isinstance(key, bool)]
    return list(dict.fromkeys(names))


def _gap(indent: Any) -> str:
    if isinstance(indent, str):
        return to_units(indent)[:10]
    if isinstance(indent, (int, float)) and not isinstance(indent, bool):
        return " " * int(min(max(to_integer(indent), 0), 10))
    return ""


def parse(text: Any = UNDEFINED) -> Any:
    source = to_string(text)
    try:
        return _DECODER.decode(source)
    except json.JSONDecodeError as error:
        raise Fault(f"text is no JSON: {error.msg[:1].lower()}{error.msg[1:]} at character {error.pos}") from None


def _no_constant(name: str) -> Any:
    raise Fault(f"text is no JSON: {name} is no JSON value")


def _integer(digits: str) -> float:
    if digits == "-0":
        return -0.0
    return int(digits) if len(digits) < 16 else double(int(digits)) if len(digits) < 1000 else float(digits)


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant, parse_int=_integer)

FUNCTIONS: Final = (
    Function(
        "json.stringify",
        stringify,
        "value: any, keys?: any, indent?: any",
        "string",
        "The JSON text of the value; undefined for undefined. `keys` is a list of the members to write, `indent` a number of spaces"
        " or a text.",
        example({"a": [1, None]}, gives='{"a":[1,null]}'),
    ),
    Function("json.parse", parse, "text: any", "any", "The value of a JSON text.", example('{"a":[1,2]}', gives={"a": [1, 2]})),
)
