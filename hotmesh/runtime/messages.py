"""Messages of the engines' stream as events."""

from __future__ import annotations

from hotmesh import clock, codec
from hotmesh.errors import HotMeshError
from hotmesh.ids import make_id
from hotmesh.machine.dimension import Dimension
from hotmesh.machine.events import (
    Cancelled,
    ChildAnswered,
    Continued,
    Event,
    Interrupted,
    Response,
    Retried,
    RetryDue,
    SignalReceived,
    TimerFired,
)
from hotmesh.machine.job import Parent
from hotmesh.machine.retry import RetryPolicy
from hotmesh.runtime.work import StartRequest
from hotmesh.store.streams import ClaimedMessage, Lease
from hotmesh.values import Json

POISON_CLAIMS = 5
"""So often a message is taken before it is given up, the last times with no other such (see claim_messages)."""


class PoisonousMessage(HotMeshError):
    """A message kills, or stops, whoever takes it."""

    code = 598

    def __init__(self, kind: str) -> None:
        super().__init__(f"{POISON_CLAIMS} processes died, or gave up, over a message of the kind {kind}; see `hotmesh dead`")


def event_of(message: ClaimedMessage) -> Event:
    """The event that a message brings. Raises KeyError for a kind there is not."""
    payload = message.payload or {}
    activity_id, dimension = message.activity_id or "", message.dimension or ()
    match message.kind:
        case "timer":
            due = message.due_at or clock.now()
            return TimerFired(activity_id, dimension, int(due.timestamp() * 1000))
        case "signal":
            return SignalReceived(activity_id, dimension, payload["data"], payload["status"], payload["code"])
        case "child":
            return ChildAnswered(activity_id, dimension, **payload)
        case "retry":
            return RetryDue(activity_id, dimension)
        case "continue":
            return Continued()
        case "interrupt":
            return _interrupt(payload)
        case "cancel":
            return Cancelled(payload.get("reason", Cancelled().reason))
        case "retried":
            return Retried()
        case "overdue" | "recall":
            return Response(activity_id, dimension, "error", payload["code"], None, payload, retryable=False)
        case "response":
            return _response(activity_id, dimension, payload)
    raise KeyError(f"no message is of the kind {message.kind!r}")


def _response(activity_id: str, dimension: Dimension, payload: dict[str, Json]) -> Response:
    """The answer of a restricted worker: whatever it sent, it can only be an answer to its own task."""
    task_id, number, sent = payload["task_id"], payload.get("number"), payload["response"]
    try:
        status, code, retryable = sent["status"], int(sent["code"]), sent["retryable"] is not False
        data, error, policy = codec.decoded(sent.get("data")), codec.decoded(sent.get("error")), RetryPolicy.parse(sent.get("policy"))
        if status not in ("success", "pending", "error") or (status == "error" and not isinstance(error["message"], str)):
            raise ValueError(f"a status {status!r}")
        if number is not None and status != "pending":
            raise ValueError(f"a status {status!r} of an answer that is to leave its task open")
    except (KeyError, TypeError, ValueError, AttributeError) as reason:
        status, code, retryable, data, policy, number = "error", 500, False, None, None, None
        error = {"code": 500, "message": f"the worker's answer is none: {type(reason).__name__} {reason}"}
    return Response(activity_id, dimension, status, code, data, error, policy, retryable, task_id, number=number)


def answered_task(message: ClaimedMessage) -> Lease | None:
    """The task that a message consumes: a restricted worker's, unless it has more to say."""
    payload = message.payload if message.kind == "response" else {}
    return (payload["task_id"], payload["token"]) if "token" in payload else None


def _interrupt(payload: dict[str, Json]) -> Interrupted:
    event = Interrupted(**{name: payload[name] for name in Interrupted._fields if name in payload})
    return event._replace(reason=codec.decoded(event.reason))


def start_request(message: ClaimedMessage, guid: str) -> StartRequest:
    """The start that a message asks for: an await's, or one from SQL."""
    payload = message.payload
    job_id = payload.get("id") or make_id()
    return StartRequest(
        payload["topic"],
        payload["data"],
        job_id,
        payload.get("key") or job_id,
        payload.get("version"),
        entity=payload.get("entity"),
        parent=_parent(payload.get("parent")),
        origin=guid,
        trace=payload.get("trace"),
        again=payload.get("again") is True,
    )


def _parent(value: Json) -> Parent | None:
    if value is None:
        return None
    return Parent(value["job_id"], value["job_key"], value["activity_id"], tuple(value["dimension"]), value["waits"])
