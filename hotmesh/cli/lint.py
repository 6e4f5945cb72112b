"""`hotmesh lint`: finds what is wrong in apps, says it in one of six formats, and mends what is safe to mend."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

import click

from hotmesh.compile import Compiled, compile_app
from hotmesh.diagnostic import Diagnostic, Span
from hotmesh.lint import fixes, reports
from hotmesh.lint.reports import Report
from hotmesh.source import files
from hotmesh.source.findings import severity_of

FOUND = 1
STDIN = "-"
LOOK_S = 0.3
"""Seconds between two looks at the files under --watch."""


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, allow_dash=True))
@click.option(
    "--format", "style", type=click.Choice(list(reports.WRITERS)), default="text", show_default=True, help="How findings are written."
)
@click.option("--select", multiple=True, metavar="CODES", help="Only these codes or families, as R203,G.")
@click.option("--ignore", multiple=True, metavar="CODES", help="Not these codes or families.")
@click.option("--fix", is_flag=True, help="Mend what is safe to mend.")
@click.option("--watch", is_flag=True, help="Lint again whenever a file changes, until Ctrl-C.")
@click.pass_context
def lint(ctx: click.Context, paths: Sequence[str], style: str, select: Sequence[str], ignore: Sequence[str], fix: bool, watch: bool) -> int:
    """Find what is wrong in the apps at PATHS: files, folders (searched for apps) or - for standard input.

    Without PATHS, the folder you are in. A comment `# hotmesh: ignore[R203]` silences a line.
    Exit codes: 0 clean, 1 findings, 2 wrong usage, 3 failure.
    """
    wanted = Selection(_codes(select), _codes(ignore))
    color = sys.stdout.isatty() if ctx.color is None else ctx.color

    def once() -> int:
        report = examine(paths or ["."], wanted, fix=fix, color=color)
        click.echo(reports.write(report, style), nl=False, color=color)
        return FOUND if report.diagnostics else 0

    if watch and STDIN in paths:
        raise click.UsageError("Standard input can't be watched.")
    if watch:
        return _watch(paths or ["."], once)
    return once()


def _codes(values: Sequence[str]) -> tuple[str, ...]:
    """The codes of an option that may be given several times, each with several codes."""
    from hotmesh.lint.rules import RULES

    codes = tuple(code.strip().upper() for value in values for code in value.split(",") if code.strip())
    for code in codes:
        if not any(known.startswith(code) for known in RULES):
            raise click.UsageError(f"There is no rule {code}. 'hotmesh rule' lists them.")
    return codes


class Selection:
    """Which findings are wanted: those of `select` (all when it is empty) without those of `ignore`; codes or their beginnings."""

    def __init__(self, select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> None:
        self.select = select
        self.ignore = ignore

    def takes(self, found: Diagnostic) -> bool:
        return (not self.select or found.code.startswith(self.select)) and not (self.ignore and found.code.startswith(self.ignore))


def examine(paths: Sequence[str], wanted: Selection, *, fix: bool = False, color: bool = False) -> Report:
    """Lints files, folders and standard input, after mending when `fix` is set."""
    compiled: dict[str, Compiled] = {}
    searched: set[str] = set()
    for path, found in _targets(paths):
        name = "<stdin>" if path is None else files.relative_name(path)
        compiled[name] = _standard_input() if path is None else _file(path, wanted if fix else None)
        if found:
            searched.add(name)
    parts = {text for name, each in compiled.items() for text in each.texts if text != name}
    whole = {name: each for name, each in compiled.items() if name not in parts & searched}
    diagnostics = dict.fromkeys(found for each in whole.values() for found in each.diagnostics if wanted.takes(found))
    texts = {name: text for each in whole.values() for name, text in each.texts.items()}
    return Report(tuple(whole), tuple(diagnostics), texts, color)


def _targets(paths: Sequence[str]) -> Iterator[tuple[Path | None, bool]]:
    """The files to lint, None for standard input, and whether a folder was searched for them: then a file that another one brings
    in by `$ref` is part of that app, and none of its own. Raises UsageError when a folder holds no app."""
    for path in paths:
        if path == STDIN:
            yield None, False
            continue
        apps = files.apps_in(Path(path))
        if not apps:
            raise click.UsageError(f"There is no app in {path}: no YAML file begins with app:, or holds subscribes: and activities:.")
        for app in apps:
            yield app, app != Path(path)


def _standard_input() -> Compiled:
    return compile_app(sys.stdin.buffer.read(), file="<stdin>", root=".")


def _file(path: Path, mend: Selection | None) -> Compiled:
    try:
        compiled = compile_app(path.read_bytes(), file=path)
    except OSError as problem:
        name = files.relative_name(path)
        message = f"{name} can't be read: {problem.strerror or problem}"
        return Compiled(None, (Diagnostic("Y101", severity_of("Y101"), Span(name), message),))
    return compiled if mend is None else _mended(path, compiled, mend)


def _mended(path: Path, compiled: Compiled, mend: Selection) -> Compiled:
    """Mends round by round; a round that doesn't lessen the findings is taken back."""
    name = files.relative_name(path)
    text = before = compiled.texts.get(name, "")
    while changes := fixes.edits([found for found in compiled.diagnostics if found.file == name and mend.takes(found)], text):
        changed = fixes.apply(changes, text)
        again = compile_app(changed, file=path)
        if len(again.diagnostics) >= len(compiled.diagnostics):
            break
        text, compiled = changed, again
    if text != before:
        path.write_bytes(text.encode())
    return compiled


def _watch(paths: Sequence[str], once: Callable[[], int]) -> int:
    """Lints, and again after each change, until Ctrl-C."""
    seen, never = None, Event()
    try:
        while True:
            now = _stamps(paths)
            if now != seen:
                if sys.stdout.isatty():
                    click.clear()
                seen = now
                once()
            never.wait(LOOK_S)
    except KeyboardInterrupt:
        return 0


def _stamps(paths: Sequence[str]) -> dict[Path, int]:
    """When each file below the paths last changed; files that `$ref` might name count too."""
    stamps: dict[Path, int] = {}
    for path in map(Path, paths):
        folder = path if path.is_dir() else path.parent
        for file in sorted(folder.rglob("*")):
            if file.suffix in (".yaml", ".yml", ".json") and file.is_file():
                stamps[file] = file.stat().st_mtime_ns
    return stamps
