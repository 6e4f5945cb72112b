"""The documentation: what it shows works, and what it links to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.snippets import needs_postgres, pages, run_page, snippets
from tests.architecture.tree import REPOSITORY, name

PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"), *(REPOSITORY / "graphs").rglob("*.md")])
KNOWN = {"run", "output", "postgres"}


@pytest.mark.parametrize("page", [page for page in pages() if not needs_postgres(page)], ids=name)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path) -> None:
    run_page(page, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    targets = {target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"\w+:", target)}
    assert not [target for target in sorted(targets - {""}) if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_words_after_a_fence_are_known(page: Path) -> None:
    words = {word for snippet in snippets(page) for word in snippet.words if "=" not in word}
    assert not {word for word in words if not word.startswith("{")} - KNOWN


PAGE = """
```yaml file=deep/a.yaml
a: 1
```
```python run
print(open('deep/a.yaml').read() + 'b')
```
```text output
a: …
b
```
```bash run exit=3
echo no; exit 3
```
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tests.architecture.snippets.name", lambda path: path.name)
    return tmp_path / "page.md"


def test_the_runner_itself(page: Path, tmp_path: Path) -> None:
    page.write_text(PAGE)
    run_page(page, tmp_path)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [("b\n```\n```bash", "c\n```\n```bash", "page.md:8 says"), ("exit=3", "exit=0", "page.md:12 exits with 3, not 0")],
)
def test_the_runner_tells_what_is_wrong(page: Path, tmp_path: Path, right: str, wrong: str, told: str) -> None:
    assert right in PAGE
    page.write_text(PAGE.replace(right, wrong))
    with pytest.raises(AssertionError, match=told):
        run_page(page, tmp_path)
