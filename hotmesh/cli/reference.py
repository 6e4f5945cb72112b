"""docs/reference/cli.md, made of the commands themselves: `python -m hotmesh.cli.reference > docs/reference/cli.md`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from hotmesh.cli import COMMANDS, cli

INTRODUCTION = """# Commands

Made of the commands themselves by `python -m hotmesh.cli.reference`; `hotmesh COMMAND --help` says the same.
"""


def page() -> str:
    """The whole page as Markdown."""
    parts = [INTRODUCTION]
    context = click.Context(cli, info_name="hotmesh")
    parts.append(_options("hotmesh", cli, context))
    for title, section in COMMANDS.items():
        parts.append(f"## {title}\n")
        for name in section:
            command = cli.get_command(context, name)
            assert command is not None
            parts.extend(_command(f"hotmesh {name}", name, command, context))
    return "\n".join(part for part in parts if part)


def _command(path: str, name: str, command: click.Command, above: click.Context) -> Iterator[str]:
    """A command, then the commands below it."""
    context = click.Context(command, info_name=name, parent=above)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    yield f"### {path}\n\n```text\n{usage}\n```\n"
    yield _text(command.help or "")
    yield _text(command.epilog or "")
    yield _options(path, command, context)
    if isinstance(command, click.Group):
        for inner_name in command.list_commands(context):
            inner = command.get_command(context, inner_name)
            assert inner is not None
            yield from _command(f"{path} {inner_name}", inner_name, inner, context)


def _text(help_text: str) -> str:
    """Help as Markdown: what click keeps as it stands (after `\\b`) is a block of code."""
    blocks = []
    for paragraph in inspect.cleandoc(help_text).split("\n\n"):
        kept = paragraph.startswith("\b\n")
        blocks.append(f"```text\n{inspect.cleandoc(paragraph[2:])}\n```" if kept else paragraph)
    return "\n\n".join(block for block in blocks if block) + "\n" if help_text else ""


def _options(path: str, command: click.Command, context: click.Context) -> str:
    rows = [record for each in command.params if isinstance(each, click.Option) and (record := each.get_help_record(context))]
    if not rows:
        return ""
    lines = [f"| option of {path} | |", "|---|---|", *(f"| `{_cell(names)}` | {_cell(told)} |" for names, told in rows)]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    click.echo(page(), nl=False)
