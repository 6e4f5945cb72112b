"""The run of a job, laid over its graph: what each activity did, and which way the job went.

Whoever knows the rows makes an `Overlay`; `diagram.laid_over` puts it into a diagram, and every renderer draws that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from hotmesh.graph.words import seconds_words


class State(StrEnum):
    """What an activity is at."""

    PENDING = "pending"
    """not reached yet"""
    RUNNING = "running"
    WAITING = "waiting"
    """for a signal, a time or a child"""
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """the job is past it, or has ended, without it"""


SIGNS: Final[Mapping[State, str]] = {
    State.PENDING: "·",
    State.RUNNING: "⟳",
    State.WAITING: "◷",
    State.DONE: "✓",
    State.FAILED: "✗",
    State.SKIPPED: "–",
}
"""A sign for each state, so that no state is told by its color alone."""


@dataclass(frozen=True, slots=True)
class ActivityRun:
    """What one activity did in one job."""

    state: State
    counts: Mapping[State, int] = field(default_factory=dict)
    """Its instances by state, when there are several (`foreach`, cycles)."""
    attempts: int = 1
    """Of the instance that took the most."""
    passes: int = 0
    """How often a cycle has come by here again."""
    elapsed_s: float | None = None
    """Seconds from its start to its end, or until now."""
    note: str | None = None
    """An error's code and message, or what it waits for."""

    @property
    def instances(self) -> int:
        """How many instances there are."""
        return sum(self.counts.values()) or 1


@dataclass(frozen=True, slots=True)
class Overlay:
    """One job. Activities that are not named are pending while the job runs, skipped when it has ended."""

    job_id: str
    topic: str
    state: State
    activities: Mapping[str, ActivityRun]
    taken: frozenset[tuple[str, str]] = frozenset()
    """The edges the job went along, as (source, target); the way back of a cycle too."""
    elapsed_s: float | None = None
    note: str | None = None


def run_words(run: ActivityRun) -> str:
    """One line about an activity: `✓ 1.2 s`, `✗ 3 attempts · 4 s`, `×120 (118✓ 1⟳ 1✗)`."""
    sign = SIGNS[run.state]
    details = []
    if run.instances > 1:
        counts = [f"{count}{SIGNS[state]}" for state, count in run.counts.items() if count]
        details.append(f"×{run.instances} ({' '.join(counts)})" if len(counts) > 1 else f"{sign} ×{run.instances}")
    if run.passes:
        details.append("1 pass back" if run.passes == 1 else f"{run.passes} passes back")
    if run.attempts > 1:
        details.append(f"{run.attempts} attempts")
    if run.elapsed_s is not None:
        details.append(seconds_words(run.elapsed_s))
    told = " · ".join(details)
    return told if run.instances > 1 else f"{sign} {told}".rstrip()


def job_words(overlay: Overlay) -> str:
    """One line about the job."""
    how_long = "in" if overlay.state is State.DONE else "after" if overlay.state is State.FAILED else "for"
    time = f" {how_long} {seconds_words(overlay.elapsed_s)}" if overlay.elapsed_s is not None else ""
    note = f": {overlay.note}" if overlay.note else ""
    return f"{SIGNS[overlay.state]} job {overlay.job_id} {overlay.state}{time}{note}"
