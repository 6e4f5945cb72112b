"""The reference page is that of the declarations, and what it says is so."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from hotmesh.expr import DOMAINS, FUNCTIONS, DataScope, check, compile_template, to_json
from hotmesh.expr.reference import PAGE, TITLES, explain, page


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m hotmesh.expr.reference"


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
def test_the_page_writes_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    written: dict[Path, str] = {}
    monkeypatch.setattr(Path, "write_text", lambda path, text, encoding: written.update({path: text}))
    runpy.run_module("hotmesh.expr.reference", run_name="__main__")
    assert written == {PAGE: page()}


def test_every_function_has_its_row() -> None:
    assert page().count("\n| `") == len(FUNCTIONS)
    assert list(TITLES) == list(DOMAINS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_can_be_explained(name: str) -> None:
    text = explain(name)
    assert text is not None
    assert text.startswith(f"{name}(")
    assert text == explain(f"{{@{name}}}")


def test_topics() -> None:
    assert explain("nothing") is None
    strings = explain("string")
    assert strings is not None
    assert strings.startswith("string: texts\n  string.split ")
    everything = explain("functions")
    assert everything is not None
    assert all(f"  {name} " in everything for name in FUNCTIONS)


HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "pipes.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS[1:], ids=lambda block: block.split("# gives")[1].strip(": \n"))
def test_the_examples_of_the_guide(block: str) -> None:
    yaml = YAML(typ="safe", pure=True)
    template = yaml.load(block)
    expected = json.loads(block.rpartition("# gives: ")[2])
    assert [finding for finding in check(template) if finding.is_error] == []
    assert to_json(compile_template(template)(DataScope(yaml.load(BLOCKS[0])))) == expected
