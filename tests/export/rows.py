"""Jobs run by the machine alone, and given to `build` as their rows would be read."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from hotmesh.compile import compile_app
from hotmesh.export.build import build
from hotmesh.export.execution import Execution
from hotmesh.machine.dimension import to_text
from hotmesh.machine.effects import Step
from hotmesh.machine.events import Event
from hotmesh.machine.job import JobState
from hotmesh.machine.plan import Plan
from hotmesh.machine.run import Moment
from hotmesh.machine.step import start, step
from hotmesh.store.executions import Around
from hotmesh.store.jobs import Loaded
from hotmesh.values import Json, dumps

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class Played:
    """One job, moved by events; a second passes between two of them."""

    def __init__(self, text: str, payload: Json = None, topic: str = "go") -> None:
        compiled = compile_app(text)
        assert compiled.program is not None, compiled.diagnostics
        self.plan = Plan(compiled.program)
        self._ids = (f"00000000-0000-7000-8000-{number:012x}" for number in itertools.count(1))
        self.now = BEGIN
        self.steps: list[Step] = []
        self.job, first = start(self.plan, topic, payload or {}, self._moment(), job_id=next(self._ids), key="job-1")
        self.job.revision = 1
        self.steps.append(first)

    def _moment(self) -> Moment:
        return Moment(self.now, 1, lambda: next(self._ids))

    def take(self, event: Event) -> None:
        self.now += timedelta(seconds=1)
        self.steps.append(step(self.plan, self.job, event, self._moment()))
        self.job.revision += 1

    @property
    def now_ms(self) -> int:
        return int(self.now.timestamp() * 1000)

    def execution(self, *, paused: bool = False, **around: Any) -> Execution:
        """What `build` makes of the rows."""
        job = self.job
        found = [*job.instances.values(), *job.answers.values()]
        rows = [(each.activity_id, to_text(each.dimension), dumps(each.to_json()), each.ledger) for each in found]
        data = [(name, "", dumps(value), None) for name, value in job.data.items()]
        bare = JobState(job.id, job.key, job.topic, job.version, job.entity, job.status, job.revision, job.error, job.done)
        bare.cancelled, bare.parent = job.cancelled, job.parent
        bare.created_ms, bare.updated_ms = job.created_ms, job.updated_ms
        given = Around(
            self.now_ms, self.now_ms if job.done else None, None, self.now_ms if paused else None, {}, {}, {}, [], {}, [[]], 1, {}, None
        )
        return build(self.plan, Loaded(bare, [*rows, *data], paused), given._replace(**around))

    def message_id(self, activity_id: str) -> str:
        """What the first open instance of an activity waits for."""
        found = next(each.message_id for each in self.job.open.values() if each.activity_id == activity_id)
        assert found is not None
        return found

    def wait_id(self, activity_id: str) -> str:
        return next(each.wait_ids[0] for each in self.job.open.values() if each.activity_id == activity_id)
