"""Cron expressions."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, Final

from hotmesh.expr.faults import Fault
from hotmesh.expr.scope import Scope
from hotmesh.expr.signature import Function, example
from hotmesh.expr.values import wrong_type
from hotmesh.values import UNDEFINED

MACROS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
    "@minutely": "* * * * *",
    "@secondly": "* * * * * *",
}
"""The names that stand for a whole expression."""


def next_delay(scope: Scope, expression: Any = UNDEFINED) -> int:
    if expression is None or expression is UNDEFINED:
        return -1
    if not isinstance(expression, str):
        raise wrong_type("expression", "a cron expression", expression)
    now = scope.now.astimezone(UTC)
    return max(1, math.ceil((next_match(expression, now) - now).total_seconds()))


def next_match(expression: str, after: datetime) -> datetime:
    """The first moment after `after` that a cron expression of 5 or 6 fields (the first one seconds) names, in the zone of `after`.

    Raises Fault when the text is no cron expression or names no moment in the next 50 years.
    """
    from cronsim import CronSim, CronSimError

    text = MACROS.get(expression.strip().lower(), expression).replace("?", "*")
    try:
        return next(CronSim(text, after))
    except CronSimError as error:
        reason = str(error)
    except (StopIteration, OverflowError):
        raise Fault(f"{expression!r} never matches") from None
    raise Fault(f"{expression!r} is no cron expression: {reason[:1].lower()}{reason[1:]}")


FUNCTIONS: Final = (
    Function(
        "cron.nextDelay",
        next_delay,
        "expression: string",
        "number",
        "The whole seconds to the next match in UTC, at least 1; -1 for null. Fields: [second] minute hour day month weekday; names"
        " (`MON`, `jan`), `L`, `LW`, `#` and `@hourly` and the like work.",
        example(None, gives=-1),
        context=True,
    ),
)
