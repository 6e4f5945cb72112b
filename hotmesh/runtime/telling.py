"""What a committed step is told to telemetry as."""

from __future__ import annotations

from hotmesh.machine.dimension import to_text
from hotmesh.machine.job import Instance, JobState
from hotmesh.runtime.work import Work
from hotmesh.telemetry import Attribute, Ended, Telemetry
from hotmesh.values import Json


def tell(telemetry: Telemetry, works: list[Work], seconds: float) -> None:
    """Emit the spans and metrics of one commit."""
    telemetry.committed(len(works), seconds)
    for work in works:
        job, step = work.unit.job, work.unit.step
        for key in step.touched:
            instance = job.instances.get(key)
            if instance is not None and key not in job.open:
                telemetry.ended(_activity(job, instance, step.telemetry.get(key, {})))
        if job.done:
            telemetry.ended(_job(job))
            telemetry.job_ended(job.topic, "failed" if job.error else "completed" if job.status == 0 else "interrupted")


def _activity(job: JobState, instance: Instance, data: Json) -> Ended:
    attributes: dict[str, Attribute] = {
        "job.id": job.key,
        "activity.id": instance.activity_id,
        "activity.dimension": to_text(instance.dimension),
        "activity.code": instance.code,
    }
    for name, value in data.items() if isinstance(data, dict) else ():
        if isinstance(value, (str, int, float, bool)):
            attributes[f"app.activity.data.{name}"] = value
    error = instance.error["message"] if instance.error else None
    return Ended(f"activity {instance.activity_id}", job.trace, instance.created_ms, instance.updated_ms, attributes, error)


def _job(job: JobState) -> Ended:
    attributes: dict[str, Attribute] = {"job.id": job.key, "job.topic": job.topic, "job.version": job.version}
    if job.entity:
        attributes["job.entity"] = job.entity
    return Ended(f"job {job.topic}", job.trace, job.created_ms, job.updated_ms, attributes, job.error["message"] if job.error else None)
