"""`hotmesh fmt`: writes apps in the one way: the order of keys, quotes, blanks; comments stay."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from hotmesh.source import files
from hotmesh.source.formatting import format_text

WOULD_CHANGE, FAILED = 1, 3
STDIN = "-"


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, allow_dash=True))
@click.option("--check", is_flag=True, help="Change nothing; exit 1 when something would change.")
@click.option("--diff", is_flag=True, help="Change nothing; print what would change.")
def fmt(paths: Sequence[str], check: bool, diff: bool) -> int:
    """Format the apps at PATHS: files, folders (searched for apps) or - for standard input.

    Keys come in the order of the language's schema, double quotes become single ones, blanks at the ends of lines go. Comments stay
    with what they stand above or beside. What the file means never changes.
    """
    if paths == (STDIN,):
        return _standard_input(check, diff)
    answers = [_file(path, write=not (check or diff), diff=diff) for name in paths or ["."] for path in files.apps_in(Path(name))]
    changed, broken = answers.count("changed"), answers.count("broken")
    verb = "would change" if check or diff else "changed"
    click.echo(f"{changed} of {len(answers)} files {verb}", err=diff)
    if broken:
        return FAILED
    return WOULD_CHANGE if changed and (check or diff) else 0


def _file(path: Path, *, write: bool, diff: bool) -> str:
    """Formats one file; whether it is 'changed', 'same' or 'broken'."""
    name = files.relative_name(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        click.echo(f"{name} can't be read: {problem}", err=True)
        return "broken"
    formatted = format_text(text.replace("\r\n", "\n"))
    if formatted is None:
        click.echo(f"{name} is no YAML that can be read: `hotmesh lint {name}` says why", err=True)
        return "broken"
    if formatted == text:
        return "same"
    _show(name, text, formatted, diff)
    if write:
        path.write_bytes(formatted.encode())
    return "changed"


def _show(name: str, before: str, after: str, diff: bool) -> None:
    if not diff:
        click.echo(name)
        return
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), name, f"{name} (formatted)")
    click.echo("".join(line if line.endswith("\n") else f"{line}\n" for line in lines), nl=False)


def _standard_input(check: bool, diff: bool) -> int:
    text = sys.stdin.read()
    formatted = format_text(text)
    if formatted is None:
        click.echo("standard input is no YAML that can be read: `hotmesh lint -` says why", err=True)
        return FAILED
    if diff:
        _show("<stdin>", text, formatted, diff=True)
    elif not check:
        click.echo(formatted, nl=False)
    return WOULD_CHANGE if formatted != text and (check or diff) else 0
