"""`hotmesh run`: from an app file to the job's result, in one command."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from hotmesh.cli.asynchronous import run_async, to_the_end
from hotmesh.cli.completions import complete_file_topic
from hotmesh.cli.invocation import Invocation
from hotmesh.cli.options import DURATION, dsn_option, output_option
from hotmesh.cli.payload import PAYLOAD
from hotmesh.errors import HotMeshError, JobError, JobTimeout
from hotmesh.values import Json, dumps

if TYPE_CHECKING:
    from hotmesh.cli.apps import AppFile
    from hotmesh.client.hotmesh import HotMesh
    from hotmesh.export.execution import Execution

LOOK_S = 0.2
"""Seconds between two looks at the job."""
LOOK_SHARE = 10
"""Looking takes at most one part in so many of the time, whatever the job's size."""
CLEAN_UP_S = 5.0
WATCH_S = 0.3


class NobodyServes(HotMeshError):
    """A job waits for workers that nobody has."""

    code = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be run."""

    path: Path
    topic: str
    payload: Json
    workers: tuple[str, ...]
    stub: bool
    output: str
    dsn: str | None
    timeout_s: float | None
    job_id: str | None
    app_id: str | None


@click.command()
@click.argument("path", metavar="APP", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("topic", shell_complete=complete_file_topic)
@click.argument("payload", type=PAYLOAD, default="{}", metavar="[JSON|@FILE|-]")
@click.option("--workers", multiple=True, metavar="PLACE", help="A module or file.py, with :name when its dict isn't WORKERS; repeatable.")
@click.option("--stub", is_flag=True, help="Answer the other worker topics from their output schemas.")
@click.option("--watch", is_flag=True, help="Run again whenever a file beside the app or the workers changes, until Ctrl-C.")
@click.option("--timeout", "timeout_s", type=DURATION, help="Interrupt the job when it hasn't ended by then, as 30s or 5m.")
@click.option("--job-id", help="The job's id; else the trigger's stats.id, else a new one.")
@click.option("--app-id", help="The app's id for a file that is one graph without app:. [default: the file's name]")
@output_option
@dsn_option
@click.pass_obj
def run(invocation: Invocation, /, watch: bool, **given: Any) -> int:
    """Lint APP, start or find Postgres, deploy, activate, start a job on TOPIC, work, and print the job's data.

    Progress goes to standard error, the data as JSON to standard output. Exit codes: 0 done, 1 the app, the payload or the job has an
    error, 130 after Ctrl-C, which interrupts the job too.

    \b
    hotmesh run order.yaml order.requested '{"itemId": "item-123", "requestedQty": 5}' --workers workers.py
    """
    order = Order(**given)
    return _watch(invocation, order) if watch else once(order)


def once(order: Order) -> int:
    """One job from lint to result."""
    from hotmesh.cli.apps import read_app
    from hotmesh.cli.workers import load_all

    app = read_app(order.path, order.app_id)
    app.check(order.topic, order.payload)
    callbacks: dict[str, Callable[..., Any]] = load_all(order.workers)
    if order.stub:
        from hotmesh.cli.stubs import stubs

        callbacks |= stubs(app.program, app.worker_topics(order.topic).keys() - callbacks.keys())
    data = run_async(lambda: _job(order, app, callbacks))
    click.echo(dumps(data) if order.output == "json" else json.dumps(data, indent=2, ensure_ascii=False))
    return 0


async def _job(order: Order, app: AppFile, callbacks: dict[str, Callable[..., Any]]) -> Json:
    """Run the job; its data."""
    from hotmesh.client.hotmesh import HotMesh

    workers = [{"topic": topic, "callback": callback} for topic, callback in callbacks.items()]
    mesh = await HotMesh.init(app_id=app.program.id, engine={"connection": order.dsn}, workers=workers)
    try:
        await mesh.deploy(order.path)
        await mesh.activate(app.program.version)
        await _tell_unserved(mesh, app, order.topic)
        job_id = await mesh.pub(order.topic, order.payload, job_id=order.job_id)
        return _result(await _followed(mesh, job_id, order))
    finally:
        await to_the_end(mesh.stop(grace_s=1.0))


async def _tell_unserved(mesh: HotMesh, app: AppFile, topic: str) -> None:
    """Say at once which workers nobody has."""
    served = {each for member in await mesh.views.members() for each in member.topics}
    missing = {each: activity for each, activity in app.worker_topics(topic).items() if each not in served}
    if missing:
        names = ", ".join(f"{each} ({activity})" for each, activity in missing.items())
        text = f"nobody serves {names}: pass --workers, or --stub; a job that gets there is stopped."
        click.echo(f"{click.style('warning:', fg='yellow', bold=True)} {text}", err=True)


async def _followed(mesh: HotMesh, job_id: str, order: Order) -> Execution:
    """The job once it has ended; whatever keeps this from seeing its end interrupts it, so that nothing is left behind."""
    from hotmesh.cli.progress import progress

    try:
        with progress(quiet=order.output == "json") as shown:
            async with asyncio.timeout(order.timeout_s):
                return await _end(mesh, job_id, order, shown.show)
    except TimeoutError:
        sentence = await _why(mesh, job_id)
        await to_the_end(_clean_up(mesh, order.topic, job_id, "hotmesh run timed out"))
        raise JobTimeout(f"the job has not ended within {order.timeout_s:g} s and was interrupted. {sentence}") from None
    except BaseException as error:
        await to_the_end(_clean_up(mesh, order.topic, job_id, "hotmesh run was stopped"))
        if isinstance(error, asyncio.CancelledError):
            click.echo(f"The job {job_id} was interrupted.", err=True)
        raise


async def _end(mesh: HotMesh, job_id: str, order: Order, show: Callable[[Execution], None]) -> Execution:
    execution = await mesh.execution(job_id, history=False)
    ended = asyncio.create_task(mesh.ended(execution.id))
    took_s = 0.0
    try:
        while not execution.is_done:
            show(execution)
            await _check_served(mesh, execution)
            await asyncio.wait([ended], timeout=max(LOOK_S, took_s * LOOK_SHARE))
            began = monotonic()
            execution = await mesh.execution(job_id, history=False)
            took_s = monotonic() - began
    finally:
        ended.cancel()
    show(execution)
    return execution


async def _check_served(mesh: HotMesh, execution: Execution) -> None:
    """Raises NobodyServes when all that the job waits for is workers that nobody has."""
    unserved = await _unserved(mesh, execution)
    if unserved:
        names = ", ".join(f"{topic} ({activity})" for topic, activity in unserved.items())
        raise NobodyServes(
            f"the job {execution.key} needs workers that nobody serves: {names}; pass --workers, or --stub. It was interrupted."
        )


async def _unserved(mesh: HotMesh, execution: Execution) -> dict[str, str]:
    """The topics by which the job and its children stand still; empty when anything else may still move it."""
    found: dict[str, str] = {}
    for instance in execution.open_instances():
        for wait in instance.waits_for:
            if wait.kind == "consumer" and wait.consumers == 0:
                found[wait.topic or ""] = instance.activity_id
            elif wait.kind == "child" and wait.job_id is not None:
                below = await _unserved(mesh, await mesh.execution(wait.job_id, history=False))
                if not below:
                    return {}
                found |= below
            elif wait.kind != "join":
                return {}
    return found


async def _why(mesh: HotMesh, job_id: str) -> str:
    from hotmesh.export.why import why

    return why(await mesh.execution(job_id, history=False))


async def _clean_up(mesh: HotMesh, topic: str, job_id: str, reason: str) -> None:
    """End the job and those it started."""
    with suppress(HotMeshError, TimeoutError):
        async with asyncio.timeout(CLEAN_UP_S):
            await mesh.interrupt(topic, job_id, reason=reason, descend=True)
            for child in (await mesh.execution(job_id, history=False)).children:
                await mesh.ended(child.id)


def _result(execution: Execution) -> Json:
    """The data of a job that ended well. Raises JobError."""
    error = execution.error
    if error is None:
        return execution.data
    where = f" at {error['activity']}" if error.get("activity") else ""
    sentence = f"the job {execution.key} {_ended(execution.state)}{where}: {error['code']} {error['message']}"
    raise JobError(sentence, code=error["code"], job_id=execution.key)


def _ended(state: str) -> str:
    return "failed" if state == "failed" else f"was {state}"


def _watch(invocation: Invocation, order: Order) -> int:
    """Run, and again after each change, until Ctrl-C; then the last answer is the exit code."""
    from hotmesh.cli.invocation import report

    answer, seen, never = 0, None, Event()
    try:
        while True:
            now = _stamps(order)
            if now != seen:
                seen = now
                _forget_modules(order)
                try:
                    answer = once(order)
                except HotMeshError as error:
                    answer = report(invocation, str(error), error, 1)
                click.echo("Waiting for a change; Ctrl-C ends it.", err=True)
            never.wait(WATCH_S)
    except KeyboardInterrupt:
        return answer


def _folders(order: Order) -> Iterator[Path]:
    yield order.path.resolve().parent
    for place in order.workers:
        file = Path(place.rpartition(":")[0] if place.count(":") and not place.endswith(".py") else place)
        if file.suffix == ".py":
            yield file.resolve().parent


def _stamps(order: Order) -> dict[Path, int]:
    files = (file for folder in set(_folders(order)) for file in folder.rglob("*"))
    return {file: file.stat().st_mtime_ns for file in files if file.suffix in (".yaml", ".yml", ".json", ".py") and file.is_file()}


def _forget_modules(order: Order) -> None:
    """Import again what lies beside the workers."""
    folders = set(_folders(order))
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and name != "__main__" and Path(file).parent in folders:
            del sys.modules[name]
