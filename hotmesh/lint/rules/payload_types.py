"""T: schemas of payloads, durations, and what else has a type that only its meaning tells."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Final

from hotmesh.duration import parse_duration
from hotmesh.lint.context import AppContext, GraphContext
from hotmesh.lint.rules.rule import Rule
from hotmesh.source.findings import did_you_mean
from hotmesh.source.nodes import Mapping, Node, Scalar, Sequence, descend
from hotmesh.source.outline import ActivityOutline
from hotmesh.source.payload_schemas import TYPES

RULES: Final = (
    Rule("T102", "a duration can't be read", "Write seconds, '1h30m', '5 minutes' or 'PT5M'."),
    Rule("T103", "a pattern in a schema is no regular expression", "No payload could be checked against it."),
    Rule(
        "T501", "`required` is true or false on a property", "JSON Schema lists required names beside `properties`; here it says nothing."
    ),
    Rule("T502", "a boolean is written as a text", "It is read as the boolean; without quotes it says what it means.", fixable=True),
    Rule("T505", "a schema has a type word that JSON Schema doesn't know", "It means no constraint: any value fits."),
    Rule("T506", "an activity's retries can outlast the job", "They take longer than `expire` keeps the finished job."),
    Rule("T507", "a required name is not among the properties", "Often one of the two is misspelt."),
)


def check_app(app: AppContext) -> None:
    """The JSON Schemas of an app, wherever they stand."""
    for schema in _schemas(app.outline.node):
        _words(app, schema)


def _schemas(node: Node) -> Iterator[Mapping]:
    """Every schema and part of a schema below a node."""
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            if key in ("schema", "hook") and isinstance(entry.value, Mapping):
                yield from _parts(entry.value)
            elif key not in ("maps", "settings"):
                yield from _schemas(entry.value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _schemas(item)


_NAMED: Final = ("properties", "patternProperties", "$defs", "definitions")


def _parts(schema: Mapping) -> Iterator[Mapping]:
    yield schema
    for key, entry in schema.entries.items():
        value = entry.value
        if key in ("const", "default", "enum", "examples"):
            continue
        if isinstance(value, Mapping):
            parts = [inner.value for inner in value.entries.values()] if key in _NAMED else [value]
        else:
            parts = value.items if isinstance(value, Sequence) else []
        for part in parts:
            if isinstance(part, Mapping):
                yield from _parts(part)


def _words(app: AppContext, schema: Mapping) -> None:
    kind = schema.get("type")
    for word in kind.items if isinstance(kind, Sequence) else [kind]:
        if isinstance(word, Scalar) and isinstance(word.value, str) and word.value not in TYPES:
            help = did_you_mean(word.value, TYPES)
            app.findings.add("T505", word, f"the type {word.value} is none of JSON Schema's, so it means no constraint", help=help)
    pattern = schema.get("pattern")
    if isinstance(pattern, Scalar) and isinstance(pattern.value, str):
        _pattern(app, pattern)
    _required(app, schema)


def _pattern(app: AppContext, node: Scalar) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(node.text)
    except (re.error, OverflowError, RecursionError) as problem:
        app.findings.add("T103", node, f"{node.text!r} is no regular expression: {problem}")


def _required(app: AppContext, schema: Mapping) -> None:
    required, properties = schema.get("required"), schema.get("properties")
    if not isinstance(required, Sequence) or not isinstance(properties, Mapping):
        return
    for name in required.items:
        if isinstance(name, Scalar) and isinstance(name.value, str) and name.value not in properties.entries:
            help = did_you_mean(name.value, properties.entries)
            app.findings.add("T507", name, f"{name.value} is required, but not among the properties", help=help)


def check_graph(graph: GraphContext) -> None:
    """Durations, and retries that outlast the job."""
    expire = graph.outline.node.get("expire")
    kept = _seconds(graph, expire, "expire")
    for activity in graph.activities.values():
        if activity.kind == "hook":
            _seconds(graph, activity.node.get("sleep"), f"{activity.id}.sleep")
        elif activity.kind == "interrupt":
            _seconds(graph, activity.node.get("expire"), f"{activity.id}.expire")
        if kept is not None and kept >= 0:
            _retries(graph, activity, kept)


def _seconds(graph: GraphContext, node: Node | None, name: str) -> float | None:
    """The seconds of a duration that is written out; a finding when it can't be read."""
    if not isinstance(node, Scalar) or isinstance(node.value, bool) or node.value is None or str(node.value).startswith("{"):
        return None
    if node.value == -1:
        return -1
    try:
        return parse_duration(node.value)
    except ValueError as problem:
        graph.findings.add("T102", node, f"{name} is no duration: {problem}")
        return None


_DELAYS_S: Final = (0.01, 0.1, 1.0)
_LATER_DELAY_S: Final = 10.0


def _retries(graph: GraphContext, activity: ActivityOutline, kept_s: float) -> None:
    retry = activity.node.get("retry")
    for code, entry in retry.entries.items() if isinstance(retry, Mapping) else ():
        count = descend(entry.value, 0) if isinstance(entry.value, Sequence) else entry.value
        if not isinstance(count, Scalar) or not isinstance(count.value, int):
            continue
        budget = sum(_DELAYS_S[: count.value]) + _LATER_DELAY_S * max(0, count.value - len(_DELAYS_S))
        if budget > kept_s:
            message = f"{count.value} retries of {activity.id} after {code} take {budget:,.0f} s, longer than expire ({kept_s:,.0f} s)"
            graph.findings.add("T506", count, message, help="lower the retries, or raise expire")
