"""What the language server answers, without the protocol: `|` marks the cursor."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotmesh.lint import fixes
from hotmesh.lsp.actions import actions
from hotmesh.lsp.completion import complete
from hotmesh.lsp.cursor import key_path
from hotmesh.lsp.document import Document, read
from hotmesh.lsp.hover import hover
from hotmesh.lsp.symbols import definition, same_activity

APP = """\
app:
  id: orders
  version: '1'
  graphs:
    - subscribes: order.requested
      input:
        schema:
          type: object
          properties:
            itemId: {type: string, description: what is ordered}
            lines: {type: array, items: {type: object, properties: {qty: {type: integer}}}}
      activities:
        start:
          type: trigger
          job: {maps: {itemId: '{$self.output.data.itemId}'}}
        check:
          type: worker
          topic: inventory.check
          input:
            maps:
              itemId: '{start.output.data.itemId}'
        wait:
          type: hook
          hook: {type: object, properties: {approved: {type: boolean}}}
        each:
          type: await
          topic: line.requested
          input:
            maps:
              qty: '{$item.qty}'
              text:
                '@pipe':
                  - ['{start.output.data.itemId}']
                  - ['{@string.toUpperCase}']
        approve:
          type: signal
          topic: order.approved
      transitions:
        start:
          - to: check
        check:
          - to: wait
          - to: approve
        wait:
          - to: each
            foreach: '{start.output.data.lines}'
      hooks:
        order.approved:
          - to: wait
            conditions:
              match:
                - expected: '{$job.metadata.jid}'
                  actual: '{$hook.data.id}'
    - subscribes: line.requested
      activities:
        start: {type: trigger}
