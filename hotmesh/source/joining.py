"""`$ref`: parts of this and of other files take the place of the map that names them.

A `#/…` inside a schema that points into that same schema stays, for it is JSON Schema's own. What is found in two places is shared,
not copied. Loops, missing targets, ways out of the app's folder and what would grow beyond all measure are findings.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from hotmesh.diagnostic import Related, Span
from hotmesh.source import files
from hotmesh.source.composing import MAX_ALIASED_NODES, MAX_DEPTH, compose
from hotmesh.source.findings import Findings, did_you_mean
from hotmesh.source.nodes import Entry, Mapping, Node, Scalar, Sequence, SourceText, describe

_SCHEMA_KEYS: Final = frozenset({"schema", "hook"})
"""The keys whose values are JSON Schemas."""


class _Stop(Exception):
    """Joining can't go on; the finding is noted."""


class _Settled(NamedTuple):
    """A node without references to other places, its height and the number of its nodes with all that it shares."""

    node: Node
    height: int
    size: int


@dataclass(frozen=True, slots=True)
class _Way:
    """How a node is reached: its depth in its file, and the schema it is part of."""

    depth: int
    schema: Node | None = None

    def below(self, key: str | None, value: Node) -> _Way:
        schema = value if self.schema is None and key in _SCHEMA_KEYS else self.schema
        return _Way(self.depth + 1, schema)


def join(tree: Node, root: Path | None, findings: Findings) -> Node | None:
    """The tree with its `$ref`s followed, None when that can't be done (and then there is a finding).

    `root` is the folder that no file may lie outside of; without one, other files can't be referred to.
    """
    if "$ref" not in tree.source.text:
        return tree
    joiner = _Joiner(tree, root, findings)
    try:
        return joiner.settle(tree, _Way(1)).node
    except _Stop:
        return None


