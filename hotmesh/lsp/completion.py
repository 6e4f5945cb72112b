"""What can be typed next inside `{…}`, and after `to:` and `ancestor:`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hotmesh.expr import DOMAINS
from hotmesh.lint.context import GraphContext
from hotmesh.lint.payloads import lead, types_of
from hotmesh.lint.rules.references import ACTIVITY_METADATA, JOB_METADATA
from hotmesh.lsp.cursor import Typed, key_path, typed_reference
from hotmesh.lsp.document import Document

Kind = Literal["activity", "section", "field", "variable", "domain", "function"]


@dataclass(frozen=True, slots=True)
class Item:
    """A proposal that replaces what is typed from `column` on."""

    label: str
    kind: Kind
    column: int
    detail: str = ""
    documentation: str = ""


def complete(document: Document, line: int, column: int) -> list[Item]:
    """The proposals at a position (from 0)."""
    graph = document.graph_at(line)
    if graph is None:
        return []
    text = document.line(line)[:column]
    target = re.search(r"(?:^|[\s{,-])(?:to|ancestor):\s*([\w-]*)$", text)
    if target is not None:
        return [Item(id, "activity", target.start(1), activity.kind) for id, activity in graph.activities.items()]
    typed = typed_reference(document.line(line), column)
    return list(_inside(graph, typed, key_path(document.text, line))) if typed is not None else []


def _inside(graph: GraphContext, typed: Typed, path: list[str]) -> Iterator[Item]:
    if typed.prefix.startswith("@"):
        yield from _functions(typed)
        return
    place = _Place(graph, path)
    if not typed.segments:
        yield from place.roots(typed)
    else:
        for label, kind, detail in place.following(typed.segments):
            yield Item(label, kind, typed.word_column, detail)


def _functions(typed: Typed) -> Iterator[Item]:
    if not typed.segments:
        for domain, functions in DOMAINS.items():
            yield Item(f"@{domain}", "domain", typed.column, f"{len(functions)} functions")
        return
    for function in DOMAINS.get(typed.segments[0].removeprefix("@"), ()):
        name = function.full_name.partition(".")[2]
        yield Item(name, "function", typed.word_column, f"({function.signature}) → {function.returns}", function.summary)


class _Place:
    """Where a reference is typed: in which activity's template, by the keys above it."""

    def __init__(self, graph: GraphContext, path: list[str]) -> None:
        self.graph = graph
        self.path = path
        self.owner = self._owner()

    def _owner(self) -> str:
        """The activity that will read: the one whose maps these are, or whose edge."""
        for section in ("activities", "transitions"):
            if section in self.path[:-1]:
                return self.path[self.path.index(section) + 1]
        return ""

    def roots(self, typed: Typed) -> Iterator[Item]:
        if "hooks" in self.path and "actual" in self.path:
            yield Item("$hook", "variable", typed.column, "the incoming signal")
            return
        for activity_id in self._visible():
            activity = self.graph.activities[activity_id]
            yield Item(activity_id, "activity", typed.column, activity.kind)
        yield Item("$self", "variable", typed.column, "the current activity")
        yield Item("$job", "variable", typed.column, "the job's data and metadata")
        bound = ("$output", "$item", "$key", "$index", "$input") if "@reduce" in self.path else self._foreach()
        for name in bound:
            yield Item(name, "variable", typed.column, "bound here")

    def _visible(self) -> list[str]:
        """The activities on the path of the owner; all of them where there is none."""
        shape = self.graph.shape
        if self.owner not in shape.position:
            return list(self.graph.activities)
        return [*shape.ancestors[self.owner], self.owner]

    def _foreach(self) -> tuple[str, ...]:
        path = {self.owner, *self.graph.dominators(self.owner)}
        return ("$item", "$index") if path & self.graph.entered_by_foreach else ()

    def following(self, segments: list[str]) -> Iterator[tuple[str, Kind, str]]:
        """What may follow the segments that are typed."""
        root, *rest = segments
        if root in ("$job", "$hook"):
            yield from self._of_special(root, rest)
            return
        activity_id = self.owner if root == "$self" else root
        activity = self.graph.activities.get(activity_id)
        if activity is None:
            return
        if not rest:
            sections = ("output", "hook", "input") if activity.kind == "hook" else ("output", "input")
            yield from ((section, "section", "") for section in sections)
        elif len(rest) == 1:
            yield from (("data", "section", "what it holds"), ("metadata", "section", "how and when"))
        elif rest[1] == "metadata":
            yield from ((name, "field", "") for name in ACTIVITY_METADATA) if len(rest) == 2 else ()
        else:
            yield from _fields(self.graph.schema(activity_id, rest[0]), rest[2:])

    def _of_special(self, root: str, rest: list[str]) -> Iterator[tuple[str, Kind, str]]:
        if not rest:
            yield from (("data", "section", ""), ("metadata", "section", ""))
        elif rest == ["metadata"] and root == "$job":
            yield from ((name, "field", "") for name in JOB_METADATA)
        elif rest == ["data"] and root == "$job":
            yield from ((name, "field", "job data") for name in sorted(self.graph.job_fields or ()))
        elif rest[0] == "data" and root == "$hook":
            hooks = [activity_id for activity_id in self.graph.ruled if activity_id in self.graph.activities]
            for activity_id in hooks:
                yield from _fields(self.graph.schema(activity_id, "hook"), rest[1:])


def _fields(schema: object, path: list[str]) -> Iterator[tuple[str, Kind, str]]:
    """The properties at a path of a schema, with their types and descriptions."""
    found = lead(schema, tuple(segment.rstrip("]") for segment in path)).schema
    properties = found.get("properties") if isinstance(found, dict) else None
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        described = str(inner.get("description", "")) if isinstance(inner, dict) else ""
        yield name, "field", " · ".join(part for part in ("/".join(sorted(types_of(inner))), described) if part)
