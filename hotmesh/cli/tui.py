"""`hotmesh tui`: the terminal app."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from hotmesh.cli.asynchronous import run_async

if TYPE_CHECKING:
    from hotmesh.client.console import Console


@click.command()
@click.option("--dsn", metavar="URL", default=None, help="The address of Postgres. [default: $HOTMESH_DSN, else the embedded one]")
@click.option("--app", "app_id", metavar="ID", default=None, help="The app to look at. [default: the only one there is]")
@click.option("--readonly", is_flag=True, help="Look, but change nothing: every action is off.")
@click.option("--keys", is_flag=True, help="List the keys with the names that a keys.toml gives other keys to.")
def tui(dsn: str | None, app_id: str | None, readonly: bool, keys: bool) -> None:
    """Watch jobs live, travel in time, and act on them.

    Needs a terminal of 80 × 24 or more, and no mouse. Press ? inside for the keys.
    """
    if keys:
        _list_keys()
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("hotmesh tui needs a terminal; `hotmesh jobs` and `hotmesh why` print the same facts.")
    run_async(lambda: _run(dsn, app_id, readonly))


OPENING = "\x1b[?1049h\x1b[2J\x1b[H ◆ HotMesh  opening …"
BACK = "\x1b[?1049l"
"""The terminal's second screen, and its first one again."""


async def _run(dsn: str | None, app_id: str | None, readonly: bool) -> None:
    """Answer at once, load and connect at the same time, then hand the screen over; a failure is told where the command was typed."""
    with _keys_kept():
        _show(OPENING)
        # Nothing that is loaded here ever becomes garbage: looking for some would take a tenth of the time until the first screen.
        gc.disable()
        try:
            app, client = await _opened(dsn, app_id, readonly)
        except BaseException:
            _show(BACK)
            raise
        try:
            await app.run_async()
        finally:
            await client.close()
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # by a signal, after which the app has left in order
            raise asyncio.CancelledError


async def _opened(dsn: str | None, app_id: str | None, readonly: bool) -> tuple[Any, Console]:
    from hotmesh.client.console import Console

    loading = asyncio.create_task(asyncio.to_thread(import_module, "hotmesh.tui.app"))
    client = await Console.open(app_id, dsn, readonly=readonly)
    try:
        app = (await loading).HotMeshApp(client)
    except BaseException:
        await client.close()
        raise
    gc.freeze()
    gc.enable()
    _keep_the_screen_clean()
    return app, client


@contextmanager
def _keys_kept() -> Iterator[None]:
    """What is typed before the app reads keys is not shown: it is for the app."""
    import termios

    before = termios.tcgetattr(sys.stdin)
    silent = [*before[:3], before[3] & ~(termios.ECHO | termios.ICANON), *before[4:]]
    termios.tcsetattr(sys.stdin, termios.TCSANOW, silent)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _keep_the_screen_clean() -> None:
    """Log lines on the terminal would end up in the middle of the screen; what they tell of, the app shows by itself."""
    logger = logging.getLogger("hotmesh")
    logger.handlers = [logging.NullHandler()]
    logger.propagate = False


def _list_keys() -> None:
    for key in import_module("hotmesh.tui.core.keys").KEYS:
        click.echo(f"{key.id:<24} {key.keys:<24} {key.help}")
