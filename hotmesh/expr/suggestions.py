"""What somebody meant who wrote a function that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hotmesh.expr.functions import DOMAINS, FUNCTIONS
from hotmesh.expr.syntax import FunctionName

OTHER_NAMES: Final = {
    "sum": "math.add",
    "plus": "math.add",
    "minus": "math.subtract",
    "times": "math.multiply",
    "upper": "string.toUpperCase",
    "uppercase": "string.toUpperCase",
    "lower": "string.toLowerCase",
    "lowercase": "string.toLowerCase",
    "contains": "string.includes",
    "len": "array.length",
    "size": "array.length",
    "count": "array.length",
    "append": "array.push",
    "if": "conditional.ternary",
    "default": "conditional.nullish",
    "coalesce": "conditional.nullish",
    "equals": "conditional.equality",
    "merge": "object.assign",
    "tostring": "string.concat",
    "tonumber": "unary.positive",
    "tojson": "json.stringify",
}
"""What functions are called elsewhere."""


def suggest_function(name: FunctionName) -> tuple[str, str, str | None]:
    """The code, the message and the help for an unknown function: P101 when its domain is unknown, P102 when only the function is."""
    if name.domain not in DOMAINS:
        return "P101", f"there is no domain {name.domain!r} of functions", _domain_help(name)
    return "P102", f"the domain {name.domain} has no function {name.name!r}", _did_you_mean(nearest(name)) or _listing(name.domain)


def nearest(name: FunctionName) -> str | None:
    """The full name of the function that looks most like it: the same name in another domain, or a near one in its own."""
    known = [function.full_name.partition(".")[2] for function in DOMAINS.get(name.domain, ())]
    if name.name.lower() in OTHER_NAMES:
        return OTHER_NAMES[name.name.lower()]
    close = _close(name.name, known) or _ignoring_case(name.name, known)
    if close:
        return f"{name.domain}.{close[0]}"
    same = [full for full in FUNCTIONS if full.partition(".")[2].lower() == name.name.lower()]
    return next(iter(same or _close(name.full, FUNCTIONS, 0.75)), None)


def _close(name: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, list(known), n=1, cutoff=cutoff)


def _ignoring_case(name: str, known: list[str]) -> list[str]:
    wanted = name.lower().replace("_", "")
    return [candidate for candidate in known if candidate.lower().replace("_", "") == wanted]


def _domain_help(name: FunctionName) -> str:
    close = _close(name.domain.lower(), DOMAINS)
    full = nearest(FunctionName(close[0], name.name)) if close else nearest(name)
    known = f"the domains are {', '.join(DOMAINS)}"
    return _did_you_mean(full) or (_did_you_mean(close[0]) if close else None) or known


def _listing(domain: str) -> str:
    return f"`hotmesh pipe --help {domain}` lists its functions"


def _did_you_mean(name: str | None) -> str | None:
    return f"did you mean {name}?" if name else None