"""


def typed(old: str, new: str) -> tuple[Document, int, int]:
    """The app after a piece of it was typed anew; `|` in it is the cursor."""
    before = read(APP, Path("app.yaml"))
    assert old in APP
    text = APP.replace(old, new, 1)
    at = text.index("|")
    text = text.replace("|", "", 1)
    line = text.count("\n", 0, at)
    return read(text, Path("app.yaml"), before), line, at - (text.rfind("\n", 0, at) + 1)


def labels(old: str, new: str) -> list[str]:
    return [item.label for item in complete(*typed(old, new))]


ITEM = "itemId: '{start.output.data.itemId}'"
COMPLETIONS = {
    "roots are what comes before": ("itemId: '{|", ["start", "check", "$self", "$job"]),
    "while a word is typed": ("itemId: '{st|", ["start", "check", "$self", "$job"]),
    "with the quote closed already": ("itemId: '{|}'", ["start", "check", "$self", "$job"]),
    "sections": ("itemId: '{start.|", ["output", "input"]),
    "data or metadata": ("itemId: '{start.output.|", ["data", "metadata"]),
    "fields of a schema": ("itemId: '{start.output.data.|", ["itemId", "lines"]),
    "fields of items": ("itemId: '{start.output.data.lines[0].|", ["qty"]),
    "metadata": ("itemId: '{start.output.metadata.|", ["aid", "dad", "as", "atp", "stp", "ac", "au", "err", "$error"]),
    "job data": ("itemId: '{$job.data.|", ["itemId"]),
    "nothing behind what is unknown": ("itemId: '{nobody.|", []),
    "nothing outside of braces": ("itemId: start|", []),
}


@pytest.mark.parametrize("name", COMPLETIONS)
def test_completion_of_references(name: str) -> None:
    new, expected = COMPLETIONS[name]
    assert labels(ITEM, new) == expected


def test_completion_of_functions() -> None:
    assert "@string" in labels("'{@string.toUpperCase}'", "'{@|'")
    found = complete(*typed("'{@string.toUpperCase}'", "'{@string.toU|'"))
    item = next(item for item in found if item.label == "toUpperCase")
    assert item.detail == "(text: string) → string"
    assert item.documentation


def test_completion_knows_what_is_bound() -> None:
    assert "$item" in labels("qty: '{$item.qty}'", "qty: '{$|")
    assert "$item" not in labels(ITEM, "itemId: '{$|")
    assert labels("actual: '{$hook.data.id}'", "actual: '{|") == ["$hook"]
    assert labels("actual: '{$hook.data.id}'", "actual: '{$hook.data.|") == ["approved"]


def test_completion_of_a_hook() -> None:
    assert labels("foreach: '{start.output.data.lines}'", "foreach: '{wait.|") == ["output", "hook", "input"]
    assert labels("foreach: '{start.output.data.lines}'", "foreach: '{wait.hook.data.|") == ["approved"]


def test_completion_of_targets() -> None:
    assert labels("- to: check", "- to: ch|") == ["start", "check", "wait", "each", "approve"]


def test_the_keys_above_a_line() -> None:
    lines = APP.split("\n")
    assert key_path(APP, lines.index("                  - ['{@string.toUpperCase}']"))[-4:] == ["input", "maps", "text", "@pipe"]
    assert key_path(APP, lines.index("          - to: approve"))[-3:] == ["transitions", "check", "to"]
    assert key_path(APP, 0) == ["app"]


def place(mark: str, offset: int = 0, after: str = "") -> tuple[Document, int, int]:
    """The position of a piece of the app."""
    at = APP.index(mark, APP.index(after)) + offset
    return read(APP, Path("app.yaml")), APP.count("\n", 0, at), at - (APP.rfind("\n", 0, at) + 1)


@pytest.mark.parametrize(
    ("mark", "offset", "line"),
    [
        ("{start.output.data.lines}", 2, 13),
        ("to: check", 5, 16),
        ("- to: wait\n            conditions", 7, 22),
        ("topic: line.requested", 9, 54),
        ("topic: order.approved", 9, 48),
    ],
)
def test_going_to_definitions(mark: str, offset: int, line: int) -> None:
    span = definition(*place(mark, offset))
    assert span is not None
    assert span.line == line


def test_every_place_that_names_an_activity() -> None:
    spans = same_activity(*place("        wait:\n          type", 9))
    assert [(span.line, span.column) for span in spans] == [(22, 9), (42, 17), (44, 9), (49, 17)]
    assert same_activity(*place("start: {type: trigger}", 1)) != same_activity(*place("        start:\n", 9)), "each graph has its own"


def test_hovers() -> None:
    function = hover(*place("string.toUpperCase", 3))
    assert function is not None
    assert function.markdown.startswith("```\nstring.toUpperCase(text: string) → string\n```")
    activity = hover(*place("to: check", 5))
    assert activity is not None
    assert "**check** · worker" in activity.markdown
    path = hover(*place("data.itemId}'\n        wait", 6))
    assert path is not None
    assert "what is ordered" in path.markdown
    assert hover(*place("version", 2)) is None


def test_nothing_breaks_while_the_text_is_broken() -> None:
    document = read("app: [", Path("app.yaml"))
    assert [found.code for found in document.findings] == ["Y113"]
    for line in range(3):
        for column in range(8):
            assert complete(document, line, column) == []
            assert hover(document, line, column) is None
            assert definition(document, line, column) is None


QUICK = {
    "a misspelt activity": ("'{start.output.data.itemId}'", "'{strat.output.data.itemId}'", "Change to start"),
    "a misspelt function": ("'{@string.toUpperCase}'", "'{@strng.toUpperCase}'", "Change to string.toUpperCase"),
    "a misspelt type": ("type: worker", "type: wroker", "Change to worker"),
    "a misspelt key": ("topic: inventory.check", "topik: inventory.check", "Change to topic"),
    "a misspelt target": ("- to: check", "- to: chek", "Change to check"),
    "a quoted target": ("- to: check", "- to: 'check'", ""),
    "a boolean in quotes": ("type: worker", "type: worker\n          emit: 'true'", "Mend T502"),
}


@pytest.mark.parametrize("name", [name for name in QUICK if QUICK[name][2]])
def test_quick_fixes(name: str) -> None:
    old, new, title = QUICK[name]
    broken = APP.replace(old, new, 1)
    document = read(broken, Path("app.yaml"))
    offered = {action.title: action for action in actions(document, 0, 1000) if action.sure}
    mended = fixes.apply(offered[title].edits, broken)
    expected = APP.replace(old, new.replace("'true'", "true"), 1) if title == "Mend T502" else APP
    assert mended == expected


def test_a_finding_can_be_silenced() -> None:
    broken = APP.replace("'{start.output.data.itemId}'", "'{strat.output.data.itemId}'", 1)
    (silence,) = [action for action in actions(read(broken, Path("app.yaml")), 0, 1000) if not action.sure]
    silent = fixes.apply(silence.edits, broken)
    assert read(silent, Path("app.yaml")).findings == ()
