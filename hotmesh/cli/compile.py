"""`hotmesh compile`: the compiled program of an app, as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hotmesh.compile import compile_app
from hotmesh.lint.reports.report import Report
from hotmesh.lint.reports.text import write

FAILED = 1


@click.command("compile")
@click.argument("app", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--digest", is_flag=True, help="Print only the digest: equal for two apps that mean the same.")
def compile_command(app: Path, digest: bool) -> int:
    """Compile the file APP and print the program as JSON; findings go to standard error."""
    compiled = compile_app(app.read_bytes(), file=app)
    if compiled.diagnostics:
        report = Report((str(app),), compiled.diagnostics, compiled.texts)
        click.echo(write(report), err=True, nl=False)
    if compiled.program is None:
        return FAILED
    text = compiled.program.digest if digest else json.dumps(compiled.program.to_json(), indent=2, ensure_ascii=False)
    click.echo(text)
    return 0
