"""Holds a document against schemas/app.schema.json, the language's one source of truth."""

from __future__ import annotations

from functools import cache

from hotmesh.source import files
from hotmesh.source.findings import Findings
from hotmesh.source.nodes import Node
from hotmesh.source.schema_checks import Check, Problem, SchemaChecks
from hotmesh.values import Json, loads


@cache
def app_schema() -> Json:
    """The JSON Schema of the language."""
    return loads(files.bundled("app.schema.json"))


@cache
def _app_check() -> Check:
    schema = app_schema()
    check = SchemaChecks(schema).check(schema)
    assert check is not None, "the language's schema constrains something"
    return check


def check(tree: Node, findings: Findings) -> None:
    """Notes what in a document doesn't fit the language."""
    problems: list[Problem] = []
    _app_check()(tree, None, problems)
    for problem in problems:
        findings.add(problem.code, problem.node, problem.message, help=problem.help)
