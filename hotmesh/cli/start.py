"""`hotmesh pub`, `pubsub`, `signal`: start jobs and wake hooks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from hotmesh.cli.asynchronous import run_async
from hotmesh.cli.completions import complete_signal, complete_topic
from hotmesh.cli.options import DURATION, WholeNumber, output_option
from hotmesh.cli.payload import PAYLOAD
from hotmesh.cli.tables import answer
from hotmesh.cli.target import Target, target_options
from hotmesh.values import Json, dumps

if TYPE_CHECKING:
    from hotmesh.program import Program


async def _app_of(target: Target, topic: str) -> str:
    return await target.app_with("a graph that subscribes to", topic, lambda program: program.graphs)


@click.command()
@click.argument("topic", shell_complete=complete_topic)
@click.argument("payload", type=PAYLOAD, default="{}", metavar="[JSON|@FILE|-]")
@click.option("--job-id", help="The job's id; else the trigger's stats.id, else a new one.")
@click.option("--entity", help="The job's label.")
@output_option
@target_options
def pub(topic: str, payload: Json, job_id: str | None, entity: str | None, output: str, target: Target) -> None:
    """Start a job on TOPIC and print its id; the live workers do the rest."""

    async def work() -> Json:
        app_id = await _app_of(target, topic)
        async with target.acting(app_id) as mesh:
            return {"app": app_id, "job_id": await mesh.pub(topic, payload, job_id=job_id, entity=entity)}

    done = run_async(work)
    answer(output, done, lambda: click.echo(done["job_id"]))


@click.command()
@click.argument("topic", shell_complete=complete_topic)
@click.argument("payload", type=PAYLOAD, default="{}", metavar="[JSON|@FILE|-]")
@click.option("--job-id", help="The job's id; else the trigger's stats.id, else a new one.")
@click.option(
    "--timeout", "timeout_s", type=DURATION, default="30s", show_default=True, help="How long to wait; the job goes on after that."
)
@output_option
@target_options
def pubsub(topic: str, payload: Json, job_id: str | None, timeout_s: float, output: str, target: Target) -> None:
    """Start a job on TOPIC, wait for its end, and print its data."""

    async def work() -> Json:
        async with target.acting(await _app_of(target, topic)) as mesh:
            return (await mesh.pubsub(topic, payload, job_id=job_id, timeout=timeout_s)).data

    data = run_async(work)
    click.echo(dumps(data) if output == "json" else json.dumps(data, indent=2, ensure_ascii=False))


def _signals(program: Program) -> list[str]:
    """The topics that hooks wait on."""
    return [topic for graph in program.graphs.values() for topic in graph.hooks]


@click.command("signal")
@click.argument("topic", shell_complete=complete_signal)
@click.argument("payload", type=PAYLOAD, default="{}", metavar="[JSON|@FILE|-]")
@click.option("--status", type=click.Choice(["success", "pending", "error"]), default="success", show_default=True)
@click.option("--code", type=WholeNumber(100, 999), help="202 leaves the hook open for more. [default: 200, 202, 500 by the status]")
@output_option
@target_options
def signal_command(topic: str, payload: Json, status: str, code: int | None, output: str, target: Target) -> None:
    """Send a signal to the hook that waits on TOPIC, or keep it for one that will."""
    chosen = code or {"success": 200, "pending": 202, "error": 500}[status]

    async def work() -> Json:
        app_id = await target.app_with("a hook that waits on", topic, _signals)
        async with target.acting(app_id) as mesh:
            return {"app": app_id, "signal_id": await mesh.signal(topic, payload, status=status, code=chosen)}

    done = run_async(work)
    answer(output, done, lambda: click.echo(done["signal_id"]))
