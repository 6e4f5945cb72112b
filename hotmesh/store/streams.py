"""The streams: claims, leases, and what is done to messages outside a step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from hotmesh import codec
from hotmesh.ids import make_id, make_token
from hotmesh.machine.dimension import Dimension, from_text, to_text
from hotmesh.machine.events import Response
from hotmesh.store.pool import Pool
from hotmesh.store.queries import Queries
from hotmesh.values import Json, dumps, loads

Lease = tuple[str, int]
"""The id of a task or message, and the token it is leased under."""


MessageLease = tuple[str, int | None]
"""The same of a message; a timer that its own setter fires has no token."""


class ClaimedTask(NamedTuple):
    """A task leased to this process."""

    id: str
    token: int
    topic: str
    job_id: str
    activity_id: str
    dimension: Dimension
    attempt: int
    claims: int
    input: Json
    job_key: str
    job_topic: str
    version: str
    trace: Json
    details: Json = None
    """What it has said of itself when another worker had it."""


class ClaimedMessage(NamedTuple):
    """A message leased to this process. `due_at` is set when it had come due (a timer, an expired lease)."""

    id: str
    token: int
    kind: str
    job_id: str | None
    activity_id: str | None
    dimension: Dimension | None
    payload: Json
    claims: int
    due_at: datetime | None = None


class Depth(NamedTuple):
    """How much waits in one stream; topic '' = the engines'."""

    topic: str
    ready: int
    leased: int
    delayed: int
    oldest: str | None


