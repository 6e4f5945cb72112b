"""The documentation: what it shows works, and what it links to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.snippets import every_page, needs_postgres, pages, run_page, snippets
from tests.architecture.tree import name

PAGES = every_page()
KNOWN = {"run", "output", "postgres", "background", "soon"}
PROSE = {"text", "mermaid"}
"""Fences that show something and can't be wrong by themselves."""

RUN_ELSEWHERE = {
    "docs/how-to/pipes.md": "tests/expr/test_pages.py evaluates every pipe",
    "docs/reference/language.md": "written from the schema, whose examples tests/lint validates",
    "docs/reference/rules.md": "written from the rules, whose examples tests/lint lints",
}
"""Pages whose fences another test runs, and which."""

NOT_RUN = {
    ("docs/tutorial/first-app.md", "$ hotmesh tui"): "needs a terminal; tests/functional/tui types into one",
    (
        "docs/how-to/terminal.md",
        "$ hotmesh tui                                   # the only app of HOTMESH_DSN, else of the embedded Postgres",
    ): ("needs a terminal; tests/functional/tui types into one"),
    ("docs/how-to/terminal.md", "[jobs]"): "tests/tui/test_keys.py reads such a file",
    ("docs/how-to/postgres.md", "$ hotmesh db start              # start it and print its address"): (
        "would stop the server of the tests; tests/functional/cli/test_db_server.py has one of its own"
    ),
}
"""Fences that no test can run here, by their page and first line, and why. Keep it short."""


@pytest.mark.parametrize("page", [page for page in pages() if not needs_postgres(page)], ids=name)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path) -> None:
    run_page(page, tmp_path)


@pytest.mark.parametrize("page", [page for page in PAGES if name(page) not in RUN_ELSEWHERE], ids=name)
def test_every_example_is_run(page: Path) -> None:
    idle = [each for each in snippets(page) if each.language not in PROSE and not each.has_part]
    left = [f"{name(page)}:{each.line}" for each in idle if (name(page), each.text.splitlines()[0]) not in NOT_RUN]
    assert not left, "let the runner run, write or compare it (tests/architecture/snippets.py), or say in NOT_RUN why none can"


def test_what_is_not_run_is_there() -> None:
    lines = {(name(page), line) for page in PAGES for each in snippets(page) if not each.has_part for line in each.text.splitlines()[:1]}
    assert not NOT_RUN.keys() - lines


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
b: 2
```
```yaml excerpt=deep/a.yaml
  b: 2
```
```python run
print(open('deep/a.yaml').read() + 'b')
```
```text output
a: …
b
```
```console run
$ pip install what-is-there-already
$ cd deep && echo here
here
$ ls
a.yaml
```
```console run soon
$ echo x >> ../lines; wc -l < ../lines
3
```
```bash run background ready=up
echo up
```
```console run
$ cd ..
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
    [
        ("  b: 2", "  b: 3", "page.md:6 shows 'b: 3', which is not in the file"),
        ("…\nb\n", "…\nc\n", "page.md:12 says"),
        ("\nhere\n", "\nthere\n", "page.md:16: \\$ cd deep && echo here prints"),
        ("ready=up", "ready=over", "page.md:27 is not ready; it printed\nup"),
        ("exit=3", "exit=0", "page.md:33 exits with 3, not 0"),
    ],
)
def test_the_runner_tells_what_is_wrong(page: Path, tmp_path: Path, right: str, wrong: str, told: str) -> None:
    assert right in PAGE
    page.write_text(PAGE.replace(right, wrong))
    with pytest.raises(AssertionError, match=told):
        run_page(page, tmp_path)
