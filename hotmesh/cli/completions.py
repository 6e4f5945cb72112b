"""What a shell is offered: apps, job ids, topics. Only a Postgres that runs already is asked; trouble means no offers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from hotmesh.client.views import Views
    from hotmesh.program import Program

PATIENCE_S = 2.0


def complete_app(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of apps."""

    async def ask(views: Views) -> list[str]:
        return [views.app_id]

    return _offers(ctx, ask, incomplete)


def complete_job(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of recent jobs."""

    async def ask(views: Views) -> list[str]:
        return await views.job_keys(incomplete)

    return _offers(ctx, ask, incomplete)


def complete_escalation(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of open escalations."""

    async def ask(views: Views) -> list[str]:
        return [each.id for each in await views.escalated()]

    return _offers(ctx, ask, incomplete)


def complete_topic(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Topics that start jobs."""
    return _from_programs(ctx, incomplete, lambda program: list(program.graphs))


def complete_signal(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Topics that hooks wait on."""
    return _from_programs(ctx, incomplete, lambda program: [topic for graph in program.graphs.values() for topic in graph.hooks])


def complete_version(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Deployed versions."""

    async def ask(views: Views) -> list[str]:
        return [each.version for each in await views.versions()]

    return _offers(ctx, ask, incomplete)


def complete_file_topic(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Topics of the app file that was typed before."""
    from hotmesh.compile import compile_app

    path = Path(ctx.params.get("path") or "")
    if not path.is_file():
        return []
    program = compile_app(path.read_bytes(), file=path).program
    return [CompletionItem(topic) for topic in (program.graphs if program else ()) if topic.startswith(incomplete)]


def _from_programs(ctx: click.Context, incomplete: str, topics: Callable[[Program], list[str]]) -> list[CompletionItem]:
    async def ask(views: Views) -> list[str]:
        program = await views.program()
        return [] if program is None else topics(program)

    return _offers(ctx, ask, incomplete)


def _offers(ctx: click.Context, ask: Callable[[Views], Awaitable[list[str]]], incomplete: str) -> list[CompletionItem]:
    import asyncio

    from hotmesh import settings
    from hotmesh.client.observer import embedded_runs
    from hotmesh.client.trouble import foreign
    from hotmesh.errors import HotMeshError

    try:
        chosen = settings.load(dsn=ctx.params.get("dsn"))
        if chosen.dsn is None and not embedded_runs():
            return []
        found = asyncio.run(asyncio.wait_for(_gathered(chosen.dsn, ctx.params.get("app_id"), ask), PATIENCE_S))
    except (HotMeshError, TimeoutError):
        return []
    except Exception as error:
        if foreign(error) is None:
            raise
        return []
    return [CompletionItem(each) for each in dict.fromkeys(found) if each.startswith(incomplete)]


async def _gathered(dsn: str | None, app_id: str | None, ask: Callable[[Views], Awaitable[list[str]]]) -> list[str]:
    from hotmesh.client.observer import Observer

    async with Observer(dsn) as observer:
        return [each for views in await observer.apps() if app_id in (None, views.app_id) for each in await ask(views)]
