"""A run laid over its graph, in every format."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from hotmesh.graph.diagram import diagrams, laid_over
from hotmesh.graph.layout import Box, Link, layout
from hotmesh.graph.overlay import ActivityRun, Overlay, State, job_words, run_words
from hotmesh.graph.render import render
from tests.graph.apps import CASES, ROOT, expect, program

POLLING = ROOT / "graphs/polling/polling.yaml"
SVG = "{http://www.w3.org/2000/svg}"

RUNNING = Overlay(
    "report-7",
    "report.wanted",
    State.RUNNING,
    {
        "wanted": ActivityRun(State.DONE, elapsed_s=0.012),
        "order": ActivityRun(State.DONE, attempts=2, elapsed_s=11.2),
        "check": ActivityRun(State.DONE, {State.DONE: 3}, passes=2, elapsed_s=5.2),
        "pause": ActivityRun(State.WAITING, {State.DONE: 2, State.WAITING: 1}, elapsed_s=1.1, note="until 12:00:05"),
        "again": ActivityRun(State.DONE, {State.DONE: 2}),
    },
    frozenset({("wanted", "order"), ("order", "check"), ("check", "pause"), ("pause", "again"), ("again", "check")}),
    elapsed_s=18.3,
)
FAILED = Overlay("report-8", "report.wanted", State.FAILED, {"wanted": ActivityRun(State.DONE)}, elapsed_s=2, note="500: boom")


def test_the_pictures_of_a_run() -> None:
    app = program(POLLING)
    expect(render(app, overlay=RUNNING), CASES / "polling-run.svg")
    expect(render(app, "ascii", overlay=RUNNING), CASES / "polling-run.txt")
    expect(render(app, "mermaid", overlay=RUNNING), CASES / "polling-run.mmd")


@pytest.mark.parametrize(
    ("run", "text"),
    [
        (ActivityRun(State.DONE), "✓"),
        (ActivityRun(State.DONE, elapsed_s=1.24), "✓ 1.2 s"),
        (ActivityRun(State.FAILED, attempts=3, elapsed_s=4), "✗ 3 attempts · 4 s"),
        (ActivityRun(State.RUNNING, {State.DONE: 118, State.RUNNING: 1, State.FAILED: 1}), "×120 (118✓ 1⟳ 1✗)"),
        (ActivityRun(State.DONE, {State.DONE: 3}, passes=2, elapsed_s=5), "✓ ×3 · 2 passes back · 5 s"),
        (ActivityRun(State.WAITING, passes=1), "◷ 1 pass back"),
    ],
)
def test_one_line_about_an_activity(run: ActivityRun, text: str) -> None:
    assert run_words(run) == text


def test_one_line_about_the_job() -> None:
    assert job_words(RUNNING) == "⟳ job report-7 running for 18 s"
    assert job_words(FAILED) == "✗ job report-8 failed after 2 s: 500: boom"
    assert job_words(Overlay("j", "t", State.DONE, {}, elapsed_s=0.5)) == "✓ job j done in 500 ms"


def test_what_was_not_reached_is_pending_or_skipped() -> None:
    (shown,) = diagrams(program(POLLING))
    states = {node.id: node.run and node.run.state for node in laid_over(shown, RUNNING).nodes}
    assert states["fetch"] is State.PENDING
    ended = {node.id: node.run and node.run.state for node in laid_over(shown, FAILED).nodes}
    assert ended["fetch"] is State.SKIPPED


def test_states_are_classes_and_notes_are_in_tooltips() -> None:
    root = ElementTree.fromstring(render(program(POLLING), overlay=RUNNING))
    groups = {element.findtext(f"{SVG}title", "").split(" ")[0]: element for element in root.iter(f"{SVG}g") if element.get("class")}
    assert groups["pause"].get("class") == "node hook waiting"
    assert "until 12:00:05" in groups["pause"].findtext(f"{SVG}title", "")
    taken = [element for element in root.iter(f"{SVG}g") if element.get("class") == "taken"]
    assert len(taken) == len(RUNNING.taken)


def test_another_graph_stays_as_it_is() -> None:
    (shown,) = diagrams(program(POLLING))
    assert laid_over(shown, Overlay("j", "other", State.DONE, {})) is shown


def test_a_state_that_changes_moves_nothing() -> None:
    """With sizes that don't depend on the run, as the TUI gives them, the places depend on the graph alone."""
    (shown,) = diagrams(program(POLLING))
    places = []
    for each in (shown, laid_over(shown, RUNNING)):
        links = [Link(edge.source, edge.target, len(edge.label), 1, back=edge.back) for edge in each.edges]
        places.append(layout([Box(node.id, 20, 5) for node in each.nodes], links))
    assert places[0] == places[1]
