"""`mesh.export`: a job as plain sections, for reports and for people who keep what ran."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hotmesh.export.execution import Execution, Instance
from hotmesh.machine.job import iso_time
from hotmesh.values import UNDEFINED, Json

SECTIONS = ("data", "state", "status", "timeline", "transitions")
"""What an export consists of, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobExport:
    """A job; a section that was not asked for is UNDEFINED."""

    data: Json = UNDEFINED
    """The job's data."""
    state: Json = UNDEFINED
    """`metadata` of the job, and `activities`: by id and dimension what each was sent and what it returned."""
    status: Json = UNDEFINED
    """The semaphore."""
    timeline: Json = UNDEFINED
    """Every activity instance with its begin and end, in the order they were entered."""
    transitions: Json = UNDEFINED
    """Every edge the job went along, with its time."""

    def to_json(self) -> dict[str, Json]:
        """The sections that are there."""
        return {name: value for name in SECTIONS if (value := getattr(self, name)) is not UNDEFINED}


def job_export(execution: Execution, *, allow: Iterable[str] | None = None, block: Iterable[str] = (), values: bool = True) -> JobExport:
    """The sections of `allow` (all) without those of `block`; `values` false leaves out what was sent and returned.

    Raises ValueError for a section there is none of.
    """
    wanted = [*SECTIONS] if allow is None else [*allow]
    unknown = [name for name in (*wanted, *block) if name not in SECTIONS]
    if unknown:
        raise ValueError(f"an export has no section {unknown[0]!r}; there is {', '.join(SECTIONS)}")
    make = {"data": _data, "state": _state, "status": _status, "timeline": _timeline, "transitions": _transitions}
    return JobExport(**{name: make[name](execution, values) for name in SECTIONS if name in wanted and name not in block})


def _data(execution: Execution, values: bool) -> Json:
    return execution.data if values else sorted(execution.data)


def _status(execution: Execution, _values: bool) -> Json:
    return execution.status


def _state(execution: Execution, values: bool) -> Json:
    activities: dict[str, dict[str, Json]] = {}
    for instance in execution.instances:
        held = _payloads(instance) if values else {}
        activities.setdefault(instance.activity_id, {})[instance.dimension] = {"state": instance.state, "code": instance.code, **held}
    return {"metadata": _metadata(execution), "activities": activities}


def _metadata(execution: Execution) -> Json:
    parent = execution.parent
    return {
        "jid": execution.key,
        "gid": execution.id,
        "app": execution.app_id,
        "tpc": execution.topic,
        "vrs": execution.version,
        "entity": execution.entity,
        "state": execution.state,
        "js": execution.status,
        "jc": iso_time(execution.created_ms),
        "ju": iso_time(execution.updated_ms),
        "ended": None if execution.completed_ms is None else iso_time(execution.completed_ms),
        "err": execution.error,
        "pj": parent and parent.job_id,
        "pa": parent and parent.activity_id,
        "pd": parent and parent.dimension,
    }


def _timeline(execution: Execution, values: bool) -> Json:
    return [_row(instance, values) for instance in execution.instances]


def _row(instance: Instance, values: bool) -> Json:
    row = {
        "activity": instance.activity_id,
        "dimension": instance.dimension,
        "type": instance.kind,
        "state": instance.state,
        "code": instance.code,
        "attempts": instance.attempts,
        "created": iso_time(instance.created_ms),
        "updated": iso_time(instance.updated_ms),
        "duration_ms": None if instance.is_open else instance.updated_ms - instance.created_ms,
    }
    if instance.index is not None:
        row["index"] = instance.index
    return {**row, **(_payloads(instance) if values else {})}


def _payloads(instance: Instance) -> dict[str, Json]:
    held = {name: getattr(instance, name) for name in ("item", "input", "output", "hook")}
    return {name: value for name, value in held.items() if value is not UNDEFINED} | ({"error": instance.error} if instance.error else {})


def _transitions(execution: Execution, _values: bool) -> Json:
    return [
        {
            "from": edge.source,
            "from_dimension": edge.source_dimension,
            "to": edge.target,
            "to_dimension": edge.target_dimension,
            "kind": edge.kind,
            "at": iso_time(edge.at_ms),
        }
        for edge in execution.edges
    ]
