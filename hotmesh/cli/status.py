"""`hotmesh status`, `export`, `why`: one job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from hotmesh.cli.asynchronous import run_async
from hotmesh.cli.completions import complete_job
from hotmesh.cli.options import output_option
from hotmesh.cli.tables import answer, show
from hotmesh.cli.target import Target, target_options
from hotmesh.export.sections import SECTIONS
from hotmesh.values import Json, dumps

if TYPE_CHECKING:
    from hotmesh.export.execution import Execution


async def read(target: Target, job_id: str, *, history: bool) -> Execution:
    """A job, wherever it is."""
    async with target.job(job_id) as views:
        return await views.execution(job_id, history=history)


@click.command()
@click.argument("job_id", metavar="ID", shell_complete=complete_job)
@output_option
@target_options
def status(job_id: str, output: str, target: Target) -> None:
    """Show where a job stands: its activities, what they wait for, its data."""
    from hotmesh.cli.progress import drawing, milliseconds
    from hotmesh.export.why import why

    execution = run_async(lambda: read(target, job_id, history=False))
    value = {
        "app": execution.app_id,
        "job_id": execution.key,
        "topic": execution.topic,
        "version": execution.version,
        "state": execution.state,
        "status": execution.status,
        "elapsed_ms": round(execution.elapsed_s * 1000),
        "error": execution.error,
        "why": why(execution),
        "activities": [_activity(each) for each in execution.instances],
        "data": execution.data,
    }

    def text() -> None:
        took = milliseconds(value["elapsed_ms"])
        click.echo(f"{execution.key} · {execution.topic} · version {execution.version} · {execution.state} · {took}")
        show(drawing(execution))
        if execution.data:
            click.echo(json.dumps(execution.data, indent=2, ensure_ascii=False))
        click.echo(value["why"])

    answer(output, value, text)


def _activity(instance: object) -> Json:
    names = ("activity_id", "dimension", "kind", "state", "code", "attempts", "created_ms", "updated_ms", "error")
    return {name: getattr(instance, name) for name in names}


@click.command()
@click.argument("job_id", metavar="ID", shell_complete=complete_job)
@click.option("--allow", multiple=True, type=click.Choice(SECTIONS), help="Only this section; may be repeated.")
@click.option("--block", multiple=True, type=click.Choice(SECTIONS), help="Not this section; may be repeated.")
@click.option("--no-values", is_flag=True, help="Without what was sent and returned.")
@click.option("--execution", "whole", is_flag=True, help="Everything, as schemas/execution.schema.json describes it.")
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", help="text is indented JSON, json has one line. [default: text]"
)
@target_options
def export(job_id: str, allow: tuple[str, ...], block: tuple[str, ...], no_values: bool, whole: bool, output: str, target: Target) -> None:
    """Print a job as JSON: data, state, status, timeline, transitions."""
    from hotmesh.export.sections import job_export

    if whole and (allow or block or no_values):
        raise click.UsageError("--execution prints everything; it takes no --allow, --block or --no-values.")
    execution = run_async(lambda: read(target, job_id, history=True))
    value = execution.to_json() if whole else job_export(execution, allow=allow or None, block=block, values=not no_values).to_json()
    click.echo(dumps(value) if output == "json" else json.dumps(value, indent=2, ensure_ascii=False))


@click.command("why")
@click.argument("job_id", metavar="ID", shell_complete=complete_job)
@output_option
@target_options
def why_command(job_id: str, output: str, target: Target) -> None:
    """Say in one sentence why a job isn't moving, or how it ended."""
    from hotmesh.export.why import why

    execution = run_async(lambda: read(target, job_id, history=False))
    value = {"app": execution.app_id, "job_id": execution.key, "state": execution.state, "why": why(execution)}
    answer(output, value, lambda: click.echo(value["why"]))
