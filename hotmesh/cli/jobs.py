"""`hotmesh jobs` and `hotmesh dead`: lists of jobs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

import click

from hotmesh.cli.asynchronous import run_async
from hotmesh.cli.completions import complete_topic
from hotmesh.cli.options import DURATION, WholeNumber, output_option
from hotmesh.cli.tables import age, ago, answer, iso, iso_ms, now_s, table
from hotmesh.cli.target import Target, target_options
from hotmesh.export.execution import State
from hotmesh.values import Json

if TYPE_CHECKING:
    from hotmesh.client.facts import DeadLetter, JobFilter, JobRow, JobState
    from hotmesh.client.views import Views

    TextsType = click.ParamType[tuple[str, ...]]
    TextType = click.ParamType[str]
    Found: TypeAlias = tuple[str, JobRow]
    """A job and its app."""
else:
    TextsType = TextType = click.ParamType

STATES: tuple[str, ...] = get_args(State)
ROW_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NAMED = 8
"""So many open activities are named."""


class StatesType(TextsType):
    """States, separated by commas."""

    name = "states"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        found = tuple(each.strip().lower() for each in str(value).split(",") if each.strip()) if not isinstance(value, tuple) else value
        for each in found or ("",):
            if each not in STATES:
                self.fail(f"there is no state {each!r}; the states are {', '.join(STATES)}.", param, ctx)
        return found


class RowIdType(TextType):
    """The row id of a job."""

    name = "row id"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not ROW_ID.fullmatch(str(value)):
            self.fail(
                f"{value!r} is no row id; it is what the page before ended with, as 01a1fc80-8431-7000-8000-ee98d30cbf45.", param, ctx
            )
        return str(value)


@click.command()
@click.argument("words", metavar="[FILTER]...", nargs=-1)
@click.option("--state", "states", type=StatesType(), help=f"Only these, as failed,waiting: {', '.join(STATES)}.")
@click.option("--topic", shell_complete=complete_topic, help="Only of this topic; * stands for anything, as order.*")
@click.option("--entity", help="Only with this label; * stands for anything.")
@click.option("--version", help="Only of this version.")
@click.option("--parent", metavar="ID", help="Only those that this job started.")
@click.option("--since", "since_s", type=DURATION, help="Only those begun within this time, as 1h.")
@click.option("--until", "until_s", type=DURATION, help="Only those begun longer ago than this.")
@click.option("--limit", type=WholeNumber(1, 10_000), default=50, show_default=True, help="So many at once.")
@click.option("--after", type=RowIdType(), metavar="ROW-ID", help="The next page: what the page before ended with.")
@output_option
@target_options
def jobs(words: tuple[str, ...], after: str | None, limit: int, output: str, target: Target, **options: Any) -> None:
    """List jobs, the newest first.

    FILTER is a text to be found in the id, topic, entity, parent's id or error, or what the terminal app's filter takes, too:

    \b
    hotmesh jobs boom
    hotmesh jobs state:failed,waiting topic:order.* id:item-* 'age<1h'
    """
    chosen = _filter(words, **options)
    found, more = run_async(lambda: _page(target, chosen, after, limit))
    answer(output, [_json(app_id, row) for app_id, row in found], lambda: _print(found, more))


def _filter(
    words: tuple[str, ...],
    states: tuple[JobState, ...] | None,
    topic: str | None,
    entity: str | None,
    version: str | None,
    parent: str | None,
    since_s: float | None,
    until_s: float | None,
) -> JobFilter:
    """What is wanted: the filter typed, and above it the options."""
    from hotmesh.client.filters import parse_words
    from hotmesh.errors import FilterError

    try:
        typed = parse_words(words)
    except FilterError as error:
        raise click.UsageError(str(error)) from error
    return replace(
        typed,
        states=states or typed.states,
        topics=(topic,) if topic is not None else typed.topics,
        entity=entity if entity is not None else typed.entity,
        version=version if version is not None else typed.version,
        parent=parent if parent is not None else typed.parent,
        younger_s=since_s if since_s is not None else typed.younger_s,
        older_s=until_s if until_s is not None else typed.older_s,
    )


async def _page(target: Target, chosen: JobFilter, after: str | None, limit: int) -> tuple[list[Found], bool]:
    """The newest of all apps together, and whether there are more."""

    async def of(views: Views) -> list[tuple[Found, bool]]:
        page = await views.jobs(chosen, before=after, limit=limit)
        return [((views.app_id, row), page.next is not None) for row in page.rows]

    found = sorted(await target.gather(of), key=lambda each: each[0][1].id, reverse=True)
    return [each for each, _ in found[:limit]], len(found) > limit or any(more for _, more in found)


def _print(page: list[Found], more: bool) -> None:
    several = len({app_id for app_id, _ in page}) > 1
    rows = [
        (
            row.key,
            *([app_id] if several else []),
            row.topic,
            row.state,
            age(now_s() - row.created_ms / 1000),
            ", ".join(_open(row)) or (f"{row.error['code']} {_first_line(row.error['message'])}" if row.error else ""),
        )
        for app_id, row in page
    ]
    table(("ID", *(["APP"] if several else []), "TOPIC", "STATE", "AGE", "AT"), rows, "There is no such job.")
    if more:
        click.echo(f"There are more: hotmesh jobs … --after {page[-1][1].id}", err=True)


def _open(row: JobRow) -> list[str]:
    return [activity_id for activity_id, _ in row.open[:NAMED]]


def _first_line(text: str) -> str:
    line = str(text).partition("\n")[0]
    return line if len(line) <= 80 else f"{line[:79]}…"


def _json(app_id: str, row: JobRow) -> Json:
    return {
        "app": app_id,
        "job_id": row.key,
        "row_id": row.id,
        "topic": row.topic,
        "entity": row.entity,
        "version": row.version,
        "state": row.state,
        "status": row.status,
        "error": row.error,
        "parent": row.parent,
        "created": iso_ms(row.created_ms),
        "updated": iso_ms(row.updated_ms),
        "ended": iso_ms(row.completed_ms),
        "activities": _open(row),
    }


@click.command()
@click.option("--limit", type=WholeNumber(1, 10_000), default=50, show_default=True, help="So many.")
@output_option
@target_options
def dead(limit: int, output: str, target: Target) -> None:
    """List dead letters: tasks that were given up because they killed their process again and again."""

    async def letters_of(views: Views) -> list[tuple[Views, DeadLetter]]:
        return [(views, letter) for letter in await views.dead(limit)]

    found = run_async(lambda: target.gather(letters_of))
    letters = [
        {
            "app": views.app_id,
            "job_id": each.job_id,
            "topic": each.job_topic,
            "activity": each.activity_id,
            "dimension": each.dimension,
            "error": each.error,
            "at": iso(each.created_at),
        }
        for views, each in found
    ]
    rows = [(v.app_id, each.job_id, each.activity_id, ago(each.created_at), (each.error or {}).get("message", "")) for v, each in found]
    answer(output, letters, lambda: table(("APP", "JOB", "ACTIVITY", "AGE", "ERROR"), rows, "There are no dead letters."))
