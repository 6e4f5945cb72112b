"""`hotmesh schema`: the JSON Schemas that HotMesh's files follow."""

from __future__ import annotations

import click

from hotmesh.source import files

SCHEMAS = {
    "app": "app.schema.json",
    "program": "program.schema.json",
    "diagnostic": "diagnostic.schema.json",
    "settings": "settings.schema.json",
}
"""What can be printed, with the file it is in."""


@click.command()
@click.argument("name", type=click.Choice(list(SCHEMAS)), default="app", required=False)
def schema(name: str) -> None:
    """Print the JSON Schema of the YAML language, or of the compiled program, the diagnostics or the settings."""
    click.echo(files.bundled(SCHEMAS[name]), nl=False)
