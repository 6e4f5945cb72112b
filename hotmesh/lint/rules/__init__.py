"""The table of rules. Each module has one idea: what its rules say (`RULES`), and the checks of an app and of a graph that find it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hotmesh.lint.context import AppContext, GraphContext
from hotmesh.lint.rules import conditions, language, payload_types, pipes, references, shape, signals, yaml_text
from hotmesh.lint.rules.rule import Rule

APP_CHECKS: Final[tuple[Callable[[AppContext], None], ...]] = (
    yaml_text.check_app,
    language.check_app,
    shape.check_app,
    signals.check_app,
    payload_types.check_app,
)
"""The checks of a whole app."""

GRAPH_CHECKS: Final[tuple[Callable[[GraphContext], None], ...]] = (
    language.check_graph,
    references.check_graph,
    pipes.check_graph,
    shape.check_graph,
    conditions.check_graph,
    signals.check_graph,
    payload_types.check_graph,
)
"""The checks of one graph."""

RULES: Final[dict[str, Rule]] = {
    rule.code: rule
    for rules in (
        yaml_text.RULES,
        language.RULES,
        references.RULES,
        pipes.RULES,
        shape.RULES,
        conditions.RULES,
        signals.RULES,
        payload_types.RULES,
    )
    for rule in sorted(rules, key=lambda rule: rule.code)
}
"""Every rule by its code."""


def apply(app: AppContext) -> None:
    """Runs all checks; the findings go to `app.findings`."""
    for check_app in APP_CHECKS:
        check_app(app)
    for graph in app.graphs:
        for check_graph in GRAPH_CHECKS:
            check_graph(graph)
