"""A job as its rows: what a step writes, and what a process that knows nothing reads."""

from __future__ import annotations

from dataclasses import dataclass, field

from hotmesh.machine import ledger as digits
from hotmesh.machine.dimension import to_text
from hotmesh.machine.effects import Step
from hotmesh.machine.job import JobState
from hotmesh.machine.plan import Plan
from hotmesh.machine.restore import Row, restore
from hotmesh.values import Json, dumps


@dataclass
class Stored:
    """A job's row, as columns, and the rows of its instances and its data. `state`: the job as of the last commit."""

    state: JobState
    columns: dict[str, Json] = field(default_factory=dict)
    rows: dict[tuple[str, str], tuple[str, int | None]] = field(default_factory=dict)
    told: int = 0
    """How often its end was published."""
    answered: int = 0
    """How often its parent was given its last word."""
    reopened: int = 0
    """How often it was opened again after its end."""
    ends: dict[str | int, int] = field(default_factory=dict)
    """Its ends that are to be told of: one for each time it was opened, one for `persist`."""

    def store(self, job: JobState, done: Step) -> None:
        """Write what a step has changed."""
        self.state = job
        final = self.columns.get("final", False) or (job.final and (job.failed or not job.done))
        self.columns = {name: getattr(job, name) for name in ("status", "error", "done", "facets", "created_ms", "updated_ms")}
        self.columns["final"] = final
        if done.purged_below is not None:
            self._purge(done.purged_below)
        for key, is_new in done.touched.items():
            self._write((key[0], to_text(key[1])), is_new, job, key)
        for name, is_new in done.fields.items():
            assert ((name, "") not in self.rows) == is_new
            self.rows[name, ""] = (dumps(job.data[name]), None)

    def _write(self, place: tuple[str, str], is_new: bool, job: JobState, key: tuple[str, tuple[int, ...]]) -> None:
        instance = job.instances.get(key) or job.answers[key]
        assert (place not in self.rows) == is_new, f"{place} is said to be {'new' if is_new else 'there'}"
        before = self.rows.get(place, ("", 0))[1]
        assert before is not None
        assert before <= instance.ledger, f"the ledger of {place} shrinks"
        assert digits.is_valid(instance.ledger)
        self.rows[place] = (dumps(instance.to_json()), instance.ledger)

    def _purge(self, below: int) -> None:
        for place in [place for place in self.rows if place[1].count(",") > 1 and int(place[1].split(",")[2]) < below]:
            del self.rows[place]

    def restored(self, plan: Plan) -> JobState:
        """The job as its rows tell it; see store/jobs.py for what they tell of a cancellation."""
        known, columns = self.state, self.columns
        job = JobState(known.id, known.key, known.topic, known.version, known.entity, **columns)
        job.cancelled = job.error is not None and not job.done
        job.parent, job.origin, job.trace = known.parent, known.origin, known.trace
        rows: list[Row] = [(symbol, dimension, text, ledger) for (symbol, dimension), (text, ledger) in self.rows.items()]
        restore(plan.graph_of(job.topic), job, rows)
        return job
