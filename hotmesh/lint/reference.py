"""The reference pages of the language and of the linter's rules: `python -m hotmesh.lint.reference` writes them.

docs/reference/language.md comes from schemas/app.schema.json, docs/reference/rules.md from the table of rules and its examples.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hotmesh.lint.rules import RULES
from hotmesh.lint.rules.rule import Rule
from hotmesh.source.checking import app_schema
from hotmesh.source.schema_checks import SchemaChecks
from hotmesh.values import Json

FAMILIES: Final = {
    "Y": "YAML and $ref",
    "S": "the shape of the language",
    "R": "references",
    "P": "pipes",
    "G": "the shape of graphs",
    "H": "hooks and signals",
    "T": "types",
    "V": "versions and older words",
}
"""The families of rules, by the first letter of their codes."""

_UNSHOWN: Final = frozenset({"Y103", "Y107", "Y110"})
"""Rules whose examples are no sight: control characters and brackets without end."""

_RULES_HEAD: Final = """\
# Findings of the linter

This page is written from the table of rules by `python -m hotmesh.lint.reference`; every example is a test. `hotmesh rule CODE` shows one.

Codes up to 499 are errors and stop a deployment, codes from 500 are warnings. `# hotmesh: ignore[R203]` on a line silences it, and alone
on a line the one below; errors that make a program impossible can't be silenced.
"""

_LANGUAGE_HEAD: Final = """\
# The YAML language: every key

This page is written from `schemas/app.schema.json` by `python -m hotmesh.lint.reference`. That file is what the compiler, the linter and
editors use; `hotmesh schema` prints it. A first line `# yaml-language-server: $schema=…/app.schema.json` tells an editor.

**Bold** keys must be there. Any map may also have keys that begin with `x-`, for your own use and for anchors.
"""


def rules_page() -> str:
    """docs/reference/rules.md."""
    lines = [_RULES_HEAD]
    for letter, title in FAMILIES.items():
        lines += [f"## {letter}: {title}", ""]
        lines += [line for code, rule in sorted(RULES.items()) if code.startswith(letter) for line in _rule(rule)]
    return "\n".join(lines).rstrip() + "\n"


def _rule(rule: Rule) -> Iterator[str]:
    mended = " `hotmesh lint --fix` mends it." if rule.fixable else ""
    yield from (f"### {rule.code}: {rule.title}", "", f"{str(rule.severity).capitalize()}. {rule.why}{mended}", "")
    if rule.bad and rule.code not in _UNSHOWN:
        fence = "```text" if rule.code == "Y113" else "```yaml"
        yield from (fence, *_difference(rule.bad, rule.good), "```", "")


def _difference(bad: str, good: str) -> Iterator[str]:
    """The bad example; lines that the good one doesn't have are marked."""
    kept = set(good.splitlines())
    for line in bad.rstrip().splitlines():
        yield line if line in kept else f"{line}  # ◄"


def language_page() -> str:
    """docs/reference/language.md."""
    checks = SchemaChecks(app_schema())
    definitions: dict[str, Json] = app_schema()["$defs"]
    lines = [_LANGUAGE_HEAD]
    for title, name in _SECTIONS.items():
        lines += [f"## {title}", "", *_map(checks, definitions[name])]
    return "\n".join(lines).rstrip() + "\n"


_SECTIONS: Final = {
    "An app": "app",
    "A graph": "graph",
    "Trigger": "trigger",
    "Worker": "worker",
    "Await": "await",
    "Hook": "hook",
    "Signal": "signal",
    "Cycle": "cycle",
    "Interrupt": "interrupt",
    "Input, output, job of an activity": "input",
    "Output": "output",
    "Job": "job",
    "An edge": "transition",
    "Conditions of an edge": "conditions",
    "A comparison": "match",
    "A hook rule": "hookRule",
    "An escalation": "escalation",
}
"""The sections of the language page, with the definitions they show."""


def _map(checks: SchemaChecks, definition: Json) -> Iterator[str]:
    yield from (str(definition["description"]), "", "| key | is | |", "|---|---|---|")
    required = definition.get("required", [])
    for key, schema in definition["properties"].items():
        form = checks.resolve(schema) if schema is not True else {}
        if form.get("deprecated"):
            continue
        name = f"**`{key}`**" if key in required else f"`{key}`"
        default = f" Default: `{json.dumps(form['default'])}`." if "default" in form else ""
        yield f"| {name} | {_cell(_kind(form))} | {_cell(str(form.get('description', '')))}{default} |"
    yield ""
    for example in definition.get("examples", []):
        yield from ("```json", json.dumps(example, ensure_ascii=False), "```", "")


def _kind(form: Json) -> str:
    """What a value is, in the words of the schema."""
    if "const" in form:
        return f"`{form['const']}`"
    return " or ".join(f"`{word}`" for word in form["enum"]) if "enum" in form else str(form.get("title", "any value"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES: Final = {"rules.md": rules_page, "language.md": language_page}
"""The pages that this module writes."""


def main(folder: Path = Path("docs/reference")) -> None:
    """Writes the pages."""
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
