"""`hotmesh jobs` and `hotmesh dead`: lists of jobs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

import click

from hotmesh.cli.asynchronous import run_async
from hotmesh.cli.completions import complete_topic
from hotmesh.cli.options import DURATION, output_option
from hotmesh.cli.tables import ago, answer, iso, table
from hotmesh.cli.target import Target, target_options
from hotmesh.export.execution import State
from hotmesh.values import Json

if TYPE_CHECKING:
    from hotmesh.client.views import DeadLetter, JobFilter, JobSummary, Views

    TextsType = click.ParamType[tuple[str, ...]]
    TextType = click.ParamType[str]
else:
    TextsType = TextType = click.ParamType

STATES: tuple[str, ...] = get_args(State)
ROW_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


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
@click.argument("text", required=False)
@click.option("--state", "states", type=StatesType(), help=f"Only these, as failed,waiting: {', '.join(STATES)}.")
@click.option("--topic", shell_complete=complete_topic, help="Only of this topic; * stands for anything, as order.*")
@click.option("--entity", help="Only with this label; * stands for anything.")
@click.option("--version", help="Only of this version.")
@click.option("--parent", metavar="ID", help="Only those that this job started.")
@click.option("--since", "since_s", type=DURATION, help="Only those begun within this time, as 1h.")
@click.option("--until", "until_s", type=DURATION, help="Only those begun longer ago than this.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="So many at once.")
@click.option("--after", type=RowIdType(), metavar="ROW-ID", help="The next page: what the page before ended with.")
@output_option
@target_options
def jobs(
    text: str | None,
    states: tuple[str, ...] | None,
    topic: str | None,
    entity: str | None,
    version: str | None,
    parent: str | None,
    since_s: float | None,
    until_s: float | None,
    limit: int,
    after: str | None,
    output: str,
    target: Target,
) -> None:
    """List jobs, the newest first; TEXT is a part of the id or of the error."""
    from hotmesh.client.views import JobFilter

    wanted = JobFilter(
        states=states, topic=topic, entity=entity, version=version, parent=parent, text=text, since_s=since_s, until_s=until_s
    )
    found = run_async(lambda: _page(target, wanted, after, limit + 1))
    page, more = found[:limit], len(found) > limit
    answer(output, [_json(each) for each in page], lambda: _print(page, more))


async def _page(target: Target, wanted: JobFilter, after: str | None, limit: int) -> list[JobSummary]:
    found = await target.gather(lambda views: views.jobs(wanted, after=after, limit=limit))
    return sorted(found, key=lambda job: job.row.id, reverse=True)[:limit]


def _print(page: list[JobSummary], more: bool) -> None:
    several = len({job.app_id for job in page}) > 1
    rows = [
        (
            job.row.key,
            *([job.app_id] if several else []),
            job.row.topic,
            job.state,
            ago(job.row.created_at),
            ", ".join(job.row.activities) or (f"{job.row.error['code']} {_first_line(job.row.error['message'])}" if job.row.error else ""),
        )
        for job in page
    ]
    table(("ID", *(["APP"] if several else []), "TOPIC", "STATE", "AGE", "AT"), rows, "There is no such job.")
    if more:
        click.echo(f"There are more: hotmesh jobs … --after {page[-1].row.id}", err=True)


def _first_line(text: str) -> str:
    line = str(text).partition("\n")[0]
    return line if len(line) <= 80 else f"{line[:79]}…"


def _json(job: JobSummary) -> Json:
    row = job.row
    return {
        "app": job.app_id,
        "job_id": row.key,
        "row_id": row.id,
        "topic": row.topic,
        "entity": row.entity,
        "version": row.version,
        "state": job.state,
        "status": row.status,
        "error": row.error,
        "parent": row.parent_key,
        "created": iso(row.created_at),
        "updated": iso(row.updated_at),
        "ended": iso(row.completed_at),
        "activities": list(row.activities),
    }


@click.command()
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="So many.")
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
            "job_id": each.job_key,
            "topic": each.job_topic,
            "activity": each.activity_id,
            "dimension": each.dimension,
            "error": each.error,
            "at": iso(each.created_at),
        }
        for views, each in found
    ]
    rows = [(v.app_id, each.job_key, each.activity_id, ago(each.created_at), (each.error or {}).get("message", "")) for v, each in found]
    answer(output, letters, lambda: table(("APP", "JOB", "ACTIVITY", "AGE", "ERROR"), rows, "There are no dead letters."))
