"""S and V: the shape of the language and its older words. Most findings are those of the schema itself (`source.schema_checks`)."""

from __future__ import annotations

from typing import Final

from hotmesh.lint.context import AppContext, GraphContext
from hotmesh.lint.rules.rule import Rule
from hotmesh.source.nodes import Scalar, descend
from hotmesh.source.outline import OLD_KINDS, ActivityOutline, text_of

RULES: Final = (
    Rule("S101", "a key is unknown", "A misspelt key would do nothing, silently. Keys of your own begin with x-."),
    Rule("S102", "a key is missing", "The thing can't work without it."),
    Rule("S103", "an activity's type is unknown", "The types are trigger, worker, await, hook, signal, cycle and interrupt."),
    Rule("S104", "a word is none of those that may stand there", "The message lists them."),
    Rule("S105", "a value is of the wrong kind", "As a list where a text belongs, or a key without a value."),
    Rule("S106", "a text has the wrong form", "As an id with spaces or a topic with a blank."),
    Rule("S107", "a number or a length is out of range", "The message says what was expected."),
    Rule("S109", "a key stands one level too high", "`code`, `match` and `gate` belong inside `conditions`.", fixable=True),
    Rule("V101", "a version is no whole number", "Versions are counted: '1', '2', '3'."),
    Rule("V501", "a key has no effect here", "It is accepted so that files of older systems load; remove it when nothing else reads it."),
    Rule("V502", "a type has an old name", "`activity` is now called `hook`; it does the same.", fixable=True),
    Rule("V503", "a key has no effect without another one", "It waits for a partner that isn't there."),
)


def check_graph(graph: GraphContext) -> None:
    """Old names of types, and keys that wait for a partner."""
    for activity in graph.activities.values():
        kind = activity.node.get("type")
        if isinstance(kind, Scalar) and kind.value in OLD_KINDS:
            new = OLD_KINDS[kind.value]
            graph.findings.add("V502", kind, f"{kind.value} is the old name of {new}", help=f"write type: {new}")
        _partners(graph, activity)


_ALL_ONLY: Final = ("key_name", "key_value", "resolver", "scrub")


def _partners(graph: GraphContext, activity: ActivityOutline) -> None:
    node = activity.node
    if activity.kind == "signal" and text_of(node.get("subtype")) != "all":
        for key in _ALL_ONLY:
            _without(graph, activity, key, "subtype: all")
    if activity.kind == "interrupt" and "target" not in node.entries:
        _without(graph, activity, "topic", "target")
    if activity.kind == "hook" and activity.id not in graph.ruled:
        _without(graph, activity, "escalation", "a hook rule that wakes it")
        _without(graph, activity, "hook", "a hook rule that wakes it")


def _without(graph: GraphContext, activity: ActivityOutline, key: str, partner: str) -> None:
    if key in activity.node.entries:
        value = descend(activity.node, key)
        if not (isinstance(value, Scalar) and value.value is False):
            graph.findings.add("V503", activity.node.key(key), f"{activity.id}.{key} does nothing without {partner}")


def check_app(app: AppContext) -> None:
    """The text of `settings.validate`, which must be a boolean to turn anything off."""
    validate = descend(app.outline.node, "settings", "validate")
    if isinstance(validate, Scalar) and not isinstance(validate.value, bool):
        app.findings.add("V503", validate, "settings.validate is no boolean, so it turns nothing off", help="write validate: false")
