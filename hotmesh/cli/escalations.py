"""`hotmesh escalations`: hooks that wait for people; and `hotmesh rerun`. Both look on and leave orders, without joining the mesh."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import click

from hotmesh.cli.asynchronous import run_async
from hotmesh.cli.completions import complete_escalation, complete_job
from hotmesh.cli.group import CommandGroup
from hotmesh.cli.options import output_option
from hotmesh.cli.payload import PAYLOAD
from hotmesh.cli.tables import ago, answer, iso, table
from hotmesh.cli.target import Target, target_options
from hotmesh.values import Json

if TYPE_CHECKING:
    from hotmesh.client.console import Console
    from hotmesh.client.facts import Escalation
    from hotmesh.client.views import Views

Act = Callable[["Console", str], Awaitable[Json]]
Place = Callable[[str], AbstractAsyncContextManager["Views"]]

ids_argument = click.argument("ids", metavar="ID...", nargs=-1, required=True, shell_complete=complete_escalation)


@click.group(cls=CommandGroup)
def escalations() -> None:
    """List hooks that wait for people; claim, answer or dismiss them."""


@escalations.command("list")
@click.option("--all", "closed", is_flag=True, help="Closed ones too.")
@click.option("--role", help="Only those for this role.")
@output_option
@target_options
def list_command(closed: bool, role: str | None, output: str, target: Target) -> None:
    """List escalations, the most urgent and oldest first."""
    from hotmesh.client.facts import ESCALATION_STATES, OPEN_ESCALATIONS, EscalationFilter

    chosen = EscalationFilter(states=ESCALATION_STATES if closed else OPEN_ESCALATIONS, role=role)

    async def of(views: Views) -> list[tuple[str, Escalation]]:
        return [(views.app_id, each) for each in await views.escalated(chosen)]

    found = sorted(run_async(lambda: target.gather(of)), key=lambda each: (each[1].priority, each[1].created_at))
    columns = ("ID", "STATE", "PRIORITY", "ROLE", "DESCRIPTION", "JOB", "ASSIGNEE", "SINCE")
    rows = [
        [each.id, each.state, each.priority, each.role, each.description, each.job_id, each.assignee, ago(each.created_at)]
        for _, each in found
    ]
    answer(output, [_json(*each) for each in found], lambda: table(columns, rows, "Nobody is waited for."))


def _json(app_id: str, found: Escalation) -> Json:
    return {
        "app": app_id,
        "id": found.id,
        "state": found.state,
        "job_id": found.job_id,
        "topic": found.job_topic,
        "activity": found.activity_id,
        "dimension": found.dimension,
        "role": found.role,
        "type": found.type,
        "subtype": found.subtype,
        "entity": found.entity,
        "priority": found.priority,
        "description": found.description,
        "fields": found.fields,
        "signal": found.topic,
        "assignee": found.assignee,
        "claimed_until": iso(found.claimed_until),
        "created": iso(found.created_at),
        "updated": iso(found.updated_at),
    }


@escalations.command()
@ids_argument
@click.option("--for", "assignee", metavar="NAME", help="For somebody else. [default: you]")
@output_option
@target_options
def claim(ids: tuple[str, ...], assignee: str | None, output: str, target: Target) -> None:
    """Have escalations for a quarter of an hour."""
    _each(target, ids, output, "Claimed", lambda console, id_: console.claim(id_, assignee or _user()))


@escalations.command()
@ids_argument
@output_option
@target_options
def release(ids: tuple[str, ...], output: str, target: Target) -> None:
    """Give claimed escalations back to all."""
    _each(target, ids, output, "Released", lambda console, id_: console.release(id_, _user()))


@escalations.command()
@click.argument("id_", metavar="ID", shell_complete=complete_escalation)
@click.argument("payload", type=PAYLOAD, default="{}", metavar="[JSON|@FILE|-]")
@output_option
@target_options
def resolve(id_: str, payload: Json, output: str, target: Target) -> None:
    """Answer an escalation: its hook gets the payload."""
    _each(target, (id_,), output, "Resolved", lambda console, each: console.resolve(each, payload, _user()))


@escalations.command()
@ids_argument
@click.option("--reason", default="dismissed", show_default=True, help="What the hook's error says.")
@output_option
@target_options
def dismiss(ids: tuple[str, ...], reason: str, output: str, target: Target) -> None:
    """Close escalations without an answer: their hooks fail with code 410."""
    _each(target, ids, output, "Dismissed", lambda console, id_: console.dismiss(id_, reason, _user()))


@click.command()
@click.argument("job_ids", metavar="ID...", nargs=-1, required=True, shell_complete=complete_job)
@output_option
@target_options
def rerun(job_ids: tuple[str, ...], output: str, target: Target) -> None:
    """Start other jobs with what these were started with, and print their ids."""
    done = run_async(lambda: _ordered(target, job_ids, target.job, lambda console, job_id: console.rerun(job_id)))
    answer(
        output,
        [{"app": app_id, "job_id": job_id, "new_job_id": new_id} for app_id, job_id, new_id in done],
        lambda: click.echo("\n".join(new_id for *_, new_id in done)),
    )


def _each(target: Target, ids: tuple[str, ...], output: str, done: str, act: Act) -> None:
    acted = run_async(lambda: _ordered(target, ids, target.escalation, act))
    answer(
        output,
        [{"app": app_id, "id": id_, "action": done.lower()} for app_id, id_, _ in acted],
        lambda: click.echo("\n".join(f"{done} {id_}." for _, id_, _ in acted)),
    )


async def _ordered(target: Target, ids: tuple[str, ...], place: Place, act: Act) -> list[tuple[str, str, Json]]:
    """Give an order about each, once all of them are found: the app, the id, what came of it."""
    apps: dict[str, str] = {}
    for id_ in dict.fromkeys(ids):
        async with place(id_) as views:
            apps[id_] = views.app_id
    done: list[tuple[str, str, Json]] = []
    for app_id in dict.fromkeys(apps.values()):
        async with _console(target, app_id) as console:
            done += [(app_id, id_, await act(console, id_)) for id_, where in apps.items() if where == app_id]
    return done


@asynccontextmanager
async def _console(target: Target, app_id: str) -> AsyncIterator[Console]:
    from hotmesh.client.console import Console

    async with await Console.open(app_id, target.dsn) as console:
        yield console


def _user() -> str:
    import getpass

    return getpass.getuser()
