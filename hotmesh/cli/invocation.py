"""One run of the command line: how loud it is, and how its errors are told."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass, field

import click


def _color() -> bool | None:
    """What NO_COLOR and FORCE_COLOR ask for; None leaves it to the terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


@dataclass
class Invocation:
    """The global options, at hand for every command as `ctx.obj` (`@click.pass_obj`)."""

    verbose: int = 0
    log_format: str = "text"
    color: bool | None = field(default_factory=_color)

    def begin(self, verbose: int, log_format: str | None) -> None:
        """Take the global options over and set logging up."""
        from hotmesh import logs, settings

        self.verbose = verbose
        self.log_format = log_format or self.log_format
        chosen = settings.load(log_format=log_format, log_level=_LEVELS[min(verbose, 2)])
        self.log_format = chosen.log_format
        logs.configure(chosen.log_level, chosen.log_format)


_LEVELS: tuple[str | None, ...] = (None, "info", "debug")
"""The log level by the number of -v; without one, the settings decide."""


def report(invocation: Invocation, sentence: str, error: Exception, exit_code: int) -> int:
    """Tell an error on stderr, with its traceback under -v, and return the exit code."""
    lines = "".join(traceback.format_exception(error)) if invocation.verbose else ""
    if invocation.log_format == "json":
        from hotmesh.values import dumps

        fields = {
            "level": "error",
            "message": sentence,
            "error": type(error).__name__,
            "code": getattr(error, "code", 422 if isinstance(error, click.UsageError) else 500),
        }
        click.echo(dumps(fields | ({"traceback": lines} if lines else {})), err=True)
        return exit_code
    click.echo(lines, err=True, nl=False)
    click.echo(f"{click.style('error:', fg='red', bold=True)} {sentence}", err=True, color=invocation.color)
    return exit_code
