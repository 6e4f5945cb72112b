"""`hotmesh lsp`: the language server that editors start."""

from __future__ import annotations

import signal
import sys

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
    if sys.stdin.isatty():
        click.echo("An editor is to start this, and to talk with it over standard input. Ctrl-C ends it.", err=True)
    # What waits for the editor's next word is a thread, which nobody can wake: Ctrl-C has to end the process itself.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    build().start_io()
