"""The command bar: what was typed after `:`, carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.suggester import SuggestFromList

from hotmesh.client.filters import parse_filter

from ..core.commands import COMMANDS, parse_command, throttle_of
from ..core.orders import Order
from ..themes import next_theme
from .ask import Ask

if TYPE_CHECKING:
    from ..app import HotMeshApp


def command_bar() -> Ask:
    """The line to type in."""
    return Ask(":", "", "jobs state:failed", _check, SuggestFromList(COMMANDS))


def perform(app: HotMeshApp, text: str | None) -> None:
    """Do what a command says."""
    if not text or not text.strip():
        return
    command = parse_command(text)
    match command.verb:
        case "jobs":
            app.show_jobs(parse_filter(command.rest))
        case "job":
            app.open_job(command.rest)
        case "graphs" | "mesh" | "queues" | "escalations":
            app.action_show(command.verb)
        case "throttle" | "activate":
            _order(app, command.verb, command.rest)
        case "theme":
            there = frozenset(app.available_themes)
            app.theme = command.rest if command.rest in there else next_theme(app.theme, there)
        case "help":
            app.action_help()
        case "quit":
            app.exit()


def _order(app: HotMeshApp, verb: str, rest: str) -> None:
    if app.frame is None:
        return
    if app.readonly:
        app.frame.notice(f"Can't {verb}: the app was started with --readonly.", "warning")
    elif verb == "activate":
        app.frame.ask(Order("activate", (rest,)))
    else:
        ms, scope = throttle_of(rest)
        app.frame.ask(Order("throttle", (scope,), ms=ms))


def _check(text: str) -> object:
    """Raises FilterError for what is no command."""
    if not text.strip():
        return None
    command = parse_command(text)
    return parse_filter(command.rest) if command.verb == "jobs" else command
