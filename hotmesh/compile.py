"""Text to program: the whole pipeline of the compiler on one screen.

It never raises for a user's mistake: `compile_app` returns what it found, with places, and a program when nothing of it is an error.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from pathlib import Path

from hotmesh.diagnostic import Diagnostic
from hotmesh.lint import ignoring, rules
from hotmesh.lint.context import AppContext
from hotmesh.program import Program
from hotmesh.source import files
from hotmesh.source.checking import check
from hotmesh.source.composing import compose
from hotmesh.source.findings import Findings
from hotmesh.source.freezing import freeze
from hotmesh.source.joining import join
from hotmesh.source.nodes import Mapping, Scalar, describe
from hotmesh.source.outline import AppOutline, outline
from hotmesh.source.shape import shape_of


@dataclass(frozen=True, slots=True)
class Compiled:
    """What came of a text: the program, None when a finding is an error, and all findings in the order of the source."""

    program: Program | None
    diagnostics: tuple[Diagnostic, ...]
    texts: MappingABC[str, str] = field(default_factory=dict)
    """The files that were read, by the names that findings use."""


def compile_app(
    text: str | bytes, *, file: str | Path | None = None, root: str | Path | None = None, app_id: str | None = None
) -> Compiled:
    """Compiles the text of an app, or its bytes in UTF-8.

    `file` is where it was read from (messages name it, `$ref` starts there); `root` is the folder that no `$ref` may leave, by default
    the file's. `app_id` is the id for a text that is one graph without `app:`.
    """
    path = Path(file) if file is not None else None
    findings = Findings()
    program = _compile(text, path, _root(path, root), app_id, findings)
    audible = ignoring.audible(findings.sorted(), findings.texts)
    failed = any(finding.is_error for finding in audible)
    return Compiled(None if failed else program, audible, findings.texts)


def _compile(text: str | bytes, path: Path | None, root: Path | None, app_id: str | None, findings: Findings) -> Program | None:
    app = analyse(text, path, root, findings)
    if app is None or findings.are_fatal:
        return None
    return freeze(app.outline, app.shapes, _app_id(app.outline, app_id), _version(app.outline))


def analyse(text: str | bytes, path: Path | None, root: Path | None, findings: Findings) -> AppContext | None:
    """What the rules see of a text, after all of them have run; None when it can't be read as an app."""
    source = files.given(text, path, findings)
    tree = compose(source, findings) if source is not None else None
    tree = join(tree, root, findings) if tree is not None else None
    if not isinstance(tree, Mapping):
        if tree is not None:
            findings.add("Y114", tree, f"an app is a map, not {describe(tree)}", help="begin with app:, or with subscribes:")
        return None
    check(tree, findings)
    outlined = outline(tree)
    app = AppContext(outlined, [shape_of(graph) for graph in outlined.graphs], findings, tree)
    rules.apply(app)
    return app


def _root(path: Path | None, root: str | Path | None) -> Path | None:
    """The folder of the app: the given one, else that of its file."""
    if root is not None:
        return Path(root)
    return path.resolve().parent if path is not None else None


def _app_id(app: AppOutline, given: str | None) -> str:
    node = app.node.get("id")
    return str(node.value) if isinstance(node, Scalar) else given or "app"


def _version(app: AppOutline) -> str:
    node = app.node.get("version")
    return str(node.value) if isinstance(node, Scalar) else "1"