class _Joiner:
    def __init__(self, tree: Node, root: Path | None, findings: Findings) -> None:
        self.root = root.resolve() if root is not None else None
        self.findings = findings
        self.trees: dict[Path | None, Node | None] = {self._path(tree.source): tree}
        self.settled: dict[int, _Settled] = {}
        self.under_way: dict[int, Span] = {}
        self.alive: list[Node] = []
        self.shared = 0

    def settle(self, node: Node, way: _Way) -> _Settled:
        if isinstance(node, Scalar):
            return _Settled(node, 0, 1)
        known = self.settled.get(id(node))
        if known is not None:
            return known
        if way.depth > MAX_DEPTH:
            self.stop("Y107", node, f"with its $refs the document is nested deeper than {MAX_DEPTH} levels")
        self.under_way[id(node)] = node.span
        result = self.reference(node, way) if isinstance(node, Mapping) and "$ref" in node.entries else self.contents(node, way)
        del self.under_way[id(node)]
        self.settled[id(node)] = result
        self.alive.append(node)  # so that no other node gets its id
        return result

    def contents(self, node: Mapping | Sequence, way: _Way) -> _Settled:
        height, size = 0, 1
        if isinstance(node, Mapping):
            for key, entry in node.entries.items():
                inner = self.settle(entry.value, way.below(key, entry.value))
                node.entries[key] = Entry(entry.key, inner.node)
                height, size = max(height, inner.height), size + inner.size
        else:
            for index, item in enumerate(node.items):
                inner = self.settle(item, way.below(None, item))
                node.items[index] = inner.node
                height, size = max(height, inner.height), size + inner.size
        return _Settled(node, height + 1, size)

    def reference(self, node: Mapping, way: _Way) -> _Settled:
        ref = node.get("$ref")
        if not isinstance(ref, Scalar) or not isinstance(ref.value, str):
            self.findings.add("Y124", ref or node, f"$ref names a file or a place, not {describe(ref or node)}")
            return self.contents(node, way)
        if way.schema is not None and ref.value.startswith("#") and _point(way.schema, ref.value[1:]) is not None:
            return self.contents(node, way)
        target = self.target(ref, way)
        if target is None:
            return _Settled(Mapping(node.source, node.start, node.end, {}, node.flow), 1, 1)
        return self.with_siblings(node, target, way)

    def target(self, ref: Scalar, way: _Way) -> _Settled | None:
        """What a `$ref` names, None when it names nothing."""
        name, _, pointer = ref.value.partition("#")
        tree = self.tree(name, ref)
        node = self.point(tree, pointer, way) if tree is not None else None
        if node is None:
            if tree is not None:
                self.missing(ref, tree, pointer)
            return None
        if id(node) in self.under_way:
            related = [Related(self.under_way[id(node)], "which contains this $ref")]
            self.findings.add("Y122", ref, f"{ref.value} leads back to itself", help="break the loop", related=related)
            return None
        whole = way.schema is not None and not pointer.strip("/") and bool(name)
        found = self.settle(node, _Way(way.depth, node if whole else None))
        self.measure(ref, found, way)
        return found

    def point(self, tree: Node, pointer: str, way: _Way) -> Node | None:
        """The node at a pointer; a `$ref` on the way there is followed."""
        node: Node | None = tree
        for segment in _segments(pointer):
            if isinstance(node, Mapping) and "$ref" in node.entries and segment not in node.entries and id(node) not in self.under_way:
                node = self.settle(node, way).node
            node = _step(node, segment)
        return node

    def tree(self, name: str, ref: Scalar) -> Node | None:
        """The tree of the file that a `$ref` names, the holder's own when it names none."""
        if not name:
            return self.trees.get(self._path(ref.source))
        path = self.allowed(name, ref)
        if path is None:
            return None
        if path not in self.trees:
            self.trees[path] = None
            self.trees[path] = self.load(path, ref)
        return self.trees[path]

    def allowed(self, name: str, ref: Scalar) -> Path | None:
        """The path that a `$ref` means, when it is inside the root."""
        if "://" in name:
            self.findings.add("Y124", ref, f"$ref follows files, not addresses: {name}", help="download it next to the app")
            return None
        if self.root is None:
            help = "give the compiler the app's file or root folder"
            self.findings.add("Y124", ref, f"{name} can't be found: this text comes from no file", help=help)
            return None
        path = ((ref.source.path or self.root / "app").resolve().parent / name).resolve()
        if not path.is_relative_to(self.root):
            related = [Related(Span(files.relative_name(path)), "the file it names")]
            self.findings.add("Y123", ref, f"{name} leaves the app's folder {files.relative_name(self.root)}", related=related)
            return None
        return path

    def load(self, path: Path, ref: Scalar) -> Node | None:
        shown = files.relative_name(path)
        if not path.is_file():
            related = [Related(Span(shown), "the file it names")]
            names = sorted(item.name for item in path.parent.iterdir()) if path.parent.is_dir() else []
            help = did_you_mean(path.name, names)
            self.findings.add("Y121", ref, f"there is no file {shown}", help=help, related=related)
            return None
        source = files.read(path, shown, self.findings)
        return compose(source, self.findings) if source is not None else None

    def missing(self, ref: Scalar, tree: Node, pointer: str) -> None:
        known = _keys_where_it_breaks(tree, pointer)
        help = did_you_mean(pointer.rpartition("/")[2], known)
        related = [Related(tree.span, "where it was looked for")]
        self.findings.add("Y121", ref, f"{tree.source.file} has nothing at #{pointer}", help=help, related=related)

    def measure(self, ref: Scalar, found: _Settled, way: _Way) -> None:
        self.shared += found.size
        if way.depth + found.height > MAX_DEPTH:
            self.stop("Y107", ref, f"with its $refs the document is nested deeper than {MAX_DEPTH} levels")
        if self.shared > 10 * MAX_ALIASED_NODES:
            self.stop("Y110", ref, f"$refs multiply the document to more than {10 * MAX_ALIASED_NODES:,} nodes")

    def with_siblings(self, node: Mapping, target: _Settled, way: _Way) -> _Settled:
        """The target; keys beside the `$ref` are added to a map and win over its own."""
        del node.entries["$ref"]
        if not node.entries or not isinstance(target.node, Mapping):
            return target
        own = self.contents(node, way)
        node.entries = {**target.node.entries, **node.entries}
        return _Settled(node, max(own.height, target.height), own.size + target.size)

    def stop(self, code: str, node: Node, message: str) -> None:
        self.findings.add(code, node, message)
        raise _Stop

    @staticmethod
    def _path(source: SourceText) -> Path | None:
        return source.path.resolve() if source.path is not None else None


def _segments(pointer: str) -> list[str]:
    return [segment.replace("~1", "/").replace("~0", "~") for segment in pointer.strip("/").split("/")] if pointer.strip("/") else []


def _point(tree: Node, pointer: str) -> Node | None:
    """The node at a JSON pointer."""
    node: Node | None = tree
    for segment in _segments(pointer):
        node = _step(node, segment)
    return node


def _step(node: Node | None, segment: str) -> Node | None:
    if isinstance(node, Mapping):
        return node.get(segment)
    if isinstance(node, Sequence) and segment.isdecimal() and len(segment) < 10 and int(segment) < len(node.items):
        return node.items[int(segment)]
    return None


def _keys_where_it_breaks(tree: Node, pointer: str) -> list[str]:
    node: Node = tree
    for segment in _segments(pointer):
        following = _step(node, segment)
        if following is None:
            break
        node = following
    return list(node.entries) if isinstance(node, Mapping) else []
