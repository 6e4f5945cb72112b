"""The command line: one table of commands, one place where an error becomes a sentence and an exit code.

A command is imported only when it runs, so `hotmesh --help` and `hotmesh --version` stay fast. Commands raise `HotMeshError`
for what went wrong and `click.UsageError` for what was typed wrong; they return None, or an int as their own exit code.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click
from click.shell_completion import CompletionItem

from hotmesh import __version__
from hotmesh.cli.group import CommandGroup
from hotmesh.cli.invocation import Invocation, report
from hotmesh.errors import HotMeshError

COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Write": {
        "lint": ("hotmesh.cli.lint:lint", "Find what is wrong in apps, and mend what is safe to mend."),
        "rule": ("hotmesh.cli.rule:rule", "Explain a finding of the linter, or list all rules."),
        "fmt": ("hotmesh.cli.fmt:fmt", "Format apps: the order of keys, quotes, blanks; comments stay."),
        "lsp": ("hotmesh.cli.lsp:lsp", "Serve editors: findings, completion, hovers, renaming, quick fixes."),
        "schema": ("hotmesh.cli.schema:schema", "Print the JSON Schema of the YAML language."),
        "compile": ("hotmesh.cli.compile:compile_command", "Print the compiled program of an app."),
        "pipe": ("hotmesh.cli.pipe:pipe", "Evaluate an @pipe, row by row if you like; explain its functions."),
        "render": ("hotmesh.cli.render:render_command", "Draw the graphs of an app: SVG, PNG, text, Mermaid, Graphviz."),
    },
    "Run": {
        "new": ("hotmesh.cli.new:new", "Make a folder with an app, its workers and a test."),
        "run": ("hotmesh.cli.running:run", "Run a job of an app file and print its result: lint, Postgres, deploy, work."),
        "deploy": ("hotmesh.cli.versions:deploy", "Lint an app file and store its version."),
        "activate": ("hotmesh.cli.versions:activate", "Give new jobs a deployed version."),
        "versions": ("hotmesh.cli.versions:versions", "List the deployed versions."),
        "worker": ("hotmesh.cli.worker:worker", "Serve topics until SIGTERM or Ctrl-C, then drain."),
    },
    "Act on jobs": {
        "pub": ("hotmesh.cli.start:pub", "Start a job and print its id."),
        "pubsub": ("hotmesh.cli.start:pubsub", "Start a job, wait for its end, print its data."),
        "signal": ("hotmesh.cli.start:signal_command", "Send a signal to a waiting hook."),
        "cancel": ("hotmesh.cli.act:cancel", "End jobs in their own time."),
        "interrupt": ("hotmesh.cli.act:interrupt", "End jobs now."),
        "pause": ("hotmesh.cli.act:pause", "Stop jobs where they are."),
        "resume": ("hotmesh.cli.act:resume", "Let paused jobs go on."),
        "retry": ("hotmesh.cli.act:retry", "Run the activity again that failed a job."),
        "rerun": ("hotmesh.cli.escalations:rerun", "Start other jobs with the same input."),
        "escalations": ("hotmesh.cli.escalations:escalations", "List hooks that wait for people; claim, answer, dismiss them."),
        "scrub": ("hotmesh.cli.act:scrub", "Delete finished jobs."),
    },
    "See": {
        "jobs": ("hotmesh.cli.jobs:jobs", "List jobs, by state, topic, age and more."),
        "status": ("hotmesh.cli.status:status", "Show where a job stands."),
        "why": ("hotmesh.cli.status:why_command", "Say in one sentence why a job isn't moving."),
        "export": ("hotmesh.cli.status:export", "Print a job as JSON: data, state, timeline, transitions."),
        "queues": ("hotmesh.cli.mesh:queues", "List what waits for workers and engines."),
        "dead": ("hotmesh.cli.jobs:dead", "List tasks that were given up."),
        "rollcall": ("hotmesh.cli.mesh:rollcall", "List the live processes."),
        "throttle": ("hotmesh.cli.mesh:throttle", "Brake or pause the mesh, a topic, a process."),
        "tui": ("hotmesh.cli.tui:tui", "Watch jobs live in the terminal, travel in time, act on them."),
    },
    "Postgres": {
        "db": ("hotmesh.cli.db:db", "Start, stop and look after the embedded Postgres."),
    },
    "Shell": {
        "completion": ("hotmesh.cli.completion:completion", "Print the completion script of a shell."),
    },
}
"""Every command by section: where it is, as `module:attribute`, and its one line of help."""

MEANT = {
    "check": "lint",
    "validate": "lint",
    "format": "fmt",
    "draw": "render",
    "graph": "render",
    "init": "new",
    "create": "new",
    "start": "pub",
    "submit": "pub",
    "serve": "worker",
    "send": "signal",
    "kill": "interrupt",
    "terminate": "interrupt",
    "stop": "cancel",
    "unpause": "resume",
    "restart": "rerun",
    "delete": "scrub",
    "rm": "scrub",
    "list": "jobs",
    "ls": "jobs",
    "ps": "jobs",
    "show": "status",
    "describe": "status",
    "get": "status",
    "logs": "why",
    "explain": "why",
    "workers": "rollcall",
    "members": "rollcall",
    "doctor": "db doctor",
    "migrate": "db migrate",
    "prune": "db prune",
    "psql": "db psql",
    "ui": "tui",
    "top": "tui",
    "dashboard": "tui",
    "completions": "completion",
}
"""What is typed by those who know other tools, and what does it here."""

FAILED, USAGE, INTERNAL, INTERRUPTED = 1, 2, 3, 130
"""Exit codes: the work failed, the command was typed wrong, HotMesh itself broke, Ctrl-C."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""How writing to standard output fails when its disk is full or broken."""


