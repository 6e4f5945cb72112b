"""What the client's reads give back: the rows of lists, by their names, for those who may not look into the store."""

from __future__ import annotations

from hotmesh.store.escalations import OPEN as OPEN_ESCALATIONS
from hotmesh.store.escalations import STATES as ESCALATION_STATES
from hotmesh.store.escalations import Escalation, EscalationFilter
from hotmesh.store.listing import EVERYTHING, JobFilter, JobRow, JobState, Page, Tally
from hotmesh.store.listing import STATES as JOB_STATES
from hotmesh.store.mesh import Member, Version
from hotmesh.store.queues import DeadLetter, Queue

__all__ = [
    "ESCALATION_STATES",
    "EVERYTHING",
    "JOB_STATES",
    "OPEN_ESCALATIONS",
    "DeadLetter",
    "Escalation",
    "EscalationFilter",
    "JobFilter",
    "JobRow",
    "JobState",
    "Member",
    "Page",
    "Queue",
    "Tally",
    "Version",
]
