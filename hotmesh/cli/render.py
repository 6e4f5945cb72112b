"""`hotmesh render`: the graphs of an app as a picture."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from pathlib import Path

import click

from hotmesh.cli.completions import complete_job
from hotmesh.cli.runs import run_of
from hotmesh.cli.target import Target, target_options
from hotmesh.compile import compile_app
from hotmesh.errors import RenderError
from hotmesh.graph.layout import Direction
from hotmesh.graph.render import FORMATS, SUFFIXES, Engine, Format, render
from hotmesh.lint.reports.report import Report
from hotmesh.lint.reports.text import write
from hotmesh.program import Program

FAILED = 1
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("render")
@click.argument("app", type=FILE, required=False)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write; its suffix names the format.")
@click.option("--format", "wanted", type=click.Choice(FORMATS), help="The format, when the suffix doesn't name it.")
@click.option("--graph", "topics", multiple=True, metavar="TOPIC", help="Only the graph that this topic starts; may be repeated.")
@click.option("--direction", type=click.Choice(["LR", "TB"]), default="LR", show_default=True, help="Left to right, or top to bottom.")
@click.option(
    "--job", "job_id", metavar="ID", shell_complete=complete_job, help="Lay a job's run over its graph; APP is its own version then."
)
@click.option("--diff", "old", type=FILE, help="An older version of the app: mark what was added, removed and changed since.")
@click.option(
    "--engine",
    type=click.Choice(["hotmesh", "graphviz"]),
    default="hotmesh",
    show_default=True,
    help="Who lays an SVG out. A PNG is always laid out by the `dot` program of Graphviz.",
)
@target_options
def render_command(
    app: Path | None,
    output: Path | None,
    wanted: Format | None,
    topics: tuple[str, ...],
    direction: Direction,
    job_id: str | None,
    old: Path | None,
    engine: Engine,
    target: Target,
) -> int:
    """Draw the graphs of the file APP, or the run of a job.

    Without -o the picture goes to standard output: as text on a terminal, as SVG elsewhere, unless --format says otherwise.

    \b
      hotmesh render app.yaml                            in box-drawing characters
      hotmesh render app.yaml -o app.svg                 light and dark, with tooltips
      hotmesh render app.yaml -o app.svg --diff old.yaml what has changed
      hotmesh render app.yaml --format mermaid           for a README
      hotmesh render --job order-456 -o run.svg          what a job did
    """
    format = _format(output, wanted)
    if engine == "graphviz" and format not in ("svg", "png"):
        raise click.UsageError(f"--engine graphviz lays out svg and png, not {format}")
    run = None if job_id is None else run_of(target, job_id)
    programs = [_compiled(path) for path in (app, old) if path is not None]
    if any(program is None for program in programs):
        return FAILED
    if run is not None and app is None:
        programs, topics = [run.program, *programs], topics or (run.overlay.topic,)
    if not programs or (old is not None and len(programs) == 1):
        raise click.UsageError("Which graphs? Name an app file, or a job with --job.")
    new, earlier = programs[0], programs[1] if old else None
    assert new is not None
    _check_topics(topics, [program for program in programs if program])
    unicode = output is not None or _speaks_unicode()
    picture = render(
        new, format, direction=direction, topics=topics or None, overlay=run and run.overlay, old=earlier, engine=engine, unicode=unicode
    )
    if output is None:
        click.echo(picture, nl=False)
    else:
        _write(output, picture)
    return 0


def _write(output: Path, picture: bytes) -> None:
    try:
        output.write_bytes(picture)
    except OSError as reason:
        raise RenderError(f"{output} can't be written: {reason.strerror}") from reason


def _format(output: Path | None, wanted: Format | None) -> Format:
    """The format that was asked for, by name or by suffix."""
    if wanted is None and output is not None:
        if output.suffix.lower() not in SUFFIXES:
            raise click.UsageError(f"the suffix of {output.name!r} names no format; use one of {', '.join(SUFFIXES)}, or --format")
        return SUFFIXES[output.suffix.lower()]
    format: Format = wanted or ("ascii" if sys.stdout.isatty() else "svg")
    if format == "png" and output is None and sys.stdout.isatty():
        raise click.UsageError("a terminal can't show a PNG; name a file with -o")
    return format


def _compiled(path: Path) -> Program | None:
    """The program of a file; None when it has errors, which are then on standard error."""
    compiled = compile_app(path.read_bytes(), file=path)
    if compiled.program is None:
        click.echo(write(Report((str(path),), compiled.diagnostics, compiled.texts)), err=True, nl=False)
    return compiled.program


def _check_topics(topics: tuple[str, ...], programs: list[Program]) -> None:
    known = list(dict.fromkeys(topic for program in programs for topic in program.graphs))
    for topic in topics:
        if topic not in known:
            close = get_close_matches(topic, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there is {', '.join(known)}"
            raise click.UsageError(f"no graph of the app is started by {topic!r}; {hint}")


def _speaks_unicode() -> bool:
    encoding = (sys.stdout.encoding or "").lower().replace("-", "").replace("_", "")
    return encoding.startswith("utf")
