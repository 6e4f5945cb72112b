"""Spans and metrics, read from the SDK's in-memory exporters."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hotmesh import HotMesh, JobError, StreamData

APP = """
app:
  id: {app}
  version: '1'
  graphs:
    - subscribes: told
      activities:
        begin: {{type: trigger}}
        work:
          type: worker
          topic: do.it
          telemetry: {{size: '{{$self.output.data.size}}', nested: {{not: told}}}}
      transitions:
        begin: [{{to: work}}]
"""

EXPORTER = InMemorySpanExporter()
READER = InMemoryMetricReader()


@pytest.fixture(scope="module", autouse=True)
def sdk() -> None:
    """One SDK a process: OpenTelemetry's global providers can be set once."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(EXPORTER))
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider([READER]))


@pytest.fixture(autouse=True)
def no_spans() -> None:
    """Every test begins without spans."""
    EXPORTER.clear()


async def do_it(task: StreamData) -> Any:
    with trace.get_tracer("mine").start_as_current_span("my own"):
        if task.data.get("fail"):
            raise RuntimeError("it broke")
    return {"size": 3}


async def run(dsn: str, app_id: str, data: Any) -> dict[str, ReadableSpan]:
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[{"topic": "do.it", "callback": do_it}], telemetry=True) as mesh:
        await mesh.deploy(APP.format(app=app_id))
        await mesh.activate("1")
        with trace.get_tracer("mine").start_as_current_span("caller"):
            job_id = await mesh.pub("told", data)
        with suppress(JobError):
            await mesh.result(job_id, timeout=20)
    return {span.name: span for span in EXPORTER.get_finished_spans()}


async def test_spans_hang_below_the_callers_and_carry_the_data(dsn: str, app_id: str) -> None:
    spans = await run(dsn, app_id, {})
    assert set(spans) == {"caller", "job start told", "work do.it", "my own", "activity begin", "activity work", "job told"}
    trace_ids = {span.context.trace_id for span in spans.values() if span.context}
    assert len(trace_ids) == 1, "the spans are not one trace"
    start = spans["job start told"].context
    assert start is not None
    for name in ("work do.it", "activity begin", "activity work", "job told"):
        parent = spans[name].parent
        assert parent is not None, f"{name} hangs nowhere"
        assert parent.span_id == start.span_id, f"{name} does not hang below the job's start"
    inner, outer = spans["my own"].parent, spans["work do.it"].context
    assert inner is not None
    assert outer is not None
    assert inner.span_id == outer.span_id
    attributes = dict(spans["activity work"].attributes or {})
    assert attributes["app.activity.data.size"] == 3
    assert attributes["activity.dimension"] == ",0,0"
    assert "app.activity.data.nested" not in attributes


async def test_errors_are_told(dsn: str, app_id: str) -> None:
    spans = await run(dsn, app_id, {"fail": True})
    assert spans["activity work"].status.description == "it broke"
    assert spans["job told"].status.description == "it broke"


async def test_metrics_count_what_was_committed(dsn: str, app_id: str) -> None:
    await run(dsn, app_id, {})
    data = READER.get_metrics_data()
    assert data is not None
    points: dict[str, list[Any]] = {
        metric.name: [point for point in metric.data.data_points if dict(point.attributes or {}).get("app.id") == app_id]
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert points["hotmesh.steps"][0].value == 2
    assert points["hotmesh.commits"][0].value == 2
    assert points["hotmesh.jobs"][0].attributes["job.state"] == "completed"
    assert points["hotmesh.worker.duration"][0].count == 1
    assert points["hotmesh.commit.duration"][0].count == 2


async def test_without_the_setting_nothing_is_told(dsn: str, app_id: str) -> None:
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[{"topic": "do.it", "callback": do_it}]) as mesh:
        await mesh.deploy(APP.format(app=app_id))
        await mesh.activate("1")
        await mesh.pubsub("told", {}, context={"trc": "0" * 31 + "1", "spn": "0" * 15 + "1"})
    assert [span.name for span in EXPORTER.get_finished_spans()] == ["my own"]
