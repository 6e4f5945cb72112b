"""`hotmesh queues`, `rollcall`, `throttle`: the mesh of an app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hotmesh.cli.asynchronous import run_async
from hotmesh.cli.options import WholeNumber, output_option
from hotmesh.cli.tables import age, ago, answer, iso, table
from hotmesh.cli.target import Target, meant, target_options
from hotmesh.values import Json

if TYPE_CHECKING:
    from hotmesh.client.views import Views
    from hotmesh.program import Program

ENGINES = "(engines)"


@click.command()
@output_option
@target_options
def queues(output: str, target: Target) -> None:
    """List what waits for workers and engines: how much, how long, and who serves it."""

    found = run_async(lambda: target.gather(_queues))
    columns = ("APP", "TOPIC", "READY", "IN HAND", "LATER", "PARKED", "OLDEST", "CONSUMERS", "BRAKE")
    rows = [
        (
            row["app"],
            row["topic"] or ENGINES,
            row["ready"],
            row["leased"],
            row["delayed"],
            row["parked"],
            age(row["oldest_s"]),
            row["consumers"],
            _brake(row["throttle_ms"]),
        )
        for row in found
    ]
    answer(output, found, lambda: table(columns, rows, "Nothing waits."))


async def _queues(views: Views) -> list[Json]:
    return [
        {
            "app": views.app_id,
            "topic": queue.topic,
            "ready": queue.ready,
            "leased": queue.leased,
            "delayed": queue.delayed,
            "parked": queue.parked,
            "oldest_s": None if queue.oldest_s is None else round(queue.oldest_s, 3),
            "consumers": queue.consumers,
            "throttle_ms": queue.throttle_ms,
        }
        for queue in await views.queues()
        if queue.consumers or not queue.is_empty
    ]


def _brake(throttle_ms: int) -> str:
    return "paused" if throttle_ms < 0 else f"{throttle_ms} ms" if throttle_ms else ""


@click.command()
@output_option
@target_options
def rollcall(output: str, target: Target) -> None:
    """List the live processes: what they serve, what they have done."""

    found = run_async(lambda: target.gather(_members))
    columns = ("APP", "GUID", "HOST", "PID", "VERSION", "SERVES", "COMMITS", "SEEN")
    rows = [
        (
            views.app_id,
            each["guid"],
            each["host"],
            str(each["pid"]),
            each["version"],
            ", ".join(each["topics"]) or "(engine only)",
            each["counts"]["commits"],
            each.pop("_seen"),
        )
        for views, each in found
    ]
    answer(output, [each for _, each in found], lambda: table(columns, rows, "No process takes part."))


async def _members(views: Views) -> list[tuple[Views, Json]]:
    return [
        (views, {**each.profile, "app": views.app_id, "guid": each.guid, "seen": iso(each.seen_at), "_seen": ago(each.seen_at)})
        for each in await views.roll_call()
    ]


class TakesMinusOne(click.Command):
    """A command whose argument may be -1, as it stands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "-1" in args and "--" not in args:
            args = [*(each for each in args if each != "-1"), "--", "-1"]
        return super().parse_args(ctx, args)


@click.command(cls=TakesMinusOne)
@click.argument("ms", type=WholeNumber(-1, 86_400_000), required=False)
@click.option("--topic", help="Only the workers of this topic.")
@click.option("--guid", help="Only this process; `hotmesh rollcall` lists them.")
@output_option
@target_options
def throttle(ms: int | None, topic: str | None, guid: str | None, output: str, target: Target) -> None:
    """Brake the mesh: MS milliseconds per message, -1 pauses, 0 lets go; without MS, list the brakes.

    \b
    hotmesh throttle 500 --topic inventory.check
    hotmesh throttle -1
    """
    if topic and guid:
        raise click.UsageError("--topic and --guid exclude each other.")
    if ms is None:
        if topic or guid:
            raise click.UsageError("How many milliseconds? -1 pauses, 0 lets go.")
        _list_brakes(output, target)
        return
    _set_brake(ms, topic, guid, output, target)


def _list_brakes(output: str, target: Target) -> None:
    async def brakes(views: Views) -> list[Json]:
        return [{"app": views.app_id, "scope": scope, "throttle_ms": ms} for scope, ms in (await views.throttles()).items()]

    found = run_async(lambda: target.gather(brakes))
    rows = [(row["app"], row["scope"], _brake(row["throttle_ms"])) for row in found]
    answer(output, found, lambda: table(("APP", "SCOPE", "BRAKE"), rows, "No brake is on."))


def _worker_topics(program: Program | None) -> set[str]:
    from hotmesh.program import Worker

    graphs = program.graphs.values() if program is not None else ()
    return {each.topic for graph in graphs for each in graph.activities.values() if isinstance(each, Worker)}


async def _check_scope(views: Views, topic: str | None, guid: str | None) -> None:
    """Raises UsageError for a process that isn't there, and for a topic that nobody knows."""
    members = await views.members()
    if guid is not None and guid not in {each.guid for each in members}:
        raise click.UsageError(f"No live process of {views.app_id} has the guid {guid!r}; `hotmesh rollcall` lists them.")
    if topic is None:
        return
    known = {each.topic for each in await views.queues()} | {scope.removeprefix("topic:") for scope in await views.throttles()}
    known |= _worker_topics(await views.program())
    if topic not in known:
        raise click.UsageError(f"No worker of {views.app_id} is for the topic {topic!r}{meant(topic, known - {'', 'all'})}")


def _set_brake(ms: int, topic: str | None, guid: str | None, output: str, target: Target) -> None:
    async def work() -> Json:
        async with target.app() as views:
            app_id = views.app_id
            await _check_scope(views, topic, guid)
        async with target.acting(app_id) as mesh:
            await mesh.throttle(ms, topic=topic, guid=guid)
        return {"app": app_id, "scope": f"guid:{guid}" if guid else f"topic:{topic}" if topic else "all", "throttle_ms": ms}

    done = run_async(work)
    words = "let go" if ms == 0 else "paused" if ms < 0 else f"braked to one message in {ms} ms"
    answer(output, [done], lambda: click.echo(f"{done['app']}: {done['scope']} {words}."))
