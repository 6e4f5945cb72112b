"""Where activities and topics are named in a file: for going to definitions, renaming and hovering."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hotmesh.diagnostic import Span
from hotmesh.lint.context import GraphContext
from hotmesh.lint.mentions import Mention
from hotmesh.lsp.document import Document
from hotmesh.source.nodes import Node, Scalar
from hotmesh.source.outline import text_of

Role = Literal["definition", "use"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """One place where an activity is named."""

    graph: GraphContext
    activity_id: str
    span: Span
    role: Role
    mention: Mention | None = None


def symbols(document: Document) -> Iterator[Symbol]:
    """Every place in the file where an activity is named. Nothing while the text can't be read, for places would be off."""
    if document.app is None or not document.readable:
        return
    for graph in document.app.graphs:
        seen: set[Span] = set()
        for symbol in _of_graph(graph):
            if symbol.span.file == document.name and symbol.span not in seen:
                seen.add(symbol.span)
                yield symbol


def _of_graph(graph: GraphContext) -> Iterator[Symbol]:
    for activity in graph.activities.values():
        yield Symbol(graph, activity.id, _bare(activity.key), "definition")
        ancestor = activity.node.get("ancestor")
        if isinstance(ancestor, Scalar) and text_of(ancestor):
            yield Symbol(graph, text_of(ancestor), _bare(ancestor), "use")
    for edge in graph.outline.edges:
        yield Symbol(graph, edge.source, _bare(edge.key), "use")
        yield Symbol(graph, edge.target, _bare(edge.to), "use")
    for rule in graph.outline.rules:
        yield Symbol(graph, rule.target, _bare(rule.to), "use")
    for mention in graph.mentions:
        if not mention.root.startswith("$"):
            yield Symbol(graph, mention.root, mention.root_span, "use", mention)


def _bare(node: Scalar) -> Span:
    """The span of a scalar without its quotes."""
    span = node.span
    if node.style not in ("'", '"'):
        return span
    return Span(span.file, span.line, span.column + 1, span.end_line, span.end_column - 1)


def holds(span: Span, line: int, column: int) -> bool:
    """Whether a span of one line holds a position (from 0); its end counts, for there the cursor stands after typing."""
    return span.line - 1 == line and span.column - 1 <= column <= span.end_column - 1


def symbol_at(document: Document, line: int, column: int) -> Symbol | None:
    """The activity that is named at a position."""
    return next((symbol for symbol in symbols(document) if holds(symbol.span, line, column)), None)


def definition(document: Document, line: int, column: int) -> Span | None:
    """Where what is named at a position is defined: an activity, the graph an await starts, the hook rule of a signal's topic."""
    symbol = symbol_at(document, line, column)
    if symbol is not None:
        activity = symbol.graph.activities.get(symbol.activity_id)
        return activity.key.span if activity is not None else None
    return _topic(document, line, column)


def _topic(document: Document, line: int, column: int) -> Span | None:
    app = document.app
    for graph in app.graphs if app is not None and document.readable else ():
        for activity in graph.activities.values():
            topic = activity.node.get("topic")
            if topic is None or app is None or topic.span.file != document.name or not holds(topic.span, line, column):
                continue
            if activity.kind == "await" and text_of(topic) in app.by_topic:
                return _span(app.by_topic[text_of(topic)].outline.node.get("subscribes"))
            if activity.kind == "signal" and text_of(topic) in app.hook_topics:
                return app.hook_topics[text_of(topic)].key.span
    return None


def _span(node: Node | None) -> Span | None:
    return node.span if node is not None else None


def same_activity(document: Document, line: int, column: int) -> list[Span]:
    """Every place in the file that names the activity at a position."""
    here = symbol_at(document, line, column)
    if here is None or here.activity_id not in here.graph.activities:
        return []
    return [each.span for each in symbols(document) if each.graph is here.graph and each.activity_id == here.activity_id]
