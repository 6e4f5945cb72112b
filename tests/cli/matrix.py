"""Every command of the command line, with what the matrix of wrong uses needs to know of it. A command that is missing here fails a test.

`right` is a line that is right but for what is not there: `{app}`, `{topic}` and `{job}` stand for an app, a topic and a job that are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import click

from hotmesh.cli import cli

NOBODY = "01a1fcfb-913b-76c4-a907-2e9c234fee01"


@dataclass(frozen=True)
class Command:
    """One command."""

    right: str = ""
    server: bool = True
    """Whether it asks Postgres; all that do take --dsn."""
    per_app: bool = True
    """Whether it takes --app, and needs one that is there."""
    answers: str | None = None
    """What schemas/cli.schema.json calls its answer with --output json."""
    reads: bool = False
    """Whether it only looks: a role that may only read can use it."""
    unknown: tuple[tuple[str, int, str], ...] = ()
    """Lines that name what is not there: the exit code, and what is told."""


def local(right: str = "", *unknown: tuple[str, int, str]) -> Command:
    """A command that needs no server."""
    return Command(right, server=False, per_app=False, unknown=unknown)


NO_JOB = "there is no job 'nope' in {app}; it may have expired. `hotmesh jobs` lists those there are."
NO_ESCALATION = "there is no escalation 'nope'; `hotmesh escalations list` lists them."
NO_GRAPH = "the active version of no app has a graph that subscribes to 'nope' (looked through: {app})"


def on_jobs(answers: str, line: str = "{job}", wrong: str = "nope") -> Command:
    """A command on one or more jobs."""
    return Command(line, answers=answers, unknown=((wrong, 1, NO_JOB),))


def look(answers: str, line: str = "", *unknown: tuple[str, int, str]) -> Command:
    """A command that only looks."""
    return Command(line, answers=answers, reads=True, unknown=unknown)


MATRIX: dict[str, Command] = {
    "lint": local("app.yaml", ("nope.yaml", 2, "'nope.yaml' does not exist"), ("app.yaml --select X999", 2, "There is no rule X999")),
    "rule": local("R203", ("X999", 2, "There is no rule X999")),
    "fmt": local("--check app.yaml", ("nope.yaml", 2, "'nope.yaml' does not exist")),
    "lsp": local("--help"),
    "schema": local("app", ("nope", 2, "'nope' is not one of 'app'")),
    "compile": local("app.yaml", ("nope.yaml", 2, "'nope.yaml' does not exist")),
    "pipe": local("[[1]]", ("[[1]] --with nope.json", 2, "'nope.json' can't be read"), ('[[1],["{@nope.f}"]]', 1, "no domain 'nope'")),
    "render": Command(
        "--job {job}",
        reads=True,
        unknown=(
            ("--job nope", 1, NO_JOB),
            ("app.yaml --graph nope", 2, "no graph of the app is started by 'nope'; there is {app}.order, "),
            ("nope.yaml", 2, "'nope.yaml' does not exist"),
        ),
    ),
    "new": local("fresh", ("9lives", 2, "'9lives' can't be an app's id")),
    "run": Command(
        "app.yaml {topic} --stub",
        per_app=False,
        unknown=(
            ("nope.yaml {topic}", 2, "'nope.yaml' does not exist"),
            ("app.yaml nope", 1, "no graph of app.yaml subscribes to 'nope'"),
            ("app.yaml {topic} --workers nope.py", 1, "there is no file nope.py"),
        ),
    ),
    "deploy": Command("app.yaml", per_app=False, answers="deploy", unknown=(("nope.yaml", 2, "'nope.yaml' does not exist"),)),
    "activate": Command("1", answers="activate", unknown=(("99", 1, "version 99 is not deployed (there is 1): deploy it first."),)),
    "versions": look("versions"),
    "worker": Command("workers.py", unknown=(("nope.py", 1, "there is no file nope.py"),)),
    "pub": Command("{topic}", answers="pub", unknown=(("nope", 1, NO_GRAPH),)),
    "pubsub": Command("{topic}", unknown=(("nope", 1, NO_GRAPH),)),
    "signal": Command(
        "{signal}",
        answers="signal",
        unknown=(("nope", 1, "no app has a hook that waits on 'nope' (looked through: {app}); there is {signal}."),),
    ),
    "cancel": on_jobs("act"),
    "interrupt": on_jobs("act"),
    "pause": on_jobs("act"),
    "resume": on_jobs("act"),
    "retry": on_jobs("act"),
    "rerun": on_jobs("rerun"),
    "escalations list": look("escalations"),
    "escalations claim": Command(NOBODY, answers="escalations-act", unknown=(("nope", 1, NO_ESCALATION),)),
    "escalations release": Command(NOBODY, answers="escalations-act", unknown=(("nope", 1, NO_ESCALATION),)),
    "escalations resolve": Command(NOBODY, answers="escalations-act", unknown=(("nope", 1, NO_ESCALATION),)),
    "escalations dismiss": Command(NOBODY, answers="escalations-act", unknown=(("nope", 1, NO_ESCALATION),)),
    "scrub": on_jobs("act", "--yes {job}", "--yes nope"),
    "jobs": look(
        "jobs",
        "",
        ("state:nope", 2, "no job is 'nope'"),
        ("sate:failed", 2, "there is no field 'sate'; did you mean state?"),
        ("--state nope", 2, "there is no state 'nope'"),
    ),
    "status": look("status", "{job}", ("nope", 1, NO_JOB)),
    "why": look("why", "{job}", ("nope", 1, NO_JOB)),
    "export": look("export", "{job}", ("nope", 1, NO_JOB)),
    "queues": look("queues"),
    "dead": look("dead"),
    "rollcall": look("rollcall"),
    "throttle": Command(
        "5",
        answers="throttle",
        unknown=(
            ("5 --topic nope", 2, "No worker of {app} is for the topic 'nope'; there is {app}.check"),
            ("5 --guid nope", 2, "No live process of {app} has the guid 'nope'; `hotmesh rollcall` lists them."),
        ),
    ),
    "tui": Command("", server=False, per_app=False, unknown=(("", 2, "needs a terminal"),)),
    "db start": local("--help"),
    "db stop": local("--help"),
    "db url": local("--no-start"),
    "db psql": local("--help"),
    "db migrate": Command("", per_app=False, unknown=(("--app 9lives", 1, "'9lives' can't be an app's id"),)),
    "db prune": Command("", answers="prune", per_app=False, unknown=(("--app nope", 1, "the database has no app 'nope'"),)),
    "db doctor": Command("", answers="doctor", per_app=False, reads=True),
    "completion": local("bash", ("tcsh", 2, "'tcsh' is not one of 'bash'")),
}


def leaves() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its words, from click's own registry."""
    yield from _below((), cli, click.Context(cli, info_name="hotmesh"))


def _below(path: tuple[str, ...], command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from _below((*path, name), inner, click.Context(inner, info_name=name, parent=context))


REGISTRY = dict(leaves())
