"""`hotmesh cancel`, `interrupt`, `pause`, `resume`, `retry`, `scrub`: act on jobs that are there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hotmesh.cli.asynchronous import run_async
from hotmesh.cli.completions import complete_job
from hotmesh.cli.options import DURATION, WholeNumber, output_option
from hotmesh.cli.tables import answer
from hotmesh.cli.target import Target, target_options
from hotmesh.errors import HotMeshError
from hotmesh.values import Json

if TYPE_CHECKING:
    from hotmesh.client.hotmesh import HotMesh
    from hotmesh.export.execution import Execution

F = TypeVar("F", bound=Callable[..., Any])
Act = Callable[["HotMesh", "Execution"], Awaitable["str | None"]]
"""Acts on a job; what it gives is told with it."""

ENDS_S = 0.5
"""So long a cancelled job may take to end before it is told what it waits for."""


class NothingToDo(HotMeshError):
    """The job is not in a state in which this can be done to it."""

    code = 409


def job_command(command: F) -> F:
    """A command on one or more jobs."""
    jobs = click.argument("job_ids", metavar="ID...", nargs=-1, required=True, shell_complete=complete_job)
    return jobs(output_option(target_options(command)))


@click.command()
@click.option("--reason", default="cancelled", show_default=True, help="What the job's error says.")
@job_command
def cancel(job_ids: tuple[str, ...], reason: str, output: str, target: Target) -> None:
    """End jobs in their own time: waits end, what a worker runs may finish, nothing new begins.

    Tells what a job that doesn't end at once still waits for.
    """

    async def act(mesh: HotMesh, execution: Execution) -> str | None:
        _require(not execution.is_done, execution, "cancel")
        await mesh.cancel(execution.key, reason=reason)
        return await _not_ended(mesh, execution)

    _on_each(job_ids, target, output, "Cancelled", act)


@click.command()
@click.option("--reason", default="interrupted", show_default=True, help="What the job's error says.")
@click.option("--code", type=WholeNumber(100, 999), default=410, show_default=True, help="The error's code.")
@click.option("--descend", is_flag=True, help="The jobs it started too.")
@click.option("--no-throw", is_flag=True, help="End without an error.")
@click.option("--expire", "expire_s", type=DURATION, help="How long its rows stay. [default: as its graph says]")
@job_command
def interrupt(
    job_ids: tuple[str, ...], reason: str, code: int, descend: bool, no_throw: bool, expire_s: float | None, output: str, target: Target
) -> None:
    """End jobs now."""

    async def act(mesh: HotMesh, execution: Execution) -> None:
        _require(not execution.is_done, execution, "interrupt")
        key, topic = execution.key, execution.topic
        await mesh.interrupt(topic, key, reason=reason, code=code, throw=not no_throw, descend=descend, expire=expire_s)

    _on_each(job_ids, target, output, "Interrupted", act)


@click.command()
@job_command
def pause(job_ids: tuple[str, ...], output: str, target: Target) -> None:
    """Stop jobs where they are; what they wait for is kept."""

    async def act(mesh: HotMesh, execution: Execution) -> None:
        _require(not execution.is_done and execution.state != "paused", execution, "pause")
        await mesh.pause(execution.key)

    _on_each(job_ids, target, output, "Paused", act)


@click.command()
@job_command
def resume(job_ids: tuple[str, ...], output: str, target: Target) -> None:
    """Let paused jobs go on."""

    async def act(mesh: HotMesh, execution: Execution) -> None:
        _require(execution.state == "paused", execution, "resume")
        await mesh.resume(execution.key)

    _on_each(job_ids, target, output, "Resumed", act)


@click.command()
@job_command
def retry(job_ids: tuple[str, ...], output: str, target: Target) -> None:
    """Run the activity again that failed a job; let a paused one try again."""

    async def act(mesh: HotMesh, execution: Execution) -> None:
        failed = execution.state == "failed" and bool(execution.error.get("activity"))
        _require(failed or execution.state == "paused", execution, "retry")
        await mesh.retry(execution.key)

    _on_each(job_ids, target, output, "Retried", act)


@click.command()
@click.option("--yes", is_flag=True, help="Don't ask.")
@job_command
def scrub(job_ids: tuple[str, ...], yes: bool, output: str, target: Target) -> None:
    """Delete finished jobs with everything they left."""
    if not yes and not click.confirm(f"Delete {', '.join(job_ids)} for good?", err=True):
        raise NothingToDo("nothing was deleted.")

    async def act(mesh: HotMesh, execution: Execution) -> None:
        if not execution.is_done:
            raise NothingToDo(f"the job {execution.key} is {execution.state}: interrupt it first, then scrub it.")
        await mesh.scrub(execution.key)

    _on_each(job_ids, target, output, "Deleted", act)


def _require(fits: bool, execution: Execution, verb: str) -> None:
    if not fits:
        has = "has" if execution.state in ("completed", "failed") else "is" if not execution.is_done else "was"
        raise NothingToDo(f"the job {execution.key} {has} {execution.state}; there is nothing to {verb}.")


def _on_each(job_ids: tuple[str, ...], target: Target, output: str, done: str, act: Act) -> None:
    """Act on each job in turn; the first that can't be acted on ends the command."""

    async def work() -> list[Json]:
        places = {job_id: await _app_of(target, job_id) for job_id in dict.fromkeys(job_ids)}
        acted: list[Json] = []
        for app_id in dict.fromkeys(places.values()):
            async with target.acting(app_id) as mesh:
                for job_id in [each for each, place in places.items() if place == app_id]:
                    note = await act(mesh, await mesh.execution(job_id, history=False))
                    acted.append({"app": app_id, "job_id": job_id, "action": done.lower(), **({"note": note} if note else {})})
        return acted

    acted = run_async(work)
    answer(output, acted, lambda: click.echo("\n".join(f"{done} {each['job_id']}. {each.get('note', '')}".rstrip() for each in acted)))


async def _not_ended(mesh: HotMesh, execution: Execution) -> str | None:
    """What keeps a cancelled job from ending; None when it has ended."""
    from hotmesh.export.why import why

    try:
        async with asyncio.timeout(ENDS_S):
            await mesh.ended(execution.id)
    except TimeoutError:
        now = await mesh.execution(execution.key, history=False)
        return None if now.is_done else why(now)
    return None


async def _app_of(target: Target, job_id: str) -> str:
    async with target.job(job_id) as views:
        return views.app_id
