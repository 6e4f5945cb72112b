"""The forms: the ways in which the workloads are written."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol


class Form(Protocol):
    """One way to write the workloads. A queue has `throughput` only."""

    async def steps(self, count: int, number: int) -> Any:
        """A workflow of `count` sequential activities."""

    async def fan(self, width: int) -> Any:
        """A workflow of `width` parallel activities."""

    async def loop(self, count: int) -> Any:
        """A workflow that does one activity `count` times, as one would write it for a count that nobody knows beforehand."""

    async def begin_waiting(self, name: str) -> None:
        """Start a workflow that waits for a signal."""

    async def start_waiting(self, name: str) -> asyncio.Task[Any]:
        """Start one and see to it that it waits; a task that ends with it."""

    async def signal(self, name: str) -> None:
        """Wake it."""

    async def sleep(self, seconds: float) -> None:
        """A workflow that sleeps."""


class Queue(Protocol):
    """A peer that runs jobs and knows no workflows."""

    async def throughput(self, count: int, limit: int) -> dict[str, Any]:
        """So many jobs enqueued and done, at most `limit` running at once; jobs per second."""


Open = Callable[[str], AbstractAsyncContextManager[Any]]


@dataclass(frozen=True, slots=True)
class FormEntry:
    """Where a form lives and which workloads it has."""

    title: str
    place: str
    workloads: tuple[str, ...]
    elsewhere: bool = False
    """Whether the activities (and the workflow functions) run in another process than their caller."""

    def load(self) -> Any:
        """The function that opens it. Raises ModuleNotFoundError when its packages are not installed."""
        module, _, name = self.place.partition(":")
        return getattr(importlib.import_module(module), name)


TIMED = ("w1", "w2", "w3", "w3b", "w4", "w5", "w6", "w8")
ABROAD = ("w1", "w2", "w3", "w3b", "w4", "w5")
GROWING = ("in-flight", "length", "rows", "memory")

FORMS: dict[str, FormEntry] = {
    "yaml": FormEntry("YAML", "benchmarks.yaml_form:open_form", (*TIMED, "w7", "w9", "w9t", *GROWING)),
    "durable": FormEntry("Durable", "benchmarks.durable_form:open_form", (*TIMED, "w9", "w9t", *GROWING)),
    "yaml-2p": FormEntry("YAML, 2 processes", "benchmarks.yaml_form:open_form", ABROAD, elsewhere=True),
    "durable-2p": FormEntry("Durable, 2 processes", "benchmarks.durable_form:open_form", ABROAD, elsewhere=True),
    "dbos": FormEntry("DBOS", "benchmarks.peers.dbos_form:open_form", (*TIMED, "w9", "in-flight", "length")),
    "procrastinate": FormEntry("procrastinate", "benchmarks.peers.procrastinate_form:open_form", ("w2",)),
    "pgqueuer": FormEntry("pgqueuer", "benchmarks.peers.pgqueuer_form:open_form", ("w2",)),
}
"""A form whose packages are not installed is left out, and said to be."""

PEERS = ("dbos", "procrastinate", "pgqueuer")
