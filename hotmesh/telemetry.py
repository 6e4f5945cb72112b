"""Spans and metrics through the OpenTelemetry API; whoever wants them exported sets up an SDK (extra `otel`).

Spans: `job start <topic>` (a child of the caller's span), `work <topic>` around a worker's callback (live, so that the callback's own spans
hang below it), `activity <id>` and `job <topic>` when they end, with the times of their rows. All hang below the start of their job,
whichever process they are made in: the job row carries its trace and span id. They are made after the commit, from what was committed, so
that a step computed twice is told once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

Attribute = str | int | float | bool
TraceIds = Mapping[str, str]
"""`trc` and `spn`: trace and span id in hexadecimal."""

_NOTHING: AbstractContextManager[object] = nullcontext()


@dataclass(frozen=True, slots=True)
class Ended:
    """An activity or a job that has ended, with its times in epoch milliseconds."""

    name: str
    trace: TraceIds | None
    began_ms: int
    ended_ms: int
    attributes: Mapping[str, Attribute]
    error: str | None = None


class Telemetry:
    """One node's spans and metrics; without `enabled` every call is a no-op."""

    def __init__(self, app_id: str, *, enabled: bool) -> None:
        self.enabled = enabled
        self._app = {"app.id": app_id}
        if not enabled:
            return
        self._tracer = trace.get_tracer("hotmesh")
        meter = metrics.get_meter("hotmesh")
        self._steps = meter.create_counter("hotmesh.steps", unit="{step}", description="steps committed")
        self._commits = meter.create_counter("hotmesh.commits", unit="{commit}", description="transactions that steps were committed in")
        self._jobs = meter.create_counter("hotmesh.jobs", unit="{job}", description="jobs that ended, by topic and state")
        self._commit_s = meter.create_histogram("hotmesh.commit.duration", unit="s", description="from sending a commit to its answer")
        self._work_s = meter.create_histogram("hotmesh.worker.duration", unit="s", description="a worker's callback")
        self._depth = meter.create_gauge("hotmesh.queue.depth", unit="{task}", description="ready tasks by topic")

    def start(self, topic: str, given: TraceIds | None) -> TraceIds | None:
        """Note that a job starts, below the caller's span (`given`, else the present one); the ids that the job carries on."""
        if not self.enabled:
            return given
        span = self._tracer.start_span(f"job start {topic}", context=_below(given), kind=SpanKind.PRODUCER, attributes=self._app)
        context = span.get_span_context()
        span.end()
        return {"trc": f"{context.trace_id:032x}", "spn": f"{context.span_id:016x}"} if context.is_valid else given

    def work(self, topic: str, given: TraceIds | None, attributes: Mapping[str, Attribute]) -> AbstractContextManager[object]:
        """A worker's callback."""
        if not self.enabled:
            return _NOTHING
        return self._tracer.start_as_current_span(
            f"work {topic}", context=_below(given), kind=SpanKind.CONSUMER, attributes={**self._app, **attributes}
        )

    def ended(self, each: Ended) -> None:
        """An activity or a job has ended."""
        if not self.enabled:
            return
        span = self._tracer.start_span(
            each.name, context=_below(each.trace), start_time=each.began_ms * 1_000_000, attributes={**self._app, **each.attributes}
        )
        if each.error is not None:
            span.set_status(Status(StatusCode.ERROR, each.error))
        span.end(end_time=max(each.began_ms, each.ended_ms) * 1_000_000)

    def committed(self, steps: int, seconds: float) -> None:
        """A commit of so many steps."""
        if self.enabled:
            self._commits.add(1, self._app)
            self._steps.add(steps, self._app)
            self._commit_s.record(seconds, self._app)

    def job_ended(self, topic: str, state: str) -> None:
        """A job has ended."""
        if self.enabled:
            self._jobs.add(1, {**self._app, "job.topic": topic, "job.state": state})

    def worked(self, topic: str, seconds: float, status: str) -> None:
        """A worker's callback has ended."""
        if self.enabled:
            self._work_s.record(seconds, {**self._app, "worker.topic": topic, "status": status})

    def depths(self, depths: Sequence[tuple[str, int]]) -> None:
        """How many tasks are ready, by topic."""
        if self.enabled:
            for topic, ready in depths:
                self._depth.set(ready, {**self._app, "worker.topic": topic or "engine"})


def _below(given: TraceIds | None) -> Context | None:
    """A context whose present span is the one that these ids name; None = the caller's own."""
    if not given or "trc" not in given or "spn" not in given:
        return None
    try:
        context = SpanContext(int(given["trc"], 16), int(given["spn"], 16), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    except ValueError:
        return None
    return trace.set_span_in_context(NonRecordingSpan(context))
