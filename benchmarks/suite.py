"""What there is to run and to show: the workloads, and the rows of the table with the figure each should reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.effects import LEASE_S


@dataclass(frozen=True, slots=True)
class Workload:
    """A workload: what it does, and the figure that stands for it."""

    title: str
    headline: str
    alone: bool = False
    """Whether it has a process and a database of its own."""


WORKLOADS: dict[str, Workload] = {
    "w1": Workload("start a 1-step workflow and await its result, one after the other", "p50_ms"),
    "w2": Workload("2,000 1-step workflows, 100 in flight", "per_s"),
    "w3": Workload("200 workflows of 10 sequential steps, 50 in flight", "steps_per_s"),
    "w3b": Workload("one workflow of 100 sequential steps", "ms_per_step"),
    "w4": Workload("fan-out of 100 activities in one workflow", "p50_ms"),
    "w5": Workload("from a signal to the workflow's completion", "p50_ms"),
    "w6": Workload("1-second sleeps, 100 at once: how late their callers hear of the end", "p50_ms"),
    "w8": Workload("writing transactions and WAL per workflow and per step", "one"),
    "w7": Workload("deploy and activate an app of ten activities", "p50_ms"),
    "w9": Workload("kill -9 with 1,000 effects half done, restart: seconds to all done, effects repeated", "seconds", alone=True),
    "w9t": Workload("the same with transactional workers", "seconds", alone=True),
    "in-flight": Workload("growth: w2 with 10, 100, 1,000, 10,000 in flight", "worst", alone=True),
    "length": Workload("growth: w3b with 100, 1,000, 10,000 steps", "worst", alone=True),
    "rows": Workload("growth: w1, w2, w3b with 1,000,000 finished jobs beneath", "worst", alone=True),
    "memory": Workload("memory of an idle process, and of one with 10,000 open jobs", "open_mb", alone=True),
}
"""In the order in which they are run; w7 leaves an app of another version behind and so comes last of those that share a process."""

GROUPS = {"growth": ("in-flight", "length", "rows", "memory"), "timed": tuple(n for n, each in WORKLOADS.items() if not each.alone)}
"""Names for several."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table."""

    title: str
    workload: str
    path: str
    unit: str
    aim: float | None
    more_is_better: bool = False
    timed: bool = False
    """Whether it depends on the machine, so that only ratios say something."""

    def value(self, results: dict[str, Any]) -> float | None:
        """The figure in the results of a form."""
        found: Any = results.get(self.workload, {})
        for name in self.path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, (int, float)) else None

    def gain(self, ours: float, other: float) -> float:
        """How many times better ours is."""
        over, under = (ours, other) if self.more_is_better else (other, ours)
        return over / under if under else float("inf")


ROWS = (
    Row("w1 one after the other, p50", "w1", "p50_ms", "ms", 2, timed=True),
    Row("w2 100 in flight", "w2", "per_s", "per s", 2_000, more_is_better=True, timed=True),
    Row("w3 10 steps, 50 in flight", "w3", "steps_per_s", "steps/s", 5_000, more_is_better=True, timed=True),
    Row("w3b 100 steps, per step", "w3b", "ms_per_step", "ms", 1, timed=True),
    Row("w4 fan-out of 100, p50", "w4", "p50_ms", "ms", 30, timed=True),
    Row("w5 signal to completion, p50", "w5", "p50_ms", "ms", 2.5, timed=True),
    Row("w6 lateness of sleeps, p50", "w6", "p50_ms", "ms", 15, timed=True),
    Row("w7 deploy and activate, p50", "w7", "p50_ms", "ms", 30, timed=True),
    Row("w8 one workflow: transactions", "w8", "one.commits", "", 2),
    Row("w8 one workflow: WAL", "w8", "one.wal_bytes", "B", 2_000),
    Row("w8 the same at 100 in flight: transactions", "w8", "one_at_100_in_flight.commits", "", 1),
    Row("w8 the same at 100 in flight: WAL", "w8", "one_at_100_in_flight.wal_bytes", "B", 2_000),
    Row("w8 each further step: transactions", "w8", "further_step.commits", "", 1),
    Row("w8 each further step: WAL", "w8", "further_step.wal_bytes", "B", 1_500),
    Row("w9 kill -9: all done after", "w9", "seconds", "s", LEASE_S + 2),
    Row("w9 effects repeated", "w9", "repeated", "", None),
    Row("w9 of these, not in flight at the kill", "w9", "repeated_though_answered", "", 0),
    Row("w9 transactional: all done after", "w9t", "seconds", "s", LEASE_S + 2),
    Row("w9 transactional: effects repeated", "w9t", "repeated", "", 0),
    Row("10 to 10,000 in flight: slowest workflow against the first", "in-flight", "worst", "×", 1.3),
    Row("100 to 10,000 steps: slowest step against the first", "length", "worst", "×", 1.3),
    Row("1,000,000 finished jobs beneath: against none", "rows", "worst", "×", 1.3),
    Row("memory of an idle process", "memory", "idle_mb", "MB", 90),
    Row("memory with 10,000 open jobs", "memory", "open_mb", "MB", 300),
)
"""The aims are those the product was designed for, on two cores that calibrate at 15,000 commits/s."""
