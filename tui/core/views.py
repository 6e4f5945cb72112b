"""What a screen wants to see, and what it then sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from hotmesh.client.console import MeshView
from hotmesh.client.facts import DeadLetter, Escalation, JobFilter, Member, Page, Queue, Tally, Version
from hotmesh.diagnostic import Diagnostic

if TYPE_CHECKING:
    from hotmesh.export.execution import Execution
    from hotmesh.program import Program


@dataclass(frozen=True, slots=True)
class WantJobs:
    """A page of jobs; `before`: where it begins, None = at the newest."""

    chosen: JobFilter = field(default_factory=JobFilter)
    before: str | None = None
    limit: int = 200


@dataclass(frozen=True, slots=True)
class WantJob:
    """One job."""

    job_id: str


@dataclass(frozen=True, slots=True)
class WantGraphs:
    """The versions, and the program of one of them (None = the active one), perhaps compared with an older one."""

    version: str | None = None
    old: str | None = None


@dataclass(frozen=True, slots=True)
class WantMesh:
    """Who takes part."""


@dataclass(frozen=True, slots=True)
class WantQueues:
    """What waits."""


@dataclass(frozen=True, slots=True)
class WantEscalations:
    """The escalations; closed ones too?"""

    closed: bool = False


Want: TypeAlias = WantJobs | WantJob | WantGraphs | WantMesh | WantQueues | WantEscalations


class SeenJobs(NamedTuple):
    """A page of jobs, and how many there are."""

    page: Page
    tally: Tally


class SeenJob(NamedTuple):
    """A job and the program it runs."""

    execution: Execution
    program: Program | None


class SeenGraphs(NamedTuple):
    """The versions; the chosen one's program, what it is compared with, and what the linter says of its text (None = it has none)."""

    versions: tuple[Version, ...]
    version: str | None
    program: Program | None
    old: Program | None
    findings: tuple[Diagnostic, ...] | None


class SeenMesh(NamedTuple):
    """Who takes part, and when that was read."""

    mesh: MeshView
    now_ms: int


class SeenQueues(NamedTuple):
    """The queues and the dead letters, and when they were read."""

    queues: tuple[Queue, ...]
    dead: tuple[DeadLetter, ...]
    members: tuple[Member, ...]
    """Who serves them."""
    graphs: dict[str, tuple[str, ...]]
    """By topic of a queue the topics of the graphs whose jobs go through it, in the active version."""
    now_ms: int


class SeenEscalations(NamedTuple):
    """The escalations, and when they were read."""

    escalations: tuple[Escalation, ...]
    schemas: dict[tuple[str, str], object]
    """What their hooks take, as JSON Schemas by version and activity."""
    now_ms: int


Seen: TypeAlias = SeenJobs | SeenJob | SeenGraphs | SeenMesh | SeenQueues | SeenEscalations
