"""`hotmesh completion`: the script that lets a shell complete commands, options, ids and topics."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from hotmesh.errors import HotMeshError

INSTALL = {
    "bash": 'eval "$(hotmesh completion bash)"    # in ~/.bashrc',
    "zsh": 'eval "$(hotmesh completion zsh)"     # in ~/.zshrc',
    "fish": "hotmesh completion fish | source     # in ~/.config/fish/config.fish",
}
"""Every shell, and the line that turns completion on."""


@click.command(epilog="\b\n" + "\n".join(INSTALL.values()))
@click.argument("shell", type=click.Choice(list(INSTALL)))
def completion(shell: str) -> None:
    """Print the completion script of SHELL."""
    from hotmesh.cli import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise HotMeshError(f"The installed click has no completion for {shell}; upgrade it: pip install --upgrade click")
    click.echo(kind(cli, {}, "hotmesh", "_HOTMESH_COMPLETE").source())
