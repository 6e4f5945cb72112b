"""Two versions in one picture: added, removed, changed."""

from __future__ import annotations

from hotmesh.graph.diagram import Change, Diagram
from hotmesh.graph.diff import compared
from hotmesh.graph.render import render
from tests.graph.apps import CASES, EVERYTHING, ROOT, expect, program

POLLING = ROOT / "graphs/polling/polling.yaml"
OLD = POLLING.read_text(encoding="utf-8")
NEW = (
    OLD.replace("sleep: 2 seconds", "sleep: 5 seconds")
    .replace(
        "['{check.output.data.poll}', 10]\n                      - ['{@conditional.lt}']",
        "['{check.output.data.poll}', 20]\n                      - ['{@conditional.lt}']",
    )
    .replace("        pause:\n          - to: again\n", "        pause:\n          - to: log\n        log:\n          - to: again\n")
    .replace("        again:\n", "        log: {type: worker, topic: report.log}\n\n        again:\n", 1)
)


def nodes(shown: Diagram) -> dict[str, Change]:
    return {node.id: node.change for node in shown.nodes if node.change}


def edges(shown: Diagram) -> dict[str, Change]:
    return {f"{edge.source}-{edge.target}": edge.change for edge in shown.edges if edge.change}


def without_give_up(text: str) -> str:
    """The app without its last activity and the edge to it."""
    text = text[: text.index("        giveUp:\n")] + text[text.index("      transitions:\n") :]
    return text[: text.index("          - to: giveUp\n")] + text[text.index("        pause:\n          - to") :]


def test_what_changed() -> None:
    (shown,) = compared(program(OLD), program(without_give_up(NEW)))
    assert nodes(shown) == {"pause": "changed", "log": "added", "giveUp": "removed"}
    assert edges(shown) == {
        "check-pause": "changed",
        "pause-log": "added",
        "log-again": "added",
        "check-giveUp": "removed",
        "pause-again": "removed",
    }
    assert [node.id for node in shown.nodes] == ["wanted", "order", "check", "pause", "log", "again", "fetch", "giveUp"]


def test_the_pictures_of_a_difference() -> None:
    old, new = program(OLD), program(without_give_up(NEW))
    expect(render(new, old=old), CASES / "polling-diff.svg")
    expect(render(new, "ascii", old=old), CASES / "polling-diff.txt")
    expect(render(new, "mermaid", old=old), CASES / "polling-diff.mmd")


def test_tooltips_tell_before_and_after() -> None:
    (shown,) = compared(program(OLD), program(NEW))
    pause = next(node for node in shown.nodes if node.id == "pause")
    assert "- sleep: 2 s\n+ sleep: 5 s" in pause.tooltip
    edge = next(edge for edge in shown.edges if edge.target == "pause")
    assert edge.tooltip.endswith("before: not ready and poll < 10")


def test_a_change_that_no_line_shows_is_named() -> None:
    new = OLD.replace("ready: {type: boolean}", "ready: {type: [boolean, 'null']}")
    (shown,) = compared(program(OLD), program(new))
    check = next(node for node in shown.nodes if node.change)
    assert check.id == "check"
    assert check.tooltip.endswith("changed:\noutput_schema")


def test_another_layout_of_the_text_is_no_change() -> None:
    (shown,) = compared(program(OLD), program("# a comment\n\n" + OLD.replace("sleep: 2 seconds", "sleep: '2 seconds'")))
    assert not nodes(shown)
    assert not edges(shown)


def test_another_type_is_a_change() -> None:
    new = OLD.replace(
        "          type: interrupt\n          reason: the report was not ready after ten polls\n          code: 504", "          type: hook"
    )
    (shown,) = compared(program(OLD), program(new))
    assert nodes(shown) == {"giveUp": "changed"}


def test_whole_graphs_come_and_go() -> None:
    everything = program(EVERYTHING)
    one = EVERYTHING.read_text(encoding="utf-8")
    alone = program(one[: one.index("    - subscribes: report.requested")])
    added = compared(alone, everything)
    assert [shown.change for shown in added] == [None, "added"]
    assert set(nodes(added[1]).values()) == {"added"}
    removed = compared(everything, alone)
    assert [(shown.topic, shown.change) for shown in removed] == [("claim.filed", None), ("report.requested", "removed")]
    assert len(compared(everything, alone, ["report.requested"])) == 1
