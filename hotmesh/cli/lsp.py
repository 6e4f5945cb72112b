"""`hotmesh lsp`: the language server that editors start."""

from __future__ import annotations

import click

from hotmesh.errors import HotMeshError


@click.command()
def lsp() -> None:
    """Serve editors over standard input and output: findings, completion, hovers, definitions, renaming, quick fixes.

    Editors start it themselves; name the command `hotmesh lsp` in their settings for YAML files.
    """
    try:
        from hotmesh.lsp.server import build
    except ModuleNotFoundError as problem:
        raise HotMeshError("The language server needs the extra 'lsp': pip install 'hotmesh[lsp]'") from problem
    build().start_io()
