"""Options and parameter types that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    FloatType = click.ParamType[float]
else:
    FloatType = click.ParamType

F = TypeVar("F", bound=Callable[..., Any])


class DurationType(FloatType):
    """A length of time, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from hotmesh.duration import parse_duration

        try:
            seconds = parse_duration(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
        if seconds <= 0:
            self.fail(f"{value!r} is not longer than nothing.", param, ctx)
        return seconds


DURATION = DurationType()


class WholeNumber(click.IntRange):
    """A whole number within bounds."""

    name = "whole number"


def output_option(command: F) -> F:
    """`--output text|json`"""
    return click.option(
        "--output", "-o", type=click.Choice(["text", "json"]), default="text", help="How the answer is written. [default: text]"
    )(command)


def dsn_option(command: F) -> F:
    """`--dsn`"""
    return click.option("--dsn", metavar="URL", help="The address of Postgres. [default: HOTMESH_DSN, DATABASE_URL, the embedded one]")(
        command
    )
