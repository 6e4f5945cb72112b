"""`hotmesh pipe`: evaluate an @pipe against data, watch it row by row, look a function up."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from hotmesh.expr import Finding, TracedRow, check, evaluate_pipe, to_json, trace_pipe
from hotmesh.values import UNDEFINED, Json

FAILED = 1


def _show_help(ctx: click.Context, _parameter: click.Parameter, topic: str | None) -> None:
    if topic is None or ctx.resilient_parsing:
        return
    if topic:
        from hotmesh.expr.reference import explain

        click.echo(explain(topic) or _no_topic(topic))
    else:
        click.echo(ctx.get_help())
    ctx.exit()


def _no_topic(topic: str) -> str:
    from hotmesh.expr.suggestions import nearest
    from hotmesh.expr.syntax import FunctionName

    domain, _, name = topic.rpartition(".")
    close = nearest(FunctionName(domain, name))
    hint = f"Did you mean '{close}'?" if close else "'hotmesh pipe --help functions' lists them all."
    raise click.UsageError(f"There is no function '{topic}'. {hint}")


@click.command(context_settings={"help_option_names": []})
@click.argument("rows", required=False)
@click.option("--with", "data", metavar="FILE", help="The data that {x.y} reads: a JSON file, - for standard input, or JSON itself.")
@click.option("--trace", is_flag=True, help="Show what every row comes to.")
@click.option("--now", metavar="DATE", help="The moment that date and cron functions see; now unless given.")
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of math.random.")
@click.option(
    "-h", "--help", "topic", is_flag=False, flag_value="", is_eager=True, expose_value=False, callback=_show_help, metavar="[FUNCTION]",
    help="Show this page, or explain a function, a domain, or all 'functions'.",
)  # fmt: skip
def pipe(rows: str | None, data: str | None, trace: bool, now: str | None, seed: int) -> int:
    """Evaluate the pipe ROWS, a JSON list of rows, and print its value as JSON.

    \b
    hotmesh pipe '[["{user.name}", 0], ["{@string.charAt}"]]' --with user.json
    hotmesh pipe --help string.padStart

    ROWS may be - for standard input. Exit codes: 0 done, 1 the pipe failed, 2 wrong usage.
    """
    if rows is None:
        raise click.UsageError('Which pipe? Write its rows as JSON: hotmesh pipe \'[["a b", " "], ["{@string.split}"]]\'.')
    if rows == data == "-":
        raise click.UsageError("The rows and the data can't both come from standard input.")
    parsed = _rows(_json(sys.stdin.read() if rows == "-" else rows, "The rows"))
    values, moment = _data(data), _moment(now)
    if findings := [finding for finding in check({"@pipe": parsed}) if finding.is_error]:
        _report(findings)
        return FAILED
    if trace:
        _print_trace(trace_pipe(parsed, values, now=moment, seed=seed))
    _print_value(evaluate_pipe(parsed, values, now=moment, seed=seed))
    return 0


def _json(text: str, what: str) -> Json:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise click.UsageError(f"{what} are no JSON: {error.msg[:1].lower()}{error.msg[1:]} at {place}.") from None
    except RecursionError:
        raise click.UsageError(f"{what} are nested too deep.") from None


def _rows(parsed: Json) -> Json:
    rows = parsed["@pipe"] if isinstance(parsed, dict) and set(parsed) == {"@pipe"} else parsed
    if not isinstance(rows, list):
        raise click.UsageError('The rows must be a JSON list of rows, as [["a b", " "], ["{@string.split}"]].')
    return rows


def _data(source: str | None) -> dict[str, Json]:
    if source is None:
        return {}
    data = _json(_text_of(source), "The data")
    if not isinstance(data, dict):
        raise click.UsageError("The data must be a JSON map: {x.y} reads y in its member x.")
    return data


def _text_of(source: str) -> str:
    if source == "-":
        return sys.stdin.read()
    if source.lstrip().startswith("{"):
        return source
    try:
        return Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise click.UsageError(f"The data file '{source}' can't be read: {reason}.") from None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--now '{text}' is no date; write it as 2023-04-23T01:02:03Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _report(findings: Iterable[Finding]) -> None:
    for finding in findings:
        place = _place(finding.path)
        click.echo(f"{click.style('Error', fg='red')}: {finding.message}{f' ({place})' if place else ''}", err=True)
        if finding.help:
            click.echo(f"  help: {finding.help}", err=True)


def _place(path: tuple[str | int, ...]) -> str:
    """'row 1, cell 0', and ' › ' before the place in an inner pipe."""
    words: list[str] = []
    for before, key in zip(("", *path), path, strict=False):
        if before in ("@pipe", "@reduce"):
            words.append(f"{' › ' if words else ''}row {key}")
        elif isinstance(key, int):
            words.append(f", cell {key}")
    return "".join(words)


def _print_trace(rows: Iterable[TracedRow]) -> None:
    for number, traced in enumerate(rows):
        click.echo(f"{click.style(f'row {number}', bold=True)}  {json.dumps(traced.row, ensure_ascii=False)}")
        if traced.error is None:
            click.echo(f"       = {', '.join(map(_shown, traced.values))}")


def _shown(value: Any) -> str:
    """A value on one line, also those that JSON lacks."""
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return json.dumps(to_json(value), ensure_ascii=False)


def _print_value(value: Any) -> None:
    click.echo(json.dumps(to_json(value), indent=2, ensure_ascii=False))
    if value is UNDEFINED or (isinstance(value, float) and not math.isfinite(value)):
        click.echo(f"The value is {_shown(value)}, which JSON writes as null.", err=True)
