"""Y: the text of a file, before anything means anything. The findings are those of `source.files`, `composing` and `joining`."""

from __future__ import annotations

import re
from typing import Final

from hotmesh.lint.context import AppContext
from hotmesh.lint.rules.rule import Rule
from hotmesh.source.nodes import Mapping, Scalar, scalars

RULES: Final = (
    Rule("Y101", "a file can't be read", "It is missing, a folder, or the rights to read it are."),
    Rule("Y102", "a file is longer than 8 MiB or holds more than 500,000 values", "No app needs that; a generated one can be split."),
    Rule("Y103", "a byte or character is not allowed in YAML", "Files are UTF-8 without control characters."),
    Rule("Y104", "a file is empty", "An app needs at least one graph."),
    Rule("Y105", "a file holds more than one document", "What stands after `---` would be lost."),
    Rule("Y106", "a key stands twice in one map", "Of two equal keys a YAML reader keeps one, and which one is luck."),
    Rule("Y107", "a document is nested deeper than 100 levels", "No app needs that; it is a mistake or an attack."),
    Rule("Y108", "a tag is unknown, or says what the value is not", "Values are plain JSON; tags as !!python/object mean nothing."),
    Rule("Y109", "an alias has no anchor before it", "`*name` repeats what `&name` marked further up in the same file."),
    Rule("Y110", "aliases multiply the document beyond measure", "A few lines of nested aliases can mean a billion nodes."),
    Rule("Y111", "a key is a list or a map", "A reference without quotes does this: {a.b}: is a map to YAML."),
    Rule("Y112", "<< merges what is no map", "`<<: *name` takes over the keys of a map, or of several in a list."),
    Rule(
        "Y113", "the text is no YAML", "Indent with spaces; quote texts that begin with @, `, %, *, & or {, or that contain ': ' or ' #'."
    ),
    Rule("Y114", "a document is no map", "An app file begins with `app:`, or is one graph: `subscribes:`, `activities:` …"),
    Rule(
        "Y115", "a reference has no quotes", "To YAML {a.output.data.x} is a map with one empty key; quotes make it a text.", fixable=True
    ),
    Rule("Y121", "$ref names what is not there", "The path is relative to the file that holds the $ref; after # comes a JSON pointer."),
    Rule("Y122", "a $ref leads back to itself", "What contains itself has no end."),
    Rule("Y123", "a $ref leaves the app's folder", "An app must not read files that don't belong to it."),
    Rule("Y124", "a $ref can't be followed", "It must be a text that names a file; addresses in the net are not fetched."),
    Rule("Y501", "a date has no quotes", "It is a text here, but a date to other YAML readers.", fixable=True),
    Rule("Y502", "a word has no quotes that older YAML takes for a boolean", "yes, no, on and off are texts here.", fixable=True),
)

_DATE: Final = re.compile(r"\d{4}-\d\d?-\d\d?([Tt ].*)?\Z")
_OLD_BOOLEANS: Final = re.compile(r"(?:yes|no|on|off)\Z", re.IGNORECASE)
_UNQUOTED: Final = re.compile(r"\$?[A-Za-z_][\w-]*(\.[\w$-]+(\[\d+\])*)+\Z")


def check_app(app: AppContext) -> None:
    """Dates and old booleans anywhere, references without quotes in templates."""
    for scalar in scalars(app.root):
        if scalar.style or not isinstance(scalar.value, str):
            continue
        if _DATE.match(scalar.text):
            app.findings.add("Y501", scalar, f"{scalar.text} without quotes is a date to other YAML readers", help="put it in quotes")
        elif _OLD_BOOLEANS.match(scalar.text):
            app.findings.add("Y502", scalar, f"{scalar.text} is a text here, and a boolean to older YAML readers", help="put it in quotes")
    for graph in app.graphs:
        for slot in graph.slots:
            _unquoted(app, slot.node)


def _unquoted(app: AppContext, node: object) -> None:
    if isinstance(node, Mapping):
        name, entry = next(iter(node.entries.items()), ("", None))
        if node.flow and entry is not None and len(node.entries) == 1 and _is_empty(entry.value) and _UNQUOTED.match(name):
            app.findings.add(
                "Y115", node, f"{{{name}}} without quotes is a map with an empty key, no reference", help=f"write '{{{name}}}'"
            )
            return
        for inner in node.entries.values():
            _unquoted(app, inner.value)
    elif not isinstance(node, Scalar):
        for item in getattr(node, "items", ()):
            _unquoted(app, item)


def _is_empty(node: object) -> bool:
    return isinstance(node, Scalar) and node.value is None and not node.text
