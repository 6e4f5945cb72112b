"""Groups of commands that say which command was meant."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

import click


class CommandGroup(click.Group):
    """A click group whose answer to a wrong name is a sentence."""

    meant: Mapping[str, str] = {}
    """Names of other tools, and what does the same here."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            raise click.UsageError(_unknown(ctx.command_path, args[0], self.list_commands(ctx), self.meant), ctx)
        return super().resolve_command(ctx, args)


def _unknown(path: str, name: str, known: list[str], meant: Mapping[str, str]) -> str:
    close = [meant[name]] if name in meant else get_close_matches(name, known, n=1)
    what = " ".join([*path.split()[1:], name])
    hint = f"Did you mean '{close[0]}'?" if close else f"'{path} --help' lists them."
    return f"There is no command '{what}'. {hint}"
