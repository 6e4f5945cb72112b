"""Comments that silence findings."""

from __future__ import annotations

import pytest

from hotmesh.compile import compile_app

APP = """\
subscribes: hello
activities:
  start: {{type: trigger}}
  work:
    type: worker
    topic: work.do
    input:
      maps:
        {above}
        a: '{{strat.output.data.a}}' {behind}
transitions:
  start: [{{to: work}}]
"""

SILENT = [
    "# hotmesh: ignore[R203]",
    "#hotmesh:ignore[R203]",
    "# hotmesh: ignore",
    "# hotmesh: ignore[T501, r203]",
    "# why # hotmesh: ignore[R]",
]
HEARD = ["# hotmesh: ignore[R204]", "# hotmesh: ignore[]", "# ignore[R203]", "# hotmesh"]


def codes(above: str = "", behind: str = "") -> list[str]:
    return [found.code for found in compile_app(APP.format(above=above, behind=behind)).diagnostics]


@pytest.mark.parametrize("comment", SILENT)
def test_on_the_line_or_alone_above_it(comment: str) -> None:
    assert codes(behind=comment) == []
    assert codes(above=comment) == []


@pytest.mark.parametrize("comment", HEARD)
def test_what_silences_nothing(comment: str) -> None:
    assert codes(behind=comment) == ["R203"]


def test_a_silenced_error_lets_the_program_through() -> None:
    compiled = compile_app(APP.format(above="", behind="# hotmesh: ignore[R203]"))
    assert compiled.program is not None


def test_an_error_without_which_there_is_no_program_cannot_be_silenced() -> None:
    compiled = compile_app(APP.format(above="", behind="").replace("type: worker", "type: wroker # hotmesh: ignore"))
    assert "S103" in [found.code for found in compiled.diagnostics]
    assert compiled.program is None