class CommandTable(CommandGroup):
    """A click group that reads names and help from `COMMANDS` and imports a command when it is called."""

    meant = MEANT

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = next((section[cmd_name][0] for section in COMMANDS.values() if cmd_name in section), None)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, section in COMMANDS.items():
            if section:
                with formatter.section(title):
                    formatter.write_dl([(name, summary) for name, (_, summary) in section.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        entries = [(name, summary) for section in COMMANDS.values() for name, (_, summary) in section.items()]
        names = [CompletionItem(name, help=summary) for name, summary in entries if name.startswith(incomplete)]
        return names + click.Command.shell_complete(self, ctx, incomplete)


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"hotmesh {__version__}")
        ctx.exit()


@click.group(cls=CommandTable, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("-v", "--verbose", count=True, help="Log what happens and show tracebacks; -vv logs everything.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default=None, help="How log lines and errors look on stderr.")
@click.option("-V", "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Print the version.")
@click.pass_obj
def cli(invocation: Invocation, verbose: int, log_format: str | None) -> None:
    """Durable workflows on Postgres, written in YAML or Python.

    Exit codes: 0 done, 1 the work failed, 2 wrong usage, 3 HotMesh itself failed.
    """
    invocation.begin(verbose, log_format)


def run(args: Sequence[str] | None = None) -> int:
    """Run one command line (`sys.argv` unless given) and return its exit code; nothing but `SystemExit` is ever raised."""
    invocation = Invocation()
    try:
        answer = cli.main(args, prog_name="hotmesh", standalone_mode=False, obj=invocation, color=invocation.color)
        if sys.stdout is not None:  # closed by whoever called: `hotmesh … >&-`
            sys.stdout.flush()
        return answer if isinstance(answer, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.UsageError as error:
        return report(invocation, _usage(error), error, USAGE)
    except click.ClickException as error:
        return report(invocation, error.format_message(), error, FAILED)
    except HotMeshError as error:
        return report(invocation, str(error), error, FAILED)
    except click.Abort:
        click.echo(err=True)
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _write_no_more()
        return 0
    except Exception as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM and error.filename is None:
            _write_no_more()
            return report(invocation, f"the output can't be written: {error.strerror}.", error, FAILED)
        sentence = f"HotMesh broke: {type(error).__name__}: {error}. Run 'hotmesh -v …' again for the traceback and report it."
        return report(invocation, sentence, error, INTERNAL)


def main() -> None:
    """The entry point of the `hotmesh` script."""
    sys.exit(run())


def _usage(error: click.UsageError) -> str:
    """What was typed wrong, in one sentence, and where to read what is right."""
    told = " ".join(error.format_message().replace("\n\t", " ").split()).rstrip(",")
    told = told if told.endswith((".", "?", "!")) else f"{told}."
    return told if error.ctx is None or "--help" in told else f"{told} See '{error.ctx.command_path} --help'."


def _write_no_more() -> None:
    """Nobody takes our output any more (`hotmesh … | head`, a full disk): the interpreter must not flush into the void."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
