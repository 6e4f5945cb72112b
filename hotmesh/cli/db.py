"""`hotmesh db`: the Postgres that jobs live in, and the embedded one."""

from __future__ import annotations

import os

import click

from hotmesh import settings
from hotmesh.store import embedded
from hotmesh.store.address import resolve_dsn
from hotmesh.store.embedded.programs import find_psql


@click.group()
def db() -> None:
    """Start, stop and look after the embedded Postgres."""


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
