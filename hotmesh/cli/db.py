"""`hotmesh db`: the embedded Postgres."""

from __future__ import annotations

import click


@click.group()
def db() -> None:
    """Start, stop and look after the embedded Postgres."""
