"""JSON Schema compiled to functions over nodes: the words of 2020-12 that schemas/app.schema.json uses, and no others.

A general validator says whether a document is valid; people need one sentence for each cause, with its place. So the schema's own words
make the messages: `title` says what was expected, `x-code` gives a finding its own code, `x-misplaced` says where a key belongs,
`deprecated` marks what is accepted without effect.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from hotmesh.source.findings import did_you_mean, is_warning, nearest, one_of
from hotmesh.source.nodes import Mapping, Node, Scalar, Sequence, describe, to_json
from hotmesh.values import Json

KEYWORDS: Final = frozenset({
    "$ref", "if", "then", "else", "not", "anyOf", "oneOf", "type", "enum", "const", "pattern", "minLength", "minimum", "maximum",
    "exclusiveMinimum", "minItems", "items", "required", "properties", "patternProperties", "additionalProperties", "minProperties",
    "propertyNames", "deprecated",
})  # fmt: skip
"""The words that constrain; a test holds the schema to them."""


class At(NamedTuple):
    """Where a node stands: the key in the map above, or the index in the list above."""

    above: At | None
    key: str | int
    node: Scalar | None = None


class Problem(NamedTuple):
    """One thing that doesn't fit; `subject` is the node that was checked, `node` the one to point at."""

    code: str
    node: Node
    message: str
    subject: Node
    help: str | None = None


Check: TypeAlias = Callable[[Node, At | None, list[Problem]], None]


def label(at: At | None) -> str:
    """The name of a place: `checkInventory.input.maps`, `transitions.a1[0]`, `the app`."""
    keys: list[str | int] = []
    while at is not None:
        keys.insert(0, at.key)
        at = at.above
    if keys[:2] == ["app", "graphs"] and len(keys) > 2:
        keys = keys[3:] or [f"graph {int(keys[2]) + 1}"]
    if keys[:1] == ["activities"] and len(keys) > 1:
        keys = keys[1:]
    if not keys:
        return "the document"
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
    return "the app" if text == "app" else text


