"""What a job gives: its data and its metadata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hotmesh.values import Json, copied


@dataclass(frozen=True, slots=True)
class JobMetadata:
    """`{$job.metadata…}` of a job: ids, topic, version, times, status (`js`), error, trace, origin, parent."""

    jid: str
    gid: str
    key: Json
    tpc: str
    app: str
    vrs: str
    ts: str
    jc: str
    ju: str
    js: int
    err: Json
    aid: str | None = None
    trc: str | None = None
    ngn: str | None = None
    pj: str | None = None
    pg: str | None = None
    pd: str | None = None
    pa: str | None = None


@dataclass(frozen=True, slots=True)
class JobOutput:
    """A job's data so far, and its metadata."""

    data: dict[str, Json]
    metadata: JobMetadata

    @staticmethod
    def of(data: dict[str, Json], metadata: dict[str, Any]) -> JobOutput:
        """From the dicts that the engine keeps; the caller may do with them what it likes."""
        return JobOutput(copied(data), JobMetadata(**metadata))
