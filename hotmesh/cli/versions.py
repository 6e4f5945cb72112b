"""`hotmesh deploy`, `activate`, `versions`: what an app's new jobs run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotmesh.cli.asynchronous import run_async
from hotmesh.cli.completions import complete_version
from hotmesh.cli.options import dsn_option, output_option
from hotmesh.cli.tables import ago, answer, iso, table
from hotmesh.cli.target import Target, target_options
from hotmesh.values import Json

if TYPE_CHECKING:
    from hotmesh.client.views import Views


@click.command()
@click.argument("path", metavar="APP", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--activate", "also_activate", is_flag=True, help="Give new jobs this version at once.")
@click.option("--app-id", help="The app's id for a file that is one graph without app:. [default: the file's name]")
@output_option
@dsn_option
def deploy(path: Path, also_activate: bool, app_id: str | None, output: str, dsn: str | None) -> None:
    """Lint the file APP and store its version; nothing is stored when it has an error."""
    from hotmesh.cli.apps import read_app

    app = read_app(path, app_id)
    target = Target(dsn, app.program.id)

    async def work() -> Json:
        async with target.acting(app.program.id) as mesh:
            manifest = await mesh.deploy(path)
            confirmed = await mesh.activate(manifest.version) if also_activate else None
            return {
                "app": manifest.app_id,
                "version": manifest.version,
                "digest": manifest.digest,
                "active": also_activate,
                "confirmed": confirmed,
            }

    done = run_async(work)
    then = "and activated it" if also_activate else f"; `hotmesh activate {done['version']} --app {done['app']}` gives it to new jobs"
    answer(output, done, lambda: click.echo(f"Deployed version {done['version']} of {done['app']}{' ' if also_activate else ''}{then}."))


@click.command()
@click.argument("version", shell_complete=complete_version)
@output_option
@target_options
def activate(version: str, output: str, target: Target) -> None:
    """Give new jobs VERSION, everywhere in the same instant; running jobs keep theirs."""

    async def work() -> Json:
        async with target.app() as views:
            app_id = views.app_id
        async with target.acting(app_id) as mesh:
            return {"app": app_id, "version": version, "active": True, "confirmed": await mesh.activate(version)}

    done = run_async(work)
    late = "" if done["confirmed"] else " Not all live processes have confirmed yet; they get to know with their next commit."
    answer(output, done, lambda: click.echo(f"New jobs of {done['app']} have version {version}.{late}"))


@click.command()
@output_option
@target_options
def versions(output: str, target: Target) -> None:
    """List the deployed versions, the newest first."""

    found = run_async(lambda: target.gather(_versions))
    rows = [(row["app"], row["version"], "active" if row["active"] else "", row.pop("_age"), row["digest"][:12]) for row in found]
    answer(output, found, lambda: table(("APP", "VERSION", "", "AGE", "DIGEST"), rows, "No version is deployed."))


async def _versions(views: Views) -> list[Json]:
    return [
        {
            "app": views.app_id,
            "version": each.version,
            "active": each.active,
            "digest": each.digest,
            "deployed": iso(each.deployed_at),
            "activated": iso(each.activated_at),
            "_age": ago(each.deployed_at),
        }
        for each in await views.versions()
    ]