class SchemaChecks:
    """A schema document and the checks made of its parts, each made once."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self._by_ref: dict[str, Check] = {}

    def resolve(self, schema: Json) -> Json:
        """The schema that a `$ref` names, or the schema itself; words beside the `$ref` win."""
        if not isinstance(schema, dict) or "$ref" not in schema:
            return schema
        target = self.resolve(self.document["$defs"][schema["$ref"].rpartition("/")[2]])
        return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}

    def check(self, schema: Json) -> Check | None:
        """The function that checks a node, None when there is nothing to check."""
        if schema is True:
            return None
        if "$ref" in schema:
            return self._reference(schema["$ref"])
        steps = [make(self, schema) for words, make in _MAKERS if any(word in schema for word in words)]
        if not steps:
            return None
        made = steps[0] if len(steps) == 1 else partial(_all, steps)
        return partial(_coded, made, schema["x-code"], schema.get("description", "")) if "x-code" in schema else made

    def passes(self, schema: Json) -> Callable[[Node], bool]:
        """Whether a node fits."""
        if "not" in schema:
            inner = self.passes(schema["not"])
            return lambda node: not inner(node)
        check = self.check(schema)
        return lambda node: check is None or not _problems(check, node, None)

    def title(self, schema: Json) -> str:
        return str(self.resolve(schema).get("title", "another value")) if isinstance(schema, dict) else "anything"

    def _reference(self, name: str) -> Check:
        if name not in self._by_ref:
            made: list[Check | None] = []
            self._by_ref[name] = partial(_later, made)
            made.append(self.check(self.document["$defs"][name.rpartition("/")[2]]))
        return self._by_ref[name]


def _later(made: list[Check | None], node: Node, at: At | None, found: list[Problem]) -> None:
    if made[0] is not None:
        made[0](node, at, found)


def _coded(made: Check, code: str, description: str, node: Node, at: At | None, found: list[Problem]) -> None:
    """A check with a code of its own: an error's stands for what is wrong with the node, a warning's notes that the node fits."""
    trial: list[Problem] = []
    made(node, at, trial)
    if not trial and is_warning(code):
        found.append(Problem(code, node, f"{label(at)} is {describe(node)}: {description}", node))
    renamed = not is_warning(code)
    found.extend(problem._replace(code=code) if renamed and problem.subject is node else problem for problem in trial)


def _problems(check: Check, node: Node, at: At | None) -> list[Problem]:
    found: list[Problem] = []
    check(node, at, found)
    return [problem for problem in found if not is_warning(problem.code)]


def _all(steps: list[Check], node: Node, at: At | None, found: list[Problem]) -> None:
    """The steps in a row, up to the first that finds something wrong with the node itself."""
    for step in steps:
        before = len(found)
        step(node, at, found)
        if any(problem.subject is node for problem in found[before:]):
            return


def unexpected(code: str, node: Node, at: At | None, wanted: str) -> Problem:
    empty = isinstance(node, Scalar) and not node.text and not node.style
    pointed = at.node if empty and at is not None and at.node is not None else node
    help = "give it a value, or remove the key" if empty else None
    return Problem(code, pointed, f"{label(at)} is {describe(node)}, expected {wanted}", node, help)


def _named(at: At | None, title: str) -> str:
    """A place with what it is: `w1 (a worker)`."""
    name = label(at)
    return name if title.split(" ", 1)[-1] in name else f"{name} ({title})"


_TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer()),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "null": lambda value: value is None,
}


def is_type(node: Node, name: str) -> bool:
    """Whether a node is of a JSON type."""
    if isinstance(node, Mapping):
        return name == "object"
    if isinstance(node, Sequence):
        return name == "array"
    return name in _TYPES and _TYPES[name](node.value)


def _type(checks: SchemaChecks, schema: Json) -> Check:
    wanted, title = schema["type"], checks.title(schema)
    if wanted == "object" and not title.startswith(("a ", "an ")):
        title = "a map"

    def check(node: Node, at: At | None, found: list[Problem]) -> None:
        if not is_type(node, wanted):
            found.append(unexpected("S105", node, at, title))

    return check


def _words(checks: SchemaChecks, schema: Json) -> Check:
    choices = schema["enum"] if "enum" in schema else [schema["const"]]
    wanted = one_of(str(choice) for choice in choices)

    def check(node: Node, at: At | None, found: list[Problem]) -> None:
        value = to_json(node) if isinstance(node, Scalar) else None
        if not any(type(value) is type(choice) and value == choice for choice in choices):
            text = node.text if isinstance(node, Scalar) else ""
            found.append(unexpected("S104", node, at, wanted)._replace(help=did_you_mean(text, map(str, choices))))

    return check


def _text(checks: SchemaChecks, schema: Json) -> Check:
    pattern = re.compile(re.sub(r"\$$", r"\\Z", schema.get("pattern", "")))
    shortest, title = schema.get("minLength", 0), checks.title(schema)

    def check(node: Node, at: At | None, found: list[Problem]) -> None:
        text = node.value if isinstance(node, Scalar) else None
        if isinstance(text, str) and (len(text) < shortest or not pattern.search(text)):
            found.append(unexpected("S106", node, at, title))

    return check


def _number(checks: SchemaChecks, schema: Json) -> Check:
    least, most, above = schema.get("minimum"), schema.get("maximum"), schema.get("exclusiveMinimum")
    title = checks.title(schema)

    def check(node: Node, at: At | None, found: list[Problem]) -> None:
        value = node.value if isinstance(node, Scalar) else None
        if not is_type(node, "number") or value is None:
            return
        if (least is not None and value < least) or (most is not None and value > most) or (above is not None and value <= above):
            found.append(unexpected("S107", node, at, title))

    return check


def _list(checks: SchemaChecks, schema: Json) -> Check:
    fewest, inner, title = schema.get("minItems", 0), checks.check(schema.get("items", True)), checks.title(schema)

    def check(node: Node, at: At | None, found: list[Problem]) -> None:
        if not isinstance(node, Sequence):
            return
        if len(node.items) < fewest:
            found.append(Problem("S107", node, f"{label(at)} is empty, expected {title}", node))
        if inner is not None:
            for index, item in enumerate(node.items):
                inner(item, At(at, index), found)

    return check


def _choice(checks: SchemaChecks, schema: Json) -> Check:
    """One branch must fit. Branches that name their `type` are told apart by it, others by the JSON type of the node."""
    branches = schema.get("anyOf") or schema["oneOf"]
    kinds = _kinds(checks, branches)
    if kinds is not None:
        return partial(_by_kind, kinds)
    made = [(checks.resolve(branch), checks.check(branch)) for branch in branches]
    return partial(_by_fit, made, checks.title(schema))


def _kinds(checks: SchemaChecks, branches: list[Json]) -> dict[str, Check] | None:
    kinds: dict[str, Check] = {}
    for branch in branches:
        kind = checks.resolve(branch).get("properties", {}).get("type", {})
        check = checks.check(branch)
        names = kind.get("enum") or ([kind["const"]] if "const" in kind else [])
        if not names or check is None:
            return None
        kinds.update(dict.fromkeys(names, check))
    return kinds


def _by_kind(kinds: dict[str, Check], node: Node, at: At | None, found: list[Problem]) -> None:
    kind = node.get("type") if isinstance(node, Mapping) else None
    if kind is None:
        return
    text = kind.value if isinstance(kind, Scalar) else None
    if isinstance(text, str) and text in kinds:
        kinds[text](node, at, found)
        return
    help = did_you_mean(str(text), kinds) or f"the types are {', '.join(kinds)}"
    found.append(Problem("S103", kind, f"{label(at)} has the unknown type {describe(kind).removeprefix('the text ')}", node, help))


def _by_fit(made: list[tuple[Json, Check | None]], wanted: str, node: Node, at: At | None, found: list[Problem]) -> None:
    fitting = [check for schema, check in made if "type" not in schema or is_type(node, schema["type"])]
    best: list[Problem] | None = None
    for check in fitting:
        trial: list[Problem] = []
        if check is not None:
            check(node, at, trial)
        if all(is_warning(problem.code) for problem in trial):
            found.extend(trial)
            return
        if best is None or len(fitting) == 1:
            best = trial
    if best is None or any(problem.subject is node and problem.code != "S101" for problem in best):
        found.append(unexpected("S105", node, at, wanted))
    else:
        found.extend(best)


def _condition(checks: SchemaChecks, schema: Json) -> Check:
    test = checks.passes(schema["if"])
    then, otherwise = checks.check(schema.get("then", True)), checks.check(schema.get("else", True))

    def check(node: Node, at: At | None, found: list[Problem]) -> None:
        chosen = then if test(node) else otherwise
        if chosen is not None:
            chosen(node, at, found)

    return check


class _Object:
    """The check of a map: its keys, then their values."""

    def __init__(self, checks: SchemaChecks, schema: Json) -> None:
        properties: dict[str, Json] = schema.get("properties", {})
        self.title = checks.title(schema)
        self.required: list[str] = schema.get("required", [])
        self.properties = {key: checks.check(value) for key, value in properties.items()}
        self.description: str = schema.get("description", "")
        self.described = {key: str(checks.resolve(value).get("description", "")) for key, value in properties.items() if value is not True}
        self.deprecated = frozenset(key for key, value in properties.items() if value is not True and value.get("deprecated"))
        self.patterns = [
            (re.compile(re.sub(r"\$$", r"\\Z", pattern)), checks.check(value))
            for pattern, value in schema.get("patternProperties", {}).items()
        ]
        self.closed = schema.get("additionalProperties") is False
        self.others = None if self.closed else checks.check(schema.get("additionalProperties", True))
        self.names = checks.check(schema.get("propertyNames", True))
        self.names_title = checks.title(schema.get("propertyNames", True))
        self.fewest: int = schema.get("minProperties", 0)
        self.misplaced: dict[str, str] = schema.get("x-misplaced", {})

    def __call__(self, node: Node, at: At | None, found: list[Problem]) -> None:
        if not isinstance(node, Mapping):
            return
        lacking = [key for key in self.required if key not in node.entries]
        for key, (key_node, value) in node.entries.items():
            self.entry(key, key_node, value, node, At(at, key, key_node), found, lacking)
        pointed = at.node if at is not None and at.node is not None else node
        found.extend(self.lack(key, pointed, node, at) for key in lacking)
        if len(node.entries) < self.fewest:
            found.append(Problem("S107", pointed, f"{label(at)} is empty, expected {self.title}", node))

    def entry(self, key: str, key_node: Scalar, value: Node, node: Mapping, at: At, found: list[Problem], lacking: list[str]) -> None:
        if self.names is not None and _problems(self.names, key_node, at):
            found.append(Problem("S106", key_node, f"the key {key} does not fit, expected {self.names_title}", node))
        if key in self.properties:
            if key in self.deprecated:
                found.append(Problem("V501", key_node, f"{label(at)} is {self.described[key]}", value))
            checks = [self.properties[key]]
        else:
            checks = [check for pattern, check in self.patterns if pattern.search(key)]
            if not checks:
                checks = [self.others]
                if self.closed:
                    found.append(self.unknown(key, key_node, node, at, lacking))
        for check in checks:
            if check is not None:
                check(value, at, found)

    def lack(self, key: str, pointed: Node, node: Mapping, at: At | None) -> Problem:
        described = self.described.get(key)
        return Problem("S102", pointed, f"{_named(at, self.title)} lacks {key}", node, f"{key}: {described}" if described else None)

    def unknown(self, key: str, key_node: Scalar, node: Mapping, at: At, lacking: list[str]) -> Problem:
        home = self.misplaced.get(key)
        if home is not None:
            message = f"{key} stands beside the keys of {label(at.above)}; it belongs inside {home}"
            return Problem("S109", key_node, message, node, f"write {home}: {{{key}: …}}")
        free = [name for name in self.properties if name not in node.entries and name not in self.deprecated]
        meant = nearest(key, free)
        if meant in lacking:
            lacking.remove(meant)
        known = [name for name in self.properties if name not in self.deprecated]
        listed = f"its keys are {', '.join(known)}" if known else self.description
        help = f"did you mean {meant}?" if meant is not None else listed
        return Problem("S101", key_node, f"{_named(at.above, self.title)} has no key {key}", node, help)


_OBJECT_WORDS: Final = (
    "properties", "patternProperties", "additionalProperties", "required", "minProperties", "propertyNames",
)  # fmt: skip

_MAKERS: Final[tuple[tuple[tuple[str, ...], Callable[[SchemaChecks, Json], Check]], ...]] = (
    (("type",), _type),
    (("enum", "const"), _words),
    (("pattern", "minLength"), _text),
    (("minimum", "maximum", "exclusiveMinimum"), _number),
    (("minItems", "items"), _list),
    (_OBJECT_WORDS, _Object),
    (("anyOf", "oneOf"), _choice),
    (("if",), _condition),
)
"""Which words make which check, in the order in which they run."""
