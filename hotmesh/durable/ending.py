"""How a run ends otherwise than by returning: it continues as new, or fails with an error."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable

from hotmesh.durable.remote import text_of
from hotmesh.errors import HotMeshError
from hotmesh.values import Json


class ContinueAsNew(BaseException):
    """Ends a run so that the job starts afresh with other arguments, whose JSON `payload` makes."""

    def __init__(self, payload: Callable[[], Json]) -> None:
        super().__init__("continue as new")
        self.payload = payload


def continuation(error: BaseException | None) -> ContinueAsNew | None:
    """The wish to continue as new in an error: itself, or all that a task group has gathered."""
    if isinstance(error, BaseExceptionGroup):
        wishes, others = error.split(ContinueAsNew)
        return None if wishes is None or others is not None else continuation(wishes.exceptions[0])
    return error if isinstance(error, ContinueAsNew) else None


def failure_json(error: BaseException) -> Json:
    """An exception as an execution's error: code, message, type, stack and cause."""
    cancelled = isinstance(error, asyncio.CancelledError)
    code = getattr(error, "code", None)
    code = code if isinstance(code, int) and not isinstance(code, bool) and 100 <= code <= 999 else 410 if cancelled else 500
    message = str(error) or "cancelled" if cancelled else text_of(error)
    failure: dict[str, Json] = {"code": code, "message": message, "type": "CancelledFailure" if cancelled else type(error).__name__}
    failure["stack"] = "".join(traceback.format_exception(error))[-4000:]
    cause = getattr(error, "cause", None) if isinstance(error, HotMeshError) else None
    if cause is not None:
        failure["cause"] = cause
    elif isinstance(error.__cause__, Exception):
        failure["cause"] = failure_json(error.__cause__)
    return failure
