"""The one way to write an app: keys in the order of the language's schema, single quotes, no stray blanks. Comments stay.

It moves and replaces stretches of the text and never writes a value anew, so that whatever it doesn't understand stays as it is. What
comes out means the same, or the text is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hotmesh.source.checking import app_schema
from hotmesh.source.composing import compose
from hotmesh.source.findings import Findings
from hotmesh.source.nodes import Mapping, Node, Scalar, Sequence, SourceText, children, to_json
from hotmesh.source.schema_checks import SchemaChecks
from hotmesh.values import Json

_MOST_PASSES: Final = 20
"""Maps inside maps are ordered from the outermost to the innermost, so as many passes as there are levels."""


def format_text(text: str) -> str | None:
    """The text in its formatted form, None when it is no YAML that can be read."""
    tree = _tree(text)
    if tree is None:
        return None
    candidates = [_tidy(_requoted(_ordered(text))), _tidy(_requoted(text))]
    meaning = to_json(tree)
    return next((each for each in candidates if _means(each, meaning)), text)


def _tree(text: str) -> Node | None:
    findings = Findings()
    tree = compose(SourceText("<app>", text), findings)
    return None if findings.are_fatal else tree


def _means(text: str, meaning: Json) -> bool:
    tree = _tree(text)
    return tree is not None and repr(_sorted(to_json(tree))) == repr(_sorted(meaning))


def _sorted(value: Json) -> Json:
    """A value whose maps are in one order; `repr` then tells 1 from 1.0 and True, and knows NaN."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


# ---- the order of keys


def _ordered(text: str) -> str:
    for _ in range(_MOST_PASSES):
        tree = _tree(text)
        changed = _order_once(text, tree) if tree is not None else text
        if changed == text:
            break
        text = changed
    return text


