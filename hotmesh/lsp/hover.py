"""What is shown when the mouse rests on a name: an activity with its schema, a path with its type, a function with its signature."""

from __future__ import annotations

import json
from dataclasses import dataclass

from hotmesh.diagnostic import Span
from hotmesh.expr import FUNCTIONS, Function
from hotmesh.lint.context import GraphContext
from hotmesh.lint.mentions import Mention
from hotmesh.lint.payloads import lead
from hotmesh.lsp.cursor import function_at
from hotmesh.lsp.document import Document
from hotmesh.lsp.symbols import holds, symbol_at
from hotmesh.source.checking import app_schema
from hotmesh.source.outline import text_of
from hotmesh.values import Json


@dataclass(frozen=True, slots=True)
class Hover:
    """Markdown and the place it is about."""

    markdown: str
    span: Span


def hover(document: Document, line: int, column: int) -> Hover | None:
    """What there is to say of a position (from 0)."""
    named = function_at(document.line(line), column)
    if named is not None and named[0] in FUNCTIONS:
        name, start, end = named
        return Hover(_function(FUNCTIONS[name]), Span(document.name, line + 1, start + 1, line + 1, end + 1))
    symbol = symbol_at(document, line, column)
    if symbol is not None and symbol.activity_id in symbol.graph.activities:
        return Hover(_activity(symbol.graph, symbol.activity_id), symbol.span)
    return _path(document, line, column)


def _function(function: Function) -> str:
    return f"```\n{function.full_name}({function.signature}) → {function.returns}\n```\n{function.summary}"


def _activity(graph: GraphContext, activity_id: str) -> str:
    activity = graph.activities[activity_id]
    described = app_schema()["$defs"].get(activity.kind, {}).get("description", "")
    lines = [f"**{activity_id}** · {activity.kind or 'unknown type'}", text_of(activity.node.get("title")), described]
    schema = graph.schema(activity_id, "output")
    if schema is not None:
        lines.append(f"output:\n{_schema(schema)}")
    return "\n\n".join(line for line in lines if line)


def _schema(schema: Json) -> str:
    return f"```json\n{json.dumps(schema, indent=2, ensure_ascii=False)[:2000]}\n```"


def _path(document: Document, line: int, column: int) -> Hover | None:
    """The schema of the segment under the cursor."""
    for graph in document.app.graphs if document.app is not None and document.readable else ():
        for mention in graph.mentions:
            for number in range(len(mention.path)) if mention.node.start.line <= line <= mention.node.end.line else ():
                span = mention.segment_span(number)
                if span.file == document.name and holds(span, line, column):
                    return _segment(graph, mention, number, span)
    return None


def _segment(graph: GraphContext, mention: Mention, number: int, span: Span) -> Hover | None:
    shown = ".".join([mention.root, *mention.path[: number + 1]])
    if number < 2 or mention.path[1] != "data" or not mention.activity:
        return Hover(f"`{{{shown}}}`", span)
    found = lead(graph.schema(mention.activity, mention.path[0]), mention.path[2 : number + 1])
    return Hover(f"`{{{shown}}}`\n\n{_schema(found.schema)}" if found.schema is not None else f"`{{{shown}}}`", span)
