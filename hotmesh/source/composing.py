"""Text to nodes: YAML events become a tree; duplicate keys, unknown tags, alias bombs and deep nesting become findings.

The events come from libyaml when the package ruamel.yaml.clib is there, else from ruamel.yaml's own parser, which is nine times slower;
both give the same places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final, NoReturn

from hotmesh.diagnostic import Related, Span
from hotmesh.source.findings import Findings
from hotmesh.source.nodes import Entry, Mapping, Node, Place, Scalar, Sequence, SourceText
from hotmesh.source.scalar_values import TAGS, plain_value, tagged_value
from hotmesh.values import loads

MAX_DEPTH: Final = 100
_ODD_BREAKS: Final = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
_SURROGATE_PAIR: Final = re.compile(r"((?<!\\)(?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_FORBIDDEN: Final = re.compile("[\x00\ud800-\udfff]")
MAX_NODES: Final = 500_000
"""Enough for 10,000 activities; more would take seconds and gigabytes."""

MAX_ALIASED_NODES: Final = 100_000


class _Stop(Exception):
    """The document can't be read any further; the finding is noted."""


def compose(source: SourceText, findings: Findings) -> Node | None:
    """The tree of a text, None when it is empty or broken (and then there is a finding)."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    odd = _ODD_BREAKS.search(source.text)
    if odd is not None:
        message = f"U+{ord(odd.group()):04X} breaks a line for some YAML readers and not for others"
        findings.add("Y103", _point(source, odd.start()), message, help=f'write "\\u{ord(odd.group()):04x}" in double quotes, or remove it')
        return None
    source = _with_yaml_escapes(source)
    composer = _Composer(source, findings)
    try:
        return composer.document(_events(source.text))
    except _Stop:
        return None
    except MarkedYAMLError as problem:
        _note_syntax(problem, source, findings)
    except YAMLError as problem:
        _note_character(problem, source, findings)
    return None


def _with_yaml_escapes(source: SourceText) -> SourceText:
    """JSON may write a character as two escapes, which YAML doesn't know; in a JSON text they become one."""
    if _SURROGATE_PAIR.search(source.text) is None or not _is_json(source.text):
        return source
    return replace(source, text=_SURROGATE_PAIR.sub(_one_escape, source.text))


def _one_escape(match: re.Match[str]) -> str:
    high, low = int(match.group(2), 16), int(match.group(3), 16)
    return f"{match.group(1)}\\U{0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00:08x}"


def _is_json(text: str) -> bool:
    try:
        loads(text)
    except ValueError:
        return False
    return True


def _events(text: str) -> Iterator[Any]:
    try:
        from _ruamel_yaml import CParser  # type: ignore[import-not-found]
    except ImportError:
        from ruamel.yaml import YAML

        yield from YAML(typ="safe", pure=True).parse(text)
        return
    parser = CParser(text)
    while parser.check_event():
        yield parser.get_event()


def _place(mark: Any) -> Place:
    return Place(mark.line, mark.column, mark.index)


