"""`hotmesh escalations`: hooks that wait for people; and `hotmesh rerun`. Both look on and leave orders, without joining the mesh."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from hotmesh.cli.asynchronous import run_async
from hotmesh.cli.completions import complete_job
from hotmesh.cli.options import output_option
from hotmesh.cli.payload import Payload
from hotmesh.cli.tables import ago, answer, table
from hotmesh.cli.target import Target, target_options
from hotmesh.values import Json

if TYPE_CHECKING:
    from hotmesh.client.console import Console

T = TypeVar("T")


@click.group()
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
    found = _with_console(target, lambda console: console.escalated(chosen))
    rows = [
        [each.id, each.state, each.priority, each.role, each.description, each.job_id, each.assignee, ago(each.created_at)]
        for each in found
    ]
    value: Json = [
        {name: item.isoformat() if hasattr(item, "isoformat") else item for name, item in each._asdict().items()} for each in found
    ]
    answer(
        output,
        value,
        lambda: table(("ID", "STATE", "PRIORITY", "ROLE", "DESCRIPTION", "JOB", "ASSIGNEE", "SINCE"), rows, "Nobody is waited for."),
    )


@escalations.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--for", "assignee", metavar="NAME", help="For somebody else. [default: you]")
@target_options
def claim(ids: tuple[str, ...], assignee: str | None, target: Target) -> None:
    """Have escalations for a quarter of an hour."""
    _each(target, ids, "Claimed", lambda console, id_: console.claim(id_, assignee or _user()))


@escalations.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@target_options
def release(ids: tuple[str, ...], target: Target) -> None:
    """Give claimed escalations back to all."""
    _each(target, ids, "Released", lambda console, id_: console.release(id_, _user()))


@escalations.command()
@click.argument("id_", metavar="ID")
@click.argument("payload", type=Payload(), required=False)
@target_options
def resolve(id_: str, payload: Json, target: Target) -> None:
    """Answer an escalation: its hook gets the payload."""
    _each(target, (id_,), "Resolved", lambda console, each: console.resolve(each, payload, _user()))


@escalations.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--reason", default="dismissed", show_default=True, help="What the hook's error says.")
@target_options
def dismiss(ids: tuple[str, ...], reason: str, target: Target) -> None:
    """Close escalations without an answer: their hooks fail with code 410."""
    _each(target, ids, "Dismissed", lambda console, id_: console.dismiss(id_, reason, _user()))


@click.command()
@click.argument("job_ids", metavar="ID...", nargs=-1, required=True, shell_complete=complete_job)
@target_options
def rerun(job_ids: tuple[str, ...], target: Target) -> None:
    """Start other jobs with what these were started with, and print their ids."""

    async def work(console: Console) -> list[str]:
        return [await console.rerun(job_id) for job_id in job_ids]

    click.echo("\n".join(_with_console(target, work)))


def _each(target: Target, ids: tuple[str, ...], done: str, act: Callable[[Console, str], Awaitable[None]]) -> None:
    async def work(console: Console) -> None:
        for id_ in ids:
            await act(console, id_)
            click.echo(f"{done} {id_}.")

    _with_console(target, work)


def _with_console(target: Target, work: Callable[[Console], Awaitable[T]]) -> T:
    async def run() -> T:
        from hotmesh.client.console import Console

        async with await Console.open(target.app_id, target.dsn) as console:
            return await work(console)

    return run_async(run)


def _user() -> str:
    import getpass

    return getpass.getuser()
