"""`hotmesh new`: a folder to begin with."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import click

from hotmesh.source.files import bundled

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
SCHEMA = "app.schema.json"
"""What editors check and complete app.yaml by."""

TEMPLATE = ("app.yaml", "workers.py", "test_app.py", "README.md")


@click.command()
@click.argument("name")
def new(name: str) -> None:
    """Make a folder NAME with an app, its workers and a test."""
    folder = Path(name)
    app_id = folder.name
    if not NAME.fullmatch(app_id) or app_id.lower() in ("hotmesh", "public"):
        raise click.UsageError(
            f"{app_id!r} can't be an app's id: a letter, then at most 62 letters, digits, - and _; not hotmesh or public."
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.UsageError(f"{folder} is there already; choose another name.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in TEMPLATE:
            text = files("hotmesh.cli").joinpath("template", f"{file}.txt").read_text(encoding="utf-8")
            (folder / file).write_text(text.replace("APP_ID", app_id).replace("TOPIC", app_id.lower()), encoding="utf-8")
        (folder / SCHEMA).write_bytes(bundled(SCHEMA))
    except OSError as error:
        raise click.ClickException(f"{folder} can't be written: {error.strerror}.") from error
    click.echo(f"Made {', '.join(str(folder / file) for file in TEMPLATE)}. Try it:\n")
    click.echo(f'  cd {folder}\n  hotmesh run app.yaml {app_id.lower()}.greet \'{{"name": "Ada"}}\' --workers workers.py')
