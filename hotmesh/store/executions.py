"""One job with everything around it, read in one statement and one snapshot."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from hotmesh import codec
from hotmesh.store.jobs import Loaded, loaded_job
from hotmesh.store.pool import Pool
from hotmesh.store.queries import Queries
from hotmesh.values import Json, loads


class Around(NamedTuple):
    """What stands around a job's own rows; times are epoch milliseconds, None = none or never."""

    now_ms: int
    completed_ms: int | None
    expires_ms: int | None
    paused_ms: int | None
    tasks: dict[str, Json]
    """Tasks of the open instances, by id: topic, ready, due_ms, owner, attempt."""
    messages: dict[str, Json]
    """Timers, starts and retries of the open instances, by id: kind, due_ms, leased."""
    waits: dict[str, Json]
    """Registrations, by id: topic, key, since_ms."""
    children: list[Json]
    escalations: dict[str, Json]
    members: list[list[str]]
    """The topics of every live process."""
    engines: int
    throttles: dict[str, int]
    digest: str | None
    """Of what is stored under the job's version."""
    pause_reason: str | None = None


class Executions:
    """Reads jobs for those who look at them."""

    def __init__(self, pool: Pool, schema: str) -> None:
        self._pool = pool
        self._sql = Queries("executions", schema)

    async def read(self, key: str) -> tuple[Loaded, Around] | None:
        """The live job with this id."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(self._sql["read"], key)
        return None if row is None else (loaded_job(row), _around(loads(row["around"])))


def _around(found: Json) -> Around:
    return Around(
        _required_ms(found["now"]),
        _ms(found["completed"]),
        _ms(found["expires"]),
        _ms(found["paused"]),
        {each["id"]: {**each, "due_ms": _ms(each["due"])} for each in found["tasks"] or ()},
        {each["id"]: {**each, "due_ms": _ms(each["due"])} for each in found["messages"] or ()},
        {each["id"]: _wait(each) for each in found["waits"] or ()},
        [{**each, "error": codec.error_decoded(each["error"])} for each in found["children"] or ()],
        {each["id"]: {**each, "description": codec.decoded(each["description"])} for each in found["escalations"] or ()},
        [list(topics) for topics in found["members"] or ()],
        found["engines"],
        found["throttles"] or {},
        found["digest"],
        codec.decoded_after(found["pause_reason"]),
    )


def _wait(found: Json) -> Json:
    return {**found, "key": codec.unsealed_key(found["key"], found["sealed"]), "since_ms": _ms(found["since"])}


def _required_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _ms(text: Any) -> int | None:
    return None if text is None or text in ("infinity", "-infinity") else _required_ms(text)
