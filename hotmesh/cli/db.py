"""`hotmesh db`: the Postgres that jobs live in, and the embedded one."""

from __future__ import annotations

import os
from typing import Any

import click

from hotmesh import settings
from hotmesh.cli.asynchronous import run_async
from hotmesh.cli.group import CommandGroup
from hotmesh.cli.options import DURATION, dsn_option, output_option
from hotmesh.cli.tables import answer
from hotmesh.errors import HotMeshError
from hotmesh.store import embedded
from hotmesh.store.address import resolve_dsn
from hotmesh.store.embedded.programs import find_psql


class DatabaseCommands(CommandGroup):
    """What other tools call the same."""

    meant = {  # noqa: RUF012
        "status": "doctor",
        "check": "doctor",
        "info": "doctor",
        "init": "start",
        "up": "start",
        "down": "stop",
        "shell": "psql",
        "upgrade": "migrate",
        "clean": "prune",
        "dsn": "url",
    }


@click.group(cls=DatabaseCommands)
def db() -> None:
    """Look after the Postgres that jobs live in; start and stop the embedded one."""


@db.command()
def start() -> None:
    """Start the embedded Postgres and print its address."""
    click.echo(embedded.cluster(settings.load()).ensure())


@db.command()
def stop() -> None:
    """Stop the embedded Postgres; jobs wait and go on when it is back."""
    stopped = embedded.cluster(settings.load()).stop()
    click.echo("Stopped." if stopped else "It wasn't running.", err=True)


@db.command()
@click.option("--start/--no-start", default=True, help="Start the embedded one if that is the one. [default: start]")
def url(start: bool) -> None:
    """Print the address of the Postgres in use.

    Made for other tools: psql "$(hotmesh db url)"
    """
    chosen = settings.load()
    click.echo(resolve_dsn(chosen=chosen) if start or chosen.dsn else embedded.cluster(chosen).dsn)


@db.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Open psql on the Postgres in use; what follows is psql's own.

    As in: hotmesh db psql -c 'SELECT 1'
    """
    chosen = settings.load()
    dsn = resolve_dsn(chosen=chosen)
    program = find_psql(chosen.postgres_bin)
    os.execv(program, [str(program), f"--dbname={dsn}", *arguments])


@db.command("migrate")
@click.option("--app", "app_id", metavar="ID", envvar="HOTMESH_APP", help="The app; without it, every app of the database.")
@click.option("--dump-sql", is_flag=True, help="Print the script instead of running it; needs no server.")
@dsn_option
def migrate_command(app_id: str | None, dump_sql: bool, dsn: str | None) -> int:
    """Create an app's tables, or bring them up to date."""
    from hotmesh.client import upkeep
    from hotmesh.client.observer import Observer

    if dump_sql:
        if app_id is None:
            raise click.UsageError("Whose tables? Name the app: hotmesh db migrate --app ID --dump-sql")
        click.echo(upkeep.migration_script(app_id), nl=False)
        return 0

    async def work() -> int:
        failed = 0
        async with Observer(dsn) as observer:
            for each in [app_id] if app_id else await observer.app_ids():
                try:
                    ran = await upkeep.bring_up_to_date(observer, each)
                    click.echo(f"{each}: {ran} migrations ran." if ran else f"{each} is up to date.")
                except HotMeshError as error:
                    if app_id is not None:
                        raise
                    failed += 1
                    click.echo(f"{click.style('error:', fg='red', bold=True)} {each}: {error}", err=True)
        return min(failed, 1)

    return run_async(work)


@db.command()
@click.option("--app", "app_id", metavar="ID", envvar="HOTMESH_APP", help="The app; without it, every app of the database.")
@click.option("--older-than", "older_than_s", type=DURATION, default=None, help="Only what expired longer ago than this, as 7d.")
@output_option
@dsn_option
def prune(app_id: str | None, older_than_s: float | None, output: str, dsn: str | None) -> None:
    """Delete the finished jobs whose time is over, batch by batch."""
    from hotmesh.client import upkeep
    from hotmesh.client.observer import Observer

    async def work() -> list[dict[str, Any]]:
        async with Observer(dsn) as observer:
            apps = [app_id] if app_id else await observer.app_ids()
            return [{"app": each, "deleted": await upkeep.prune(observer, each, older_than_s or 0, lambda _: None)} for each in apps]

    done = run_async(work)
    answer(output, done, lambda: click.echo("\n".join(f"{each['app']}: {_jobs(each['deleted'])} deleted." for each in done)))


def _jobs(number: int) -> str:
    return f"{number:,} job{'' if number == 1 else 's'}"


SIGNS = {"good": ("✓", "green"), "note": ("!", "yellow"), "bad": ("✗", "red")}


@db.command()
@output_option
@dsn_option
def doctor(output: str, dsn: str | None) -> int:
    """Look for what is wrong: the server, the role's rights, every app. Exit code 1 when something is."""
    from hotmesh.client.observer import Observer
    from hotmesh.client.upkeep import Finding, examine

    async def work() -> list[Finding]:
        async with Observer(dsn) as observer:
            return [finding async for finding in examine(observer)]

    found = run_async(work)

    def text() -> None:
        for each in found:
            sign, color = SIGNS[each.verdict]
            click.echo(f"{click.style(sign, fg=color)} {each.what}: {each.told}")

    answer(output, [each._asdict() for each in found], text)
    return 1 if any(each.verdict == "bad" for each in found) else 0
