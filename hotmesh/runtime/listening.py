"""What listeners hear: the publications of jobs, by topic."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from hotmesh.values import Json


@dataclass(slots=True)
class Finished:
    """A publication as listeners get it: final or interim, the job's metadata and data."""

    topic: str
    job_id: str
    job_key: str
    final: bool
    data: dict[str, Json]
    metadata: dict[str, Json]


Listener = Callable[[Finished], Awaitable[None] | None]


async def call(callback: Listener, finished: Finished) -> None:
    """Tell one listener."""
    result = callback(finished)
    if result is not None:
        await result


def listens(pattern: str, finished: Finished) -> bool:
    """Whether a subscription is for this publication: its topic, one job's, or a pattern."""
    topic = finished.topic
    return pattern in (topic, f"{topic}.{finished.job_key}") or ("*" in pattern and fnmatchcase(topic, pattern))
