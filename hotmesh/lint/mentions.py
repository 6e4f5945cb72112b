"""The references in the templates of an app, each with the slot it stands in and the places of its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hotmesh.diagnostic import Span
from hotmesh.expr import Reference, parse_text
from hotmesh.lint.inside_scalars import part
from hotmesh.lint.slots import Slot
from hotmesh.source.nodes import Mapping, Node, Scalar, Sequence

_SEGMENT: Final = re.compile(r"""\.[^.\[\]{}]+|\[[^\[\]{}]+\]""")


@dataclass(frozen=True, slots=True, eq=False)
class Mention:
    """One reference; `in_reduce` when the body of an @reduce holds it, `whole` when it is the whole template of its slot."""

    slot: Slot
    node: Scalar
    root: str
    path: tuple[str, ...]
    in_reduce: bool

    @property
    def text(self) -> str:
        return self.node.text

    @property
    def root_span(self) -> Span:
        start = self.text.index(self.root)
        return part(self.node, start, start + len(self.root))

    def segment_span(self, number: int) -> Span:
        """The place of one segment of the path."""
        start = self.text.index(self.root) + len(self.root)
        for index, match in enumerate(_SEGMENT.finditer(self.text, start)):
            if index == number:
                dotted = match.group().startswith(".")
                return part(self.node, match.start() + 1, match.end() if dotted else match.end() - 1)
        return self.node.span

    @property
    def activity(self) -> str:
        """The id of the activity that is read, '' for `$job` and the like."""
        if self.root == "$self":
            return self.slot.owner
        return "" if self.root.startswith("$") else self.root


def mentions_in(slot: Slot) -> Iterator[Mention]:
    """The references of a template, in document order."""
    return _walk(slot, slot.node, in_reduce=False)


def _walk(slot: Slot, node: Node, *, in_reduce: bool) -> Iterator[Mention]:
    if isinstance(node, Scalar):
        parsed = parse_text(node.value) if isinstance(node.value, str) and node.value[:1] == "{" else None
        if isinstance(parsed, Reference):
            yield Mention(slot, node, parsed.root, parsed.path, in_reduce)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _walk(slot, item, in_reduce=in_reduce)
    elif isinstance(node, Mapping):
        for key, entry in node.entries.items():
            yield from _walk(slot, entry.value, in_reduce=in_reduce or key == "@reduce")
