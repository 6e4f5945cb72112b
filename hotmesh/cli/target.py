"""Which app, and which job, a command means.

Without --app a command looks through all apps of the database: a job's id or a topic that only one of them has needs no more words.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hotmesh.errors import EscalationError, HotMeshError, JobNotFound, SchemaError, UnknownTopic

if TYPE_CHECKING:
    from hotmesh.client.hotmesh import HotMesh
    from hotmesh.client.observer import Observer
    from hotmesh.client.views import Views
    from hotmesh.program import Program

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


NAMED = 12
"""So many names are listed to one who may have meant any of them."""


class Ambiguous(HotMeshError):
    """Several apps could be meant."""

    code = 422


@dataclass(frozen=True, slots=True)
class Target:
    """The database and, when --app was given, the app."""

    dsn: str | None
    app_id: str | None

    @asynccontextmanager
    async def observer(self) -> AsyncIterator[Observer]:
        """A light connection."""
        from hotmesh.client.observer import Observer

        async with Observer(self.dsn) as observer:
            yield observer

    @asynccontextmanager
    async def views(self) -> AsyncIterator[list[Views]]:
        """The app of --app, else every app."""
        async with self.observer() as observer:
            yield [await observer.app(self.app_id)] if self.app_id else await observer.apps()

    async def gather(self, read: Callable[[Views], Awaitable[list[T]]]) -> list[T]:
        """What `read` gives for every app, in one list. An app whose tables are not readable is told of and left out."""
        async with self.views() as views:
            nothing: list[T] = []
            return [found for each in views for found in await self._tolerant(each, read, nothing)]

    async def _tolerant(self, views: Views, read: Callable[[Views], Awaitable[T]], otherwise: T) -> T:
        """`read`, or `otherwise` when --app didn't ask for this very app and its tables are not those of this HotMesh."""
        from hotmesh.client.trouble import foreign

        try:
            return await read(views)
        except Exception as error:
            told = foreign(error)
            if self.app_id is not None or not isinstance(told, SchemaError):
                raise
            click.echo(f"{click.style('warning:', fg='yellow', bold=True)} {views.app_id} is left out: {told}", err=True)
            return otherwise

    @asynccontextmanager
    async def job(self, job_id: str) -> AsyncIterator[Views]:
        """The app that has a job. Raises JobNotFound, Ambiguous."""
        async with self.views() as views:
            yield await self._only(views, lambda each: each.has_job(job_id), f"a job {job_id!r}", self._no_job(job_id, views))

    @asynccontextmanager
    async def escalation(self, id_: str) -> AsyncIterator[Views]:
        """The app that has an escalation. Raises EscalationError, Ambiguous."""
        nothing = EscalationError(f"there is no escalation {id_!r}; `hotmesh escalations list` lists them.")
        async with self.views() as views:
            yield await self._only(views, lambda each: each.has_escalation(id_), f"an escalation {id_!r}", nothing)

    @asynccontextmanager
    async def app(self) -> AsyncIterator[Views]:
        """The app of --app, else the only one. Raises SchemaError, Ambiguous."""
        async with self.views() as views:
            nothing = SchemaError("the database has no app; `hotmesh deploy APP` or `hotmesh run APP TOPIC` makes one.")
            yield await self._only(views, _always, "an app", nothing)

    async def app_with(self, what: str, topic: str, topics: Callable[[Program], Iterable[str]]) -> str:
        """The id of the app whose active version has `topic` among its `topics`. Raises UnknownTopic, Ambiguous."""
        known: dict[str, None] = {}

        async def active_has(views: Views) -> bool:
            program = await views.program()
            found = [] if program is None else list(topics(program))
            known.update(dict.fromkeys(found))
            return topic in found

        async with self.views() as views:
            found = [each for each in views if await self._tolerant(each, active_has, False)]
            apps = ", ".join(each.app_id for each in views) or "none"
            advice = meant(topic, known, "; deploy and activate one that has.")
            nothing = UnknownTopic(f"the active version of no app has {what} {topic!r} (looked through: {apps}){advice}")
            return self._one(found, f"{what} {topic!r}", nothing).app_id

    async def _only(self, views: list[Views], has: Callable[[Views], Awaitable[bool]], what: str, nothing: HotMeshError) -> Views:
        return self._one([each for each in views if await self._tolerant(each, has, False)], what, nothing)

    def _one(self, found: list[Views], what: str, nothing: HotMeshError) -> Views:
        if not found:
            raise nothing
        if len(found) > 1:
            raise Ambiguous(f"several apps have {what}: {', '.join(each.app_id for each in found)}; say which one with --app.")
        return found[0]

    def _no_job(self, job_id: str, views: list[Views]) -> JobNotFound:
        where = f"in {', '.join(each.app_id for each in views)}" if views else "here, nor any app"
        return JobNotFound(f"there is no job {job_id!r} {where}; it may have expired. `hotmesh jobs` lists those there are.")

    @asynccontextmanager
    async def acting(self, app_id: str) -> AsyncIterator[HotMesh]:
        """A member of an app's mesh, for as long as the block lasts."""
        from hotmesh.cli.asynchronous import to_the_end
        from hotmesh.client.hotmesh import HotMesh

        mesh = await HotMesh.init(app_id=app_id, engine={"connection": self.dsn})
        try:
            yield mesh
        finally:
            await to_the_end(mesh.stop(grace_s=1.0))


def meant(name: str, known: Iterable[str], otherwise: str = ".") -> str:
    """The end of a sentence about a name that is not known: what may have been meant by it."""
    names = list(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; there is {', '.join(sorted(names))}." if 0 < len(names) <= NAMED else otherwise


async def _always(_: Views) -> bool:
    return True


def target_options(command: F) -> F:
    """`--app` and `--dsn`, as one argument `target`."""
    from functools import wraps

    from hotmesh.cli.completions import complete_app
    from hotmesh.cli.options import dsn_option

    @wraps(command)
    def with_target(*arguments: Any, dsn: str | None, app_id: str | None, **given: Any) -> Any:
        return command(*arguments, target=Target(dsn, app_id), **given)

    app = click.option(
        "--app",
        "app_id",
        metavar="ID",
        envvar="HOTMESH_APP",
        shell_complete=complete_app,
        help="The app; needed only when several could be meant.",
    )
    return app(dsn_option(with_target))  # type: ignore[return-value]
