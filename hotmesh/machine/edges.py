"""Transitions: whether one is taken, and for which items."""

from __future__ import annotations

from hotmesh.errors import PipeError
from hotmesh.expr import strict_equals
from hotmesh.machine.plan import EdgePlan
from hotmesh.machine.scope import JobScope
from hotmesh.values import Json


def holds(edge: EdgePlan, scope: JobScope) -> bool:
    """Whether the conditions of an edge hold. Raises PipeError."""
    verdicts = (strict_equals(expected(scope), actual(scope)) for expected, actual in edge.match)
    try:
        return all(verdicts) if edge.gate_all else any(verdicts)
    except PipeError as raised:
        place(raised, f"transition to {edge.target}")
        raise


def items_of(edge: EdgePlan, scope: JobScope) -> list[Json] | None:
    """The items that an edge's `foreach` gives, None without one. Raises PipeError for what is no list."""
    if edge.foreach is None:
        return None
    try:
        items = edge.foreach(scope)
    except PipeError as raised:
        place(raised, f"foreach of {edge.target}")
        raise
    if items is not None and not isinstance(items, list):
        raise PipeError(f"foreach of {edge.target} takes a list, not {type(items).__name__}", path="foreach")
    return items or []


def place(raised: PipeError, key: str) -> None:
    """Put `key` before the path of an error."""
    raised.path = f"{key}.{raised.path}" if raised.path else key
