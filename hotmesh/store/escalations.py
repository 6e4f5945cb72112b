"""Escalations: hooks that wait for people. A list to choose from, claims that run out, and answers that go to exactly one hook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias, get_args
from uuid import UUID

from hotmesh import codec, ids
from hotmesh.errors import EscalationError
from hotmesh.store.pool import Pool
from hotmesh.store.queries import Queries
from hotmesh.store.signal_row import signal_payload
from hotmesh.values import Json, loads

EscalationState: TypeAlias = Literal["pending", "claimed", "resolved", "cancelled", "expired"]

STATES: tuple[EscalationState, ...] = get_args(EscalationState)
OPEN: tuple[EscalationState, ...] = ("pending", "claimed")


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationFilter:
    """Which escalations to list; everything given must hold."""

    states: tuple[EscalationState, ...] = OPEN
    role: str | None = None
    type: str | None = None
    assignee: str | None = None
    job_id: str | None = None
    """The job's id, as its user knows it."""
    id: str | None = None


class Escalation(NamedTuple):
    """A hook that waits for somebody."""

    id: str
    job_row_id: str
    job_id: str
    job_topic: str
    version: str
    activity_id: str
    dimension: str
    role: str | None
    type: str | None
    subtype: str | None
    entity: str | None
    priority: int
    """1 = most urgent; 5 unless the app says otherwise."""
    description: str | None
    fields: dict[str, Json]
    """Everything the app wrote: metadata, envelope, …"""
    topic: str | None
    """Of the signal that the hook waits for."""
    key: str | None
    assignee: str | None
    claimed_until: datetime | None
    created_at: datetime
    updated_at: datetime
    state: EscalationState


class Escalations:
    """The table `escalations`."""

    def __init__(self, pool: Pool, schema: str) -> None:
        self._pool = pool
        self._sql = Queries("escalations", schema)

    async def list(self, chosen: EscalationFilter | None = None, *, limit: int = 200) -> list[Escalation]:
        """The escalations that match, the most urgent and oldest first; without a filter the open ones."""
        wanted = chosen or EscalationFilter()
        arguments = (list(wanted.states), wanted.role, wanted.type, wanted.assignee, wanted.job_id, wanted.id, limit)
        async with self._pool.acquire() as connection:
            return [_escalation(row) for row in await connection.fetch(self._sql["list"], *arguments)]

    async def has(self, id_: str) -> bool:
        """Whether there is one with this id."""
        try:
            UUID(id_)
        except ValueError:
            return False
        async with self._pool.acquire() as connection:
            return bool(await connection.fetchval(self._sql["has"], id_))

    async def claim(self, id_: str, assignee: str, *, seconds: float = 900) -> None:
        """Have it for `seconds`; claiming one's own again prolongs it. Raises EscalationError when another one has it or it is closed."""
        await self._change("claim", id_, assignee, seconds)

    async def release(self, id_: str, assignee: str | None = None) -> None:
        """Give it back to all; `assignee` = only if that one has it. Raises EscalationError when it is not claimed so."""
        await self._change("release", id_, assignee)

    async def resolve(self, id_: str, payload: Json = None, *, assignee: str | None = None) -> None:
        """Close it and send its hook the signal it waits for, in one transaction.

        `assignee`: who answers. Raises EscalationError when another one has claimed it, it is closed, or its hook waits no more.
        """
        await self._close(id_, "resolved", assignee, {} if payload is None else payload, "success", 200)

    async def cancel(self, id_: str, *, reason: str = "the escalation was cancelled", assignee: str | None = None) -> None:
        """Close it without an answer: its hook fails with code 410 and the reason. Raises what `resolve` raises."""
        await self._close(id_, "cancelled", assignee, {"message": reason, "code": 410}, "error", 410)

    async def _close(self, id_: str, state: str, assignee: str | None, data: Json, status: str, code: int) -> None:
        signal_id = ids.make_id()
        _check(id_)
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(self._sql["close"], id_, state, assignee)
            if row is None:
                raise EscalationError(await self._trouble(connection, id_))
            where = (row["job_id"], row["symbol"], row["dimension"])
            if await connection.fetchrow(self._sql["deliver"], *where, signal_id, signal_payload(data, status, code)) is None:
                raise EscalationError(f"the hook of the escalation {id_} waits no more: its signal or its time came first.")

    async def _change(self, name: str, id_: str, *arguments: object) -> None:
        _check(id_)
        async with self._pool.acquire() as connection:
            if await connection.fetchrow(self._sql[name], id_, *arguments) is None:
                raise EscalationError(await self._trouble(connection, id_))

    async def _trouble(self, connection: Any, id_: str) -> str:
        rows = await connection.fetch(self._sql["list"], None, None, None, None, None, id_, 1)
        if not rows:
            return f"there is no escalation {id_}; its job may have expired."
        found = _escalation(rows[0])
        if found.state == "claimed":
            return f"{found.assignee} has claimed this escalation until {found.claimed_until:%H:%M:%S} UTC."
        return f"the escalation is {found.state}."


def _check(id_: str) -> None:
    try:
        UUID(id_)
    except ValueError:
        raise EscalationError(f"{id_!r} is no id of an escalation; `hotmesh escalations list` lists them.") from None


def _escalation(row: Any) -> Escalation:
    values = dict(row)
    return Escalation(
        str(values["id"]),
        str(values["job_id"]),
        values["job_key"],
        values["job_topic"],
        values["version"],
        values["symbol"],
        values["dimension"],
        values["role"],
        values["type"],
        values["subtype"],
        values["entity"],
        values["priority"],
        codec.decoded(values["description"]),
        codec.fields_from_json(loads(values["fields"])),
        values["topic"],
        values["key"],
        values["assignee"],
        values["claimed_until"],
        values["created_at"],
        values["updated_at"],
        values["state"],
    )
