"""A YAML document as a tree of nodes, each with its exact place; aliases and merge keys are resolved, nothing else is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

from hotmesh.diagnostic import Related, Span
from hotmesh.values import Json


@dataclass(frozen=True, slots=True, eq=False)
class SourceText:
    """A text and the name that messages call it by; `path` is None for a text that is no file."""

    file: str
    text: str
    path: Path | None = None


class Place(NamedTuple):
    """A point of a text: line and column count from 0, `offset` in characters from the start."""

    line: int
    column: int
    offset: int


class _Node:
    __slots__ = ("end", "source", "start", "via")

    def __init__(self, source: SourceText, start: Place, end: Place, via: tuple[Related, ...] = ()) -> None:
        self.source = source
        self.start = start
        self.end = end
        self.via = via
        """The aliases through which this copy is reached."""

    @property
    def span(self) -> Span:
        return Span(self.source.file, self.start.line + 1, self.start.column + 1, self.end.line + 1, self.end.column + 1)


class Scalar(_Node):
    """A text, number, boolean or null. `style` is `'`, `"`, `|`, `>` or '' for a plain one."""

    __slots__ = ("style", "text", "value")

    def __init__(
        self, source: SourceText, start: Place, end: Place, text: str, value: Json, style: str, via: tuple[Related, ...] = ()
    ) -> None:
        super().__init__(source, start, end, via)
        self.text = text
        self.value = value
        self.style = style


class Sequence(_Node):
    """A list."""

    __slots__ = ("items",)

    def __init__(self, source: SourceText, start: Place, end: Place, items: list[Node], via: tuple[Related, ...] = ()) -> None:
        super().__init__(source, start, end, via)
        self.items = items


class Mapping(_Node):
    """A map. Keys are texts, as in JSON: the key `500` is '500'."""

    __slots__ = ("entries", "flow")

    def __init__(
        self,
        source: SourceText,
        start: Place,
        end: Place,
        entries: dict[str, Entry],
        flow: bool = False,
        via: tuple[Related, ...] = (),
    ) -> None:
        super().__init__(source, start, end, via)
        self.entries = entries
        self.flow = flow

    def get(self, key: str) -> Node | None:
        entry = self.entries.get(key)
        return entry.value if entry is not None else None

    def key(self, key: str) -> Scalar:
        """The node of a key that is there."""
        return self.entries[key].key


Node: TypeAlias = Scalar | Sequence | Mapping


class Entry(NamedTuple):
    key: Scalar
    value: Node


def to_json(node: Node) -> Json:
    """The plain value of a node."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping):
        return {key: to_json(entry.value) for key, entry in node.entries.items()}
    return [to_json(item) for item in node.items]


def descend(node: Node | None, *keys: str | int) -> Node | None:
    """The node at the end of a path of keys and indexes, None where the path breaks off."""
    for key in keys:
        if isinstance(node, Mapping) and isinstance(key, str):
            node = node.get(key)
        elif isinstance(node, Sequence) and isinstance(key, int) and key < len(node.items):
            node = node.items[key]
        else:
            return None
    return node


def children(node: Node) -> Iterator[Node]:
    """The values directly inside a node."""
    if isinstance(node, Mapping):
        for entry in node.entries.values():
            yield entry.value
    elif isinstance(node, Sequence):
        yield from node.items


def scalars(node: Node) -> list[Scalar]:
    """Every scalar value in a node, in document order."""
    found: list[Scalar] = []
    waiting: list[Node] = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Scalar):
            found.append(current)
        elif isinstance(current, Mapping):
            waiting += [entry.value for entry in reversed(current.entries.values())]
        else:
            waiting += reversed(current.items)
    return found


def describe(node: Node) -> str:
    """What a node is, in the words of a message: 'a list', 'the text "x"'."""
    if isinstance(node, Mapping):
        return "a map"
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node.value, str):
        shown = node.value if len(node.value) <= 40 else node.value[:37] + "…"
        return f"the text {shown!r}"
    if node.value is None:
        return "nothing (null)"
    return f"the {'boolean' if isinstance(node.value, bool) else 'number'} {node.text}"
