"""A worker as its user declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hotmesh.machine.retry import RetryPolicy
from hotmesh.runtime.router import Callback, Consumer


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker of one topic.

    `callback`: async, or plain (run in a thread); takes a StreamData, returns data, a dict in stream shape or a StreamResponse; an async
    generator may answer several times. `retry`: a RetryPolicy or its dict form. `concurrency`: callbacks at once. `transactional`: the
    callback runs in a transaction of the app's database, `data.tx`, in which its answer is committed.
    """

    topic: str
    callback: Callback
    retry: RetryPolicy | Mapping[str, object] | None = None
    concurrency: int = 100
    transactional: bool = False

    def consumer(self) -> Consumer:
        """The worker as the router takes it. Raises ValueError for a callback, a concurrency or a retry policy that is none."""
        if not callable(self.callback):
            raise ValueError(f"the callback of {self.topic!r} is {type(self.callback).__name__}, not something to call with a task")
        if not isinstance(self.concurrency, int) or self.concurrency < 1:
            raise ValueError(f"the concurrency of {self.topic!r} is a whole number from 1, not {self.concurrency!r}")
        return Consumer(self.topic, self.callback, self.concurrency, RetryPolicy.parse(self.retry), self.transactional)


def as_worker(value: Worker | Mapping[str, Any]) -> Worker:
    """A worker from its dict form. Raises TypeError naming a key it doesn't have."""
    return value if isinstance(value, Worker) else Worker(**value)
