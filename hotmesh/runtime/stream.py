"""What a worker is given and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from hotmesh.errors import HotMeshError
from hotmesh.machine.retry import RetryPolicy
from hotmesh.values import Json, dumps, loads

Status = Literal["success", "pending", "error"]


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where a task comes from. `guid` is the same for all attempts: an idempotency key for the outside."""

    guid: str
    jid: str
    """The job's id, as its user knows it."""
    gid: str
    """The job's row id."""
    aid: str
    """The activity's id."""
    dad: str
    """The activity instance's dimension."""
    topic: str
    attempt: int = 1
    trc: str | None = None
    """Trace id."""
    spn: str | None = None
    """Span id of the activity's leg 1."""
    claims: int = 1
    """How often this attempt was given to a worker: more than once when one died, or lost its lease."""


class Link(Protocol):
    """What a task that runs can ask of the database."""

    async def heartbeat(self, details: Json) -> bool:
        """Keep what it says of itself, and its lease; false when the lease was lost."""


@dataclass(frozen=True, slots=True)
class StreamData:
    """A task: `data` is the mapped input; `tx`, with `transactional=True`, the connection whose transaction the answer is committed in."""

    data: Json
    metadata: Metadata
    tx: Any = None
    link: Link | None = None
    details: Json = None
    """What it said of itself (`link.heartbeat`) when another worker, or an attempt before, had it."""


@dataclass(frozen=True, slots=True)
class StreamResponse:
    """An answer. `pending` (202) leaves the activity open."""

    data: Json = None
    status: Status = "success"
    code: int | None = None
    metadata: Json = None
    error: Json = None
    retry: RetryPolicy | None = None
    """A retry policy for this task, before the worker's own."""
    retryable: bool = True

    @property
    def answer_code(self) -> int:
        """The code, with the status's default."""
        return self.code if self.code is not None else _CODES[self.status]


_CODES: dict[Status, int] = {"success": 200, "pending": 202, "error": 500}
_SHAPE = {"metadata", "data", "status", "code"}


class AnswerError(HotMeshError):
    """A worker returned something that is no answer; the activity fails with 500, and is not tried again."""


def as_response(result: Any) -> StreamResponse:
    """The answer in what a callback returned: a StreamResponse, a dict in its shape, or simply the data; as it is stored, whatever the
    callback does with it later.

    Raises AnswerError for what is not JSON or has a status there is not.
    """
    if isinstance(result, StreamResponse):
        response = result
    elif isinstance(result, dict) and "data" in result and result.keys() <= _SHAPE and ("status" in result or "metadata" in result):
        response = StreamResponse(result["data"], result.get("status", "success"), result.get("code"), result.get("metadata"))
    else:
        response = StreamResponse(result)
    if response.status not in _CODES:
        raise AnswerError(f"a worker's status is success, pending or error, not {response.status!r}")
    try:
        text = dumps(response.data)
    except (TypeError, ValueError, RecursionError) as error:
        raise AnswerError(f"a worker returned what is not JSON: {_path_of(response.data)}{error}") from error
    return response if response.data is None else replace(response, data=loads(text))


def _path_of(value: Any, path: str = "data") -> str:
    """Where in a value the first thing stands that is not JSON."""
    children: Mapping[Any, Any] = value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, (list, tuple)) else {}
    for key, child in children.items():
        try:
            dumps({key: child})
        except (TypeError, ValueError, RecursionError):
            return _path_of(child, f"{path}.{key}") if path.count(".") < 50 else f"{path}: "
    return f"{path} ({type(value).__name__}): "


def error_json(error: BaseException, code: int) -> Json:
    """An exception as the error of an activity."""
    import traceback

    stack = "".join(traceback.format_exception(error))
    return {"code": code, "message": str(error) or type(error).__name__, "type": type(error).__name__, "stack": stack[-4000:]}