class Streams:
    """The tables `worker_streams` and `engine_streams`."""

    def __init__(self, pool: Pool, schema: str, owner: str, lease_s: float) -> None:
        self._pool = pool
        self._sql = Queries("streams", schema)
        self._owner = owner
        self._lease_s = lease_s

    async def claim_tasks(self, wanted: dict[str, int], token: int) -> list[ClaimedTask]:
        """Lease up to `wanted[topic]` tasks of each topic."""
        rows = await self._fetch("claim_tasks", self._owner, self._lease_s, list(wanted), list(wanted.values()), token)
        return [read_task(row, token) for row in rows]

    async def claim_messages(self, limit: int, token: int) -> list[ClaimedMessage]:
        """Lease up to `limit` messages."""
        rows = await self._fetch("claim_messages", self._owner, self._lease_s, limit, token)
        return [_message(row, token) for row in rows]

    async def next_due(self, topics: Sequence[str]) -> tuple[float | None, float | None]:
        """Seconds until the next message and the next task of `topics` come due."""
        row = (await self._fetch("next_due", list(topics)))[0]
        return row["messages_s"], row["tasks_s"]

    async def renew(self, tasks: Sequence[Lease], messages: Sequence[Lease]) -> set[str]:
        """Renew leases; the ids that are still ours."""
        rows = await self._fetch("renew", self._lease_s, *_pairs(tasks), *_pairs(messages))
        return {str(row[0]) for row in rows}

    async def give_back(self, tasks: Sequence[Lease], messages: Sequence[Lease]) -> None:
        """Return leases unused."""
        await self._fetch("give_back", *_pairs(tasks), *_pairs(messages))

    async def drop(self, tasks: Sequence[Lease], messages: Sequence[Lease]) -> None:
        """Consume what changes nothing."""
        if tasks:
            await self._fetch("drop_tasks", *_pairs(tasks))
        if messages:
            await self._fetch("drop_messages", *_pairs(messages))

    async def refuse_start(self, lease: Lease, job_id: str, topic: str, error: Json) -> None:
        """Consume a start that can't be, and keep the reason as a dead letter."""
        await self._fetch("refuse_start", *lease, job_id, topic, codec.to_text(error))

    async def bury(self, lease: Lease, code: int, message: str) -> None:
        """Consume a message that kills whoever takes it: a dead letter is kept, and its job ends with the error."""
        error = codec.to_text({"code": code, "message": message})
        await self._fetch("bury", *lease, error, codec.to_text({"reason": message, "code": code}))

    async def consume(self, lease: Lease, connection: Any) -> bool:
        """Consume a message in the transaction of `connection`; false when it is no longer ours."""
        return await connection.fetchval(self._sql["consume_message"], *lease) is not None

    async def park(self, job_id: str, tasks: Sequence[Lease], messages: Sequence[Lease]) -> None:
        """Set tasks and messages of a paused job aside until it is resumed; ready again at once when it was resumed meanwhile."""
        if tasks:
            await self._fetch("park_tasks", *_pairs(tasks))
        if messages:
            await self._fetch("park_messages", *_pairs(messages), job_id)

    async def park_answer(self, lease: Lease, answer: Response) -> None:
        """Keep the answer of a task whose job is paused, as a message that waits until the job is resumed."""
        await self._fetch("park_answer", *lease, make_id(), make_token(), dumps(response_json(answer)))

    async def take_back(self, message: ClaimedMessage, token: int) -> Lease | None:
        """Lease the task that a deadline or a cancellation is for: when no consumer ever took it, or none has it now."""
        assert message.dimension is not None
        name = "take_overdue" if message.kind == "overdue" else "recall"
        rows = await self._fetch(name, message.job_id, message.activity_id, to_text(message.dimension), self._lease_s, token)
        return (str(rows[0]["id"]), token) if rows else None

    async def take_back_later(self, message: ClaimedMessage) -> bool:
        """Have a cancellation's message come again when the task's lease ends; false when there is none to wait for."""
        assert message.dimension is not None
        place = (message.job_id, message.activity_id, to_text(message.dimension))
        return message.kind == "recall" and bool(await self._fetch("recall_later", message.id, message.token, *place))

    async def heartbeat(self, lease: Lease, details: Json) -> bool:
        """Keep what a running task says of itself, and renew its lease; false when the lease was lost."""
        return bool(await self._fetch("heartbeat", *lease, self._lease_s, codec.to_text(details)))

    async def depths(self) -> list[Depth]:
        """How much waits, by topic."""
        return [Depth(*row) for row in await self._fetch("depths")]

    async def _fetch(self, name: str, *arguments: Any) -> list[Any]:
        async with self._pool.acquire() as connection:
            rows: list[Any] = await connection.fetch(self._sql[name], *arguments)
        return rows


def response_json(response: Response) -> Json:
    """An answer as the payload of a `response` message."""
    policy = response.policy
    return {
        "status": response.status,
        "code": response.code,
        "data": codec.encoded(response.data),
        "error": codec.encoded(response.error),
        "retryable": response.retryable,
        "policy": None if policy is None else policy.to_json(),
    }


def _pairs(leases: Sequence[Lease]) -> tuple[list[str], list[int]]:
    return [id_ for id_, _ in leases], [token for _, token in leases]


def read_task(row: Any, token: int) -> ClaimedTask:
    """A row of `claim_tasks`."""
    return ClaimedTask(
        str(row["id"]),
        token,
        row["topic"],
        str(row["job_id"]),
        row["symbol"],
        from_text(row["dimension"]),
        row["attempt"],
        row["claims"],
        codec.decoded(loads(row["value"]).get("input")),
        row["job_key"],
        row["job_topic"],
        row["version"],
        None if row["trace"] is None else loads(row["trace"]),
        None if row["details"] is None else codec.from_text(row["details"]),
    )


def _message(row: Any, token: int) -> ClaimedMessage:
    return ClaimedMessage(
        str(row["id"]),
        token,
        row["kind"],
        None if row["job_id"] is None else str(row["job_id"]),
        row["symbol"],
        None if row["dimension"] is None else from_text(row["dimension"]),
        None if row["payload"] is None else codec.from_text(row["payload"]),
        row["claims"],
        row["due_at"],
    )
