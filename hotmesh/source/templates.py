"""The strings of a template that are references, and which activities they read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hotmesh.source.nodes import Node, Scalar, scalars

_ROOT = re.compile(r"\{\s*([^.\[\]{}@\s][^.\[\]{}\s]*)")


def is_reference(text: object) -> bool:
    """Whether a value is a reference `{…}`: neither a function `{@…}` nor the literal `{{…}}`."""
    return isinstance(text, str) and text.startswith("{") and text.endswith("}") and not text.startswith(("{{", "{@"))


def references(node: Node) -> Iterator[Scalar]:
    """Every scalar in a template that is a reference."""
    return (scalar for scalar in scalars(node) if is_reference(scalar.value))


def root_of(text: str) -> str:
    """The first segment of a reference, '' when it has none."""
    match = _ROOT.match(text)
    return match.group(1) if match else ""


def reads(node: Node, own_id: str) -> tuple[str, ...]:
    """The activities that a template reads, each once, in the order of their first mention; `$self` is `own_id`."""
    found: dict[str, None] = {}
    for scalar in references(node):
        root = root_of(scalar.text)
        if root == "$self":
            found[own_id] = None
        elif root and not root.startswith("$"):
            found[root] = None
    return tuple(found)
