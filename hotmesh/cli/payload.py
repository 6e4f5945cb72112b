"""Payloads on the command line: JSON text, `@file`, or `-` for standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotmesh.values import Json, loads

if TYPE_CHECKING:
    JsonType = click.ParamType[Json]
else:
    JsonType = click.ParamType


class Payload(JsonType):
    """A JSON value."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Json:
        if not isinstance(value, str):
            return value
        text, place = self._text(value)
        try:
            return loads(text)
        except ValueError as error:
            hint = " Quote it for the shell, as '{\"qty\": 5}'." if place == "the payload" else ""
            self.fail(f"{place} is no JSON: {error}.{hint}", param, ctx)

    def _text(self, value: str) -> tuple[str, str]:
        if value == "-":
            return sys.stdin.read(), "what standard input gives"
        if not value.startswith("@"):
            return value, "the payload"
        try:
            return Path(value[1:]).read_text(encoding="utf-8"), value[1:]
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise click.UsageError(f"{value[1:]} can't be read: {reason}.") from error


PAYLOAD = Payload()