def _order_once(text: str, tree: Node) -> str:
    """Orders the outermost maps that need it."""
    for start, end, replacement in sorted(_edits(text, tree), reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def _edits(text: str, tree: Node) -> Iterator[tuple[int, int, str]]:
    """The edits that order maps; none lies inside of another."""
    checks = SchemaChecks(app_schema())
    waiting: list[tuple[Node, Json]] = [(tree, app_schema())]
    while waiting:
        node, form = waiting.pop()
        form = _form(checks, node, form)
        if isinstance(node, Sequence):
            waiting += [(item, form.get("items", {})) for item in node.items]
        elif isinstance(node, Mapping):
            edit = _reorder(text, node, _wanted(list(node.entries), list(form.get("properties", {}))))
            if edit is None:
                waiting += [(entry.value, _inner(form, key)) for key, entry in node.entries.items()]
            else:
                yield edit


def _form(checks: SchemaChecks, node: Node, schema: Json) -> dict[str, Json]:
    """The schema that describes a node, its references and choices followed; empty when its keys have no order."""
    resolved = checks.resolve(schema)
    if not isinstance(resolved, dict):
        return {}
    if "if" in resolved:
        return _form(checks, node, resolved["then"] if checks.passes(resolved["if"])(node) else resolved.get("else", {}))
    if "oneOf" in resolved and isinstance(node, Mapping):
        kind = node.get("type")
        word = kind.value if isinstance(kind, Scalar) else None
        return next((form for form in map(checks.resolve, resolved["oneOf"]) if word in _kinds(form)), {})
    return {} if "anyOf" in resolved else resolved


def _kinds(form: dict[str, Json]) -> list[Json]:
    kind = form["properties"]["type"]
    return list(kind["enum"]) if "enum" in kind else [kind["const"]]


def _inner(form: dict[str, Json], key: str) -> Json:
    """The schema of a key's value."""
    if key in form.get("properties", {}):
        return form["properties"][key]
    patterns = form.get("patternProperties", {})
    return next((schema for pattern, schema in patterns.items() if re.search(pattern, key)), form.get("additionalProperties", {}))


def _wanted(keys: list[str], order: list[str]) -> list[str]:
    """The keys in order; a key that the order doesn't know stays behind the one it followed."""
    groups: list[list[str]] = [[]]
    for key in keys:
        if key in order:
            groups.append([key])
        else:
            groups[-1].append(key)
    ranked = sorted(groups[1:], key=lambda group: order.index(group[0]))
    return [key for group in [groups[0], *ranked] for key in group]


def _is_plain(node: Mapping) -> bool:
    """Whether a map stands in the text just as it is in the tree: no alias leads to it, nothing is merged into it."""
    inside = all(node.start.offset <= entry.key.start.offset <= node.end.offset for entry in node.entries.values())
    return inside and not node.via and not any(entry.key.via or entry.key.source is not node.source for entry in node.entries.values())


def _reorder(text: str, node: Mapping, keys: list[str]) -> tuple[int, int, str] | None:
    """The edit that puts the keys of a map in order, None where there is none or it can't be made."""
    if keys == list(node.entries) or not _is_plain(node):
        return None
    if re.search(r"^\s*<<\s*:", text[node.start.offset : node.end.offset], re.MULTILINE):
        return None
    return _reorder_flow(text, node, keys) if node.flow else _reorder_block(text, node, keys)


def _reorder_flow(text: str, node: Mapping, keys: list[str]) -> tuple[int, int, str] | None:
    """`{b: 1, a: 2}`: the entries change places, what stands between them stays."""
    places = [(entry.key.start.offset, max(entry.key.end.offset, entry.value.end.offset)) for entry in node.entries.values()]
    if "#" in text[node.start.offset : node.end.offset]:
        return None
    pieces = {key: text[start:end] for key, (start, end) in zip(node.entries, places, strict=True)}
    written, at = "", node.start.offset
    for key, (start, end) in zip(keys, places, strict=True):
        written += text[at:start] + pieces[key]
        at = end
    return node.start.offset, at, written


def _reorder_block(text: str, node: Mapping, keys: list[str]) -> tuple[int, int, str] | None:
    lines = text.splitlines(keepends=True)
    if not text.endswith("\n"):
        lines[-1] += "\n"
    blocks = _Blocks(lines, node)
    written = blocks.arranged(keys)
    if written is None:
        return None
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    return offsets[blocks.start], min(offsets[blocks.end], len(text)), written


class _Blocks:
    """The entries of a block map as stretches of lines, each with the comments above it. Blank lines belong to the places between."""

    def __init__(self, lines: list[str], node: Mapping) -> None:
        self.lines = lines
        self.entries = list(node.entries.items())
        self.column = self.entries[0][1].key.start.column
        first = self.entries[0][1].key.start
        self.prefix = lines[first.line][: first.column]
        self.begins = [self._begin(number) for number in range(len(self.entries))]
        self.start = self.begins[0]
        self.end = self._end()

    def _begin(self, number: int) -> int:
        """The first line of an entry: that of its key, or of the comments right above it."""
        line = self.entries[number][1].key.start.line
        above = self.entries[number - 1][1].value.end.line if number else -1
        first_of_file = not number and not self.column
        if first_of_file or (not number and self.prefix.strip()):
            return line
        while line - 1 > above and self._is_comment(line - 1):
            line -= 1
        return line

    def _is_comment(self, line: int) -> bool:
        text = self.lines[line]
        return text[: self.column].strip() == "" and text[self.column : self.column + 1] == "#"

    def _end(self) -> int:
        """The line after the last entry and the deeper comments that follow it."""
        last = self.entries[-1][1]
        line = max(last.key.end.line, last.value.end.line) + 1
        while line < len(self.lines) and re.match(rf"\s{{{self.column + 1},}}#", self.lines[line]):
            line += 1
        return line

    def arranged(self, keys: list[str]) -> str | None:
        """The lines with the entries in another order, None when a comment would lose its place."""
        ends = [*self.begins[1:], self.end]
        stretches = {key: self.lines[start:end] for (key, _), start, end in zip(self.entries, self.begins, ends, strict=True)}
        gaps = [self._blanks(stretches[key]) for key, _ in self.entries]
        inline = bool(self.prefix.strip())
        if inline:
            first = stretches[self.entries[0][0]]
            first[0] = " " * self.column + first[0][self.column :]
            if stretches[keys[0]][0].lstrip().startswith("#"):
                return None
        written = [line for key, gap in zip(keys, gaps, strict=True) for line in [*stretches[key], *gap]]
        if inline:
            written[0] = self.prefix + written[0][self.column :]
        return "".join(written)

    @staticmethod
    def _blanks(stretch: list[str]) -> list[str]:
        """Takes the blank lines off the end of a stretch."""
        blanks: list[str] = []
        while stretch and not stretch[-1].strip():
            blanks.insert(0, stretch.pop())
        return blanks


# ---- quotes and blanks


def _requoted(text: str) -> str:
    """Double quotes become single ones where they say the same."""
    tree = _tree(text)
    found = sorted(_double_quoted(tree), reverse=True) if tree is not None else []
    for start, end in found:
        if text[start] == '"' and text[end - 1] == '"':
            text = f"{text[:start]}'{text[start + 1 : end - 1]}'{text[end:]}"
    return text


def _double_quoted(node: Node) -> Iterator[tuple[int, int]]:
    own = [node] if isinstance(node, Scalar) else []
    keys = [entry.key for entry in node.entries.values()] if isinstance(node, Mapping) else []
    for scalar in (*own, *keys):
        start, end = scalar.start.offset, scalar.end.offset
        raw = scalar.source.text[start:end]
        if scalar.style == '"' and not scalar.via and raw == f'"{scalar.text}"' and "'" not in raw and "\n" not in raw:
            yield start, end
    for child in children(node):
        yield from _double_quoted(child)


def _tidy(text: str) -> str:
    """No blanks at the ends of lines, no two blank lines in a row, one newline at the end; texts over several lines stay."""
    tree = _tree(text)
    kept = {line for start, end in _long_scalars(tree) for line in range(start, end + 1)} if tree is not None else set()
    written: list[str] = []
    for number, line in enumerate(text.split("\n")):
        tidied = line if number in kept else line.rstrip()
        if tidied or number in kept or (written and written[-1]):
            written.append(tidied)
    return "\n".join(written).rstrip("\n") + "\n"


def _long_scalars(node: Node) -> Iterator[tuple[int, int]]:
    if isinstance(node, Scalar) and node.end.line > node.start.line:
        yield node.start.line, node.end.line
    for child in children(node):
        yield from _long_scalars(child)
