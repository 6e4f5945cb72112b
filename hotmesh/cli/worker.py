"""`hotmesh worker`: serve topics until SIGTERM or Ctrl-C, then drain."""

from __future__ import annotations

import asyncio

import click

from hotmesh.cli.asynchronous import run_async, to_the_end
from hotmesh.cli.options import DURATION, WholeNumber
from hotmesh.cli.target import Target, target_options


@click.command()
@click.argument("places", metavar="PLACE...", nargs=-1, required=True)
@click.option(
    "--concurrency", type=WholeNumber(1, 100_000), default=100, show_default=True, help="Callbacks of one topic that run at once."
)
@click.option("--grace", "grace_s", type=DURATION, default="10s", show_default=True, help="How long running callbacks may take to finish.")
@target_options
def worker(places: tuple[str, ...], concurrency: int, grace_s: float, target: Target) -> None:
    """Serve the topics of PLACE: a module or file.py, with :name when its dict isn't WORKERS.

    SIGTERM and Ctrl-C drain: no new tasks, running callbacks finish, the rest is given back. The process is an engine too.
    """
    from hotmesh.cli.workers import load_all

    callbacks = load_all(places)
    workers = [{"topic": topic, "callback": callback, "concurrency": concurrency} for topic, callback in callbacks.items()]

    async def work() -> None:
        from hotmesh.client.hotmesh import HotMesh

        async with target.app() as views:
            app_id = views.app_id
        mesh = await HotMesh.init(app_id=app_id, engine={"connection": target.dsn}, workers=workers)
        try:
            click.echo(f"Serving {', '.join(callbacks)} of {app_id} as {mesh.guid}.", err=True)
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            click.echo("Draining; once more ends at once.", err=True)
            raise
        finally:
            await to_the_end(mesh.stop(grace_s))

    try:
        run_async(work)
    except SystemExit:
        click.echo("Drained.", err=True)
