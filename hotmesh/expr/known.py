"""What can be known of a value before anything runs: its type, and the value itself when it is a literal."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from hotmesh.expr.faults import Fault
from hotmesh.expr.signature import Parameter
from hotmesh.expr.syntax import Literal, parse_text
from hotmesh.expr.values import kind_of, to_number, to_time
from hotmesh.values import Json

_ANY: Final = "any"


@dataclass(frozen=True, slots=True)
class Known:
    """The types a value may have ('any' = nothing is known), and its value when it is a literal without references."""

    kinds: frozenset[str]
    literal: Any = None
    is_literal: bool = False


def unknown() -> Known:
    """Nothing is known."""
    return Known(frozenset({_ANY}))


def cell_of(cell: Json) -> Known:
    """What is known of a cell that stands on its own."""
    if isinstance(cell, str):
        parsed = parse_text(cell)
        return Known(frozenset({"string"}), parsed.text, True) if isinstance(parsed, Literal) else unknown()
    if isinstance(cell, dict) and ("@pipe" in cell or "@reduce" in cell):
        return unknown()
    return Known(frozenset({kind_of(cell)}), cell, not isinstance(cell, (list, tuple, dict)))


def misfit(known: Known, accepted: tuple[str, ...]) -> str | None:
    """How messages call the value when none of its types is accepted; None when one is, or may be."""
    if _ANY in accepted or _ANY in known.kinds or known.kinds & set(accepted):
        return None
    if known.is_literal and isinstance(known.literal, (str, int, float)):
        return f"the {'/'.join(sorted(known.kinds))} {known.literal!r}"
    return "/".join(sorted(known.kinds))


def wrong_text(function: str, parameter: Parameter, known: Known) -> tuple[str, str] | None:
    """The code and the message for a literal text that the function can't read: a cron expression, a pattern, a date, a number."""
    if not known.is_literal or not isinstance(known.literal, str):
        return None
    for code, applies, problem in _TEXT_CHECKS:
        if applies(function, parameter) and (message := problem(known.literal)):
            return code, message
    return None


def _bad_cron(text: str) -> str | None:
    from datetime import UTC, datetime

    from hotmesh.expr.functions.cron import next_match

    return _fault_of(lambda: next_match(text, datetime(2024, 1, 1, tzinfo=UTC)))


def _bad_pattern(text: str) -> str | None:
    from hotmesh.expr.patterns import find

    return _fault_of(lambda: find("", text))


def _bad_date(text: str) -> str | None:
    return _fault_of(lambda: to_time(text))


def _bad_number(text: str) -> str | None:
    return f"the text {text!r} is not a number" if math.isnan(to_number(text)) and text.strip() != "NaN" else None


def _fault_of(attempt: Callable[[], object]) -> str | None:
    try:
        attempt()
    except Fault as fault:
        return str(fault)
    except RecursionError:
        return "the text is nested too deep"
    return None


_TEXT_CHECKS: Final[tuple[tuple[str, Callable[[str, Parameter], bool], Callable[[str], str | None]], ...]] = (
    ("P112", lambda function, parameter: function == "cron.nextDelay", _bad_cron),
    ("P114", lambda function, parameter: function == "string.search" and parameter.name == "pattern", _bad_pattern),
    ("P111", lambda function, parameter: parameter.kinds == ("date",) and function != "date.parse", _bad_date),
    ("P503", lambda function, parameter: parameter.kinds == ("number",), _bad_number),
)
"""Which texts are read before anything runs: the code, where it applies, and what finds the problem."""