class _Composer:
    def __init__(self, source: SourceText, findings: Findings) -> None:
        self.source = source
        self.findings = findings
        self.anchors: dict[str, Node] = {}
        self.count = 0
        self.aliased = 0
        self.last_end = Place(0, 0, 0)
        self.next_event: Callable[[], Any] = lambda: None

    def document(self, events: Iterator[Any]) -> Node | None:
        self.next_event = events.__next__
        self.next_event()  # the start of the stream
        if type(self.next_event()).__name__ == "StreamEndEvent":
            self.findings.add("Y104", Span(self.source.file), f"{self.source.file} is empty", help="`hotmesh new NAME` writes a first app")
            return None
        root = self.node(self.next_event(), 1)
        self.next_event()
        second = self.next_event()
        if type(second).__name__ != "StreamEndEvent":
            self.stop("Y105", second, "a second document begins here; an app is one document", help="keep one file per app")
        return root

    def node(self, event: Any, depth: int) -> Node:
        self.count += 1
        if self.count > MAX_NODES:
            self.stop("Y102", event, f"the document has more than {MAX_NODES:,} values", help="split the app")
        name = type(event).__name__
        if name == "ScalarEvent":
            node: Node = self.scalar(event)
        elif name == "AliasEvent":
            return self.alias(event, depth)
        elif depth > MAX_DEPTH:
            self.stop("Y107", event, f"the document is nested deeper than {MAX_DEPTH} levels")
        elif name == "MappingStartEvent":
            node = self.mapping(event, depth)
        else:
            node = self.sequence(event, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def scalar(self, event: Any) -> Scalar:
        style = event.style or ""
        tag = self.tag(event, Scalar)
        value = self.tagged(event, tag) if tag is not None else self.untagged(event)
        if style == '"' and (forbidden := _FORBIDDEN.search(event.value)):
            self.findings.add("Y103", self.span(event), f"U+{ord(forbidden.group()):04X} can't be part of a text")
        self.last_end = self.leaf_end(event)
        return Scalar(self.source, _place(event.start_mark), self.last_end, event.value, value, style)

    def tag(self, event: Any, kind: type[Node]) -> str | None:
        """The explicit tag of an event, None when there is none or a collection has the one of its kind."""
        if event.tag is None:
            return None
        tag = str(event.tag)
        wanted = TAGS.get(tag, Node)
        shape = Mapping if wanted is dict else Sequence if wanted is list else Scalar
        if tag not in TAGS or shape is not kind:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            self.findings.add("Y108", self.span(event), f"the tag {shown} means nothing here", help="remove it; values are plain JSON")
            return None
        return tag

    def untagged(self, event: Any) -> Any:
        return plain_value(event.value) if event.implicit[0] and not event.style else event.value

    def tagged(self, event: Any, tag: str) -> Any:
        try:
            return tagged_value(event.value, tag)
        except ValueError:
            word = tag.rpartition(":")[2]
            self.findings.add("Y108", self.span(event), f"{event.value!r} is tagged !!{word}, and it is none")
            return event.value

    def alias(self, event: Any, depth: int) -> Node:
        anchored = self.anchors.get(event.anchor)
        span = self.span(event)
        self.last_end = _place(event.end_mark)
        if anchored is None:
            self.stop("Y109", event, f"the alias *{event.anchor} has no anchor &{event.anchor} before it")
        via = (Related(span, f"reached through the alias *{event.anchor}"),)
        return self.copy(anchored, via, span, depth)

    def copy(self, node: Node, via: tuple[Related, ...], span: Span, depth: int) -> Node:
        """A copy of an anchored node that knows its alias."""
        self.aliased += 1
        if depth > MAX_DEPTH and not isinstance(node, Scalar):
            self.findings.add("Y107", span, f"with this alias the document is nested deeper than {MAX_DEPTH} levels")
            raise _Stop
        if self.aliased > MAX_ALIASED_NODES:
            self.findings.add("Y110", span, f"aliases multiply the document to more than {MAX_ALIASED_NODES:,} nodes")
            raise _Stop
        chain = (*node.via, *via)
        if isinstance(node, Scalar):
            return Scalar(node.source, node.start, node.end, node.text, node.value, node.style, chain)
        if isinstance(node, Sequence):
            return Sequence(node.source, node.start, node.end, [self.copy(item, via, span, depth + 1) for item in node.items], chain)
        entries = {key: Entry(entry.key, self.copy(entry.value, via, span, depth + 1)) for key, entry in node.entries.items()}
        return Mapping(node.source, node.start, node.end, entries, node.flow, chain)

    def sequence(self, event: Any, depth: int) -> Sequence:
        self.tag(event, Sequence)
        items: list[Node] = []
        while type(following := self.next_event()).__name__ != "SequenceEndEvent":
            items.append(self.node(following, depth + 1))
        return Sequence(self.source, _place(event.start_mark), self.collection_end(event, following), items)

    def mapping(self, event: Any, depth: int) -> Mapping:
        self.tag(event, Mapping)
        entries: dict[str, Entry] = {}
        merges: list[tuple[Scalar, Node]] = []
        while type(following := self.next_event()).__name__ != "MappingEndEvent":
            key = self.key(following, depth)
            value = self.node(self.next_event(), depth + 1)
            if key.text == "<<" and not key.style:
                merges.append((key, value))
            else:
                self.enter(entries, key, value)
        for key, merged in merges:
            self.merge(entries, key, merged)
        end = self.collection_end(event, following)
        return Mapping(self.source, _place(event.start_mark), end, entries, bool(event.flow_style))

    def key(self, event: Any, depth: int) -> Scalar:
        node = self.node(event, depth + 1)
        if not isinstance(node, Scalar):
            self.stop("Y111", event, "a key must be a text, and this is a list or a map", help="quote it: '{a.output.data.x}'")
        return node

    def enter(self, entries: dict[str, Entry], key: Scalar, value: Node) -> None:
        first = entries.get(key.text)
        if first is None:
            entries[key.text] = Entry(key, value)
            return
        related = [Related(first.key.span, "first defined here")]
        self.findings.add("Y106", key, f"the key {key.text} stands twice in one map", help="remove or rename one of them", related=related)

    def merge(self, entries: dict[str, Entry], key: Scalar, value: Node) -> None:
        """Adds the keys of a `<<` that the map lacks; of several maps the earlier wins."""
        for source in value.items if isinstance(value, Sequence) else [value]:
            if not isinstance(source, Mapping):
                self.findings.add("Y112", key, "<< merges maps, and this is none", help="write <<: *anchor of a map")
                return
            for name, entry in source.entries.items():
                entries.setdefault(name, entry)

    def collection_end(self, opening: Any, closing: Any) -> Place:
        """Where a collection ends: at its bracket, or with its last value (libyaml says: where the next token begins)."""
        if opening.flow_style:
            self.last_end = _place(closing.end_mark)
        return self.last_end

    def leaf_end(self, event: Any) -> Place:
        """Where a scalar ends; a block scalar with its last letter (libyaml says: where the next token begins)."""
        end = _place(event.end_mark)
        if getattr(event, "style", None) not in ("|", ">"):
            return end
        text, index, line = self.source.text, end.offset, end.line
        while index > event.start_mark.index and text[index - 1] in " \t\r\n":
            index -= 1
            line -= text[index] == "\n"
        return Place(line, index - (text.rfind("\n", 0, index) + 1), index)

    def span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        return Span(self.source.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    def stop(self, code: str, event: Any, message: str, help: str | None = None) -> NoReturn:
        self.findings.add(code, self.span(event), message, help=help)
        raise _Stop


def _note_syntax(problem: Any, source: SourceText, findings: Findings) -> None:
    mark = problem.problem_mark or problem.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    related = []
    if problem.context and problem.context_mark is not None:
        at = (problem.context_mark.line + 1, problem.context_mark.column + 1)
        place = Span(source.file, *at, *at)
        related = [Related(place, problem.context)]
    reason = problem.problem or problem.context or "it breaks off"
    character = source.text[mark.index : mark.index + 1] if mark is not None else ""
    help = next((help for words, help in _REMEDIES if words in reason), None) or _CHARACTERS.get(character)
    findings.add("Y113", Span(source.file, line, column, line, column + 1), f"this is no YAML: {reason}", help=help, related=related)


_REMEDIES: Final = (
    ("mapping values are not allowed", "quote a text that contains ': ', or check the indentation"),
    ("could not find expected ':'", "write key: value"),
    ("did not find expected key", "check the indentation: the keys of a map begin in one column"),
    ("did not find expected '-' indicator", "check the indentation: the items of a list begin in one column"),
    ("did not find expected ',' or", "close the bracket, or put a comma between the items"),
    ("unexpected end of stream", "close the quote"),
    ("found unknown escape character", "use single quotes, or write the backslash twice"),
)
"""What to do, by the words of the parser."""

_CHARACTERS: Final = {
    "@": "put the text in quotes: '{@domain.function}'",
    "`": "put the text in quotes",
    "%": "put the text in quotes",
    "\t": "indent with spaces, not tabs",
}
"""What to do, by the character that stopped the parser."""


def _note_character(problem: Any, source: SourceText, findings: Findings) -> None:
    """A character that YAML doesn't allow; the position is an index into the text."""
    reason = getattr(problem, "reason", None) or str(problem)
    findings.add("Y103", _point(source, getattr(problem, "position", 0) or 0), f"this is no YAML: {reason}")


def _point(source: SourceText, offset: int) -> Span:
    """The span of one character."""
    line = source.text.count("\n", 0, offset) + 1
    column = min(offset, len(source.text)) - (source.text.rfind("\n", 0, offset) + 1) + 1
    return Span(source.file, line, column, line, column + 1)
