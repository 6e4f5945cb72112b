"""SVG pictures: well formed whatever the names, complete, without anything from outside, nothing cut or covered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hotmesh.graph.diagram import Diagram, Edge, Line, Mark, Node, diagrams, laid_over
from hotmesh.graph.diff import compared
from hotmesh.graph.layout import Box, Direction, layout
from hotmesh.graph.overlay import ActivityRun, Overlay, State
from hotmesh.graph.svg import PIXELS, svg_text
from hotmesh.graph.svg.boxes import NAME_SIZE, TEXT_X, box_size
from hotmesh.graph.svg.lines import label_lines, link
from hotmesh.graph.svg.style import DARK, LIGHT, style_sheet
from hotmesh.graph.svg.text_width import fitted, text_width
from tests.graph.apps import CASES, EVERYTHING, EXAMPLES, ROOT, program

SVG = "{http://www.w3.org/2000/svg}"
KINDS = ("trigger", "worker", "await", "hook", "signal", "cycle", "interrupt")


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def texts(root: ElementTree.Element, class_: str) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text") if class_ in (element.get("class") or "").split()]


def test_everything_is_in_the_picture() -> None:
    app = program(EVERYTHING)
    root = parsed(svg_text(diagrams(app), name="everything 3"))
    assert texts(root, "name") == [name for graph in app.graphs.values() for name in graph.activities]
    assert texts(root, "topic-of-graph") == list(app.graphs)
    lines = texts(root, "line") + texts(root, "link")
    for line in (
        "waits for expert.decided",
        "or after 1 w",
        "escalates to expert",
        "joins all branches",
        "back to weigh",
        "ends the job with 451",
    ):
        assert line in lines
    for label in ("each of parts", "code 429 or 503", "fine", "else", "always"):
        assert label in texts(root, "label")
    assert root.findtext(f"{SVG}title") == "everything 3"


def test_an_await_links_to_the_graph_it_starts() -> None:
    root = parsed(svg_text(diagrams(program(EVERYTHING))))
    targets = [element.get("href") or "" for element in root.iter(f"{SVG}a")]
    assert targets == ["#graph-report.requested"]
    assert any(element.get("id") == targets[0][1:] for element in root.iter())
    alone = parsed(svg_text(diagrams(program(EVERYTHING), ["claim.filed"])))
    assert not list(alone.iter(f"{SVG}a")), "the other graph is not on the page"


def test_tooltips_hold_maps_and_conditions() -> None:
    titles = [element.text or "" for element in parsed(svg_text(diagrams(program(ROOT / "graphs/order/order.yaml")))).iter(f"{SVG}title")]
    notify = next(title for title in titles if title.startswith("notifyBackorder"))
    assert "missing: order.requestedQty − checkInventory.available" in notify
    assert any("when available ≥ requestedQty" in title for title in titles)
    check = next(title for title in titles if title.startswith("checkInventory ·"))
    assert "retry: 3 more times after 500" in check


def test_cycles_are_marked() -> None:
    root = parsed(svg_text(diagrams(program(ROOT / "graphs/polling/polling.yaml"))))
    back = [element for element in root.iter(f"{SVG}path") if "back" in (element.get("class") or "").split()]
    assert [element.get("class") for element in back] == ["edge back", "head back"]


def test_nothing_comes_from_outside() -> None:
    text = svg_text(diagrams(program(EVERYTHING)))
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "@import" not in text
    assert "@font-face" not in text
    assert "url(" not in text


def test_light_and_dark() -> None:
    light, dark = style_sheet().split("@media (prefers-color-scheme:dark)")
    assert LIGHT.page in light
    assert DARK.page in dark
    assert DARK.page not in light
    for palette in (LIGHT, DARK):
        assert set(palette.kinds) == set(KINDS)
        told = (palette.text, palette.muted, palette.link, *palette.kinds.values(), *palette.states.values(), *palette.changes.values())
        for color in told:
            assert contrast(color, palette.page) >= 4.5, f"{color} on {palette.page}"
            assert contrast(color, palette.card) >= 4.5, f"{color} on {palette.card}"
        assert contrast(palette.line, palette.page) >= 3
    assert not re.search(r"[;{]opacity", style_sheet()), "what is pale as a whole can't be read: only strokes may be"


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_lines_of_text_fit_into_their_box_and_label() -> None:
    long = Node("aVeryLongNameOfAnActivityThatGoesOnAndOnAndOnAndOnAndOn", "worker", lines=(Line(Mark.TOPIC, "W" * 80),))
    width, height = box_size(long)
    assert width <= 640
    assert height == 54
    assert texts(parsed(svg_text([Diagram("t", (long,), ())])), "name") == [long.id], "a name is never cut where anybody would use it"
    for node in diagrams(program(EVERYTHING))[0].nodes:
        width, _ = box_size(node)
        assert TEXT_X + text_width(node.id, NAME_SIZE, bold=True) < width
    for edge in diagrams(program(EVERYTHING))[0].edges:
        drawn = link(edge)
        assert all(text_width(line, 12) < drawn.label_width for line in label_lines(edge))


def test_text_widths() -> None:
    assert text_width("", 12) == 0
    assert text_width("W", 10, bold=True) > text_width("W", 10) > text_width("i", 10)
    assert text_width("汉", 10) > 10
    assert text_width("e\u0301", 10) == text_width("e", 10)
    assert fitted("short", 100, 12) == "short"
    assert fitted("far too long for this", 60, 12).endswith("…")


def test_the_page_holds_the_whole_picture() -> None:
    for direction in ("LR", "TB"):
        shown = diagrams(program(EVERYTHING))
        root = parsed(svg_text(shown, "LR" if direction == "LR" else "TB"))
        width, height = int(root.get("width") or 0), int(root.get("height") or 0)
        assert root.get("viewBox") == f"0 0 {width} {height}"
        sizes = [placed_size(each, "LR" if direction == "LR" else "TB") for each in shown]
        assert width >= max(size[0] for size in sizes) + 48
        assert height >= sum(size[1] for size in sizes) + 48


def placed_size(shown: Diagram, direction: Direction) -> tuple[int, int]:
    placed = layout(
        [Box(node.id, *box_size(node)) for node in shown.nodes], [link(edge) for edge in shown.edges], direction, PIXELS[direction]
    )
    return placed.width, placed.height


NAMES = st.text(min_size=1, max_size=12)


@st.composite
def wild_diagrams(draw: st.DrawFn) -> Diagram:
    ids = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    kinds = st.sampled_from(KINDS)
    nodes = [Node(name, draw(kinds), tooltip=draw(NAMES), lines=(Line(draw(st.sampled_from(list(Mark))), draw(NAMES)),)) for name in ids]
    ends = st.sampled_from(ids)
    pairs = draw(st.lists(st.tuples(ends, ends), max_size=6, unique=True))
    edges = [Edge(a, b, draw(st.one_of(st.just(""), NAMES)), draw(NAMES), back=draw(st.booleans())) for a, b in pairs]
    return Diagram(draw(NAMES), tuple(nodes), tuple(edges), publishes=draw(st.none() | NAMES))


@settings(max_examples=80, deadline=None)
@example(Diagram("\ufffe\x00\ud800\r", (Node("a", "trigger"),), ()), "LR")
@given(wild_diagrams(), st.sampled_from(["LR", "TB"]))
def test_any_text_gives_well_formed_markup(shown: Diagram, direction: str) -> None:
    text = svg_text([shown], "LR" if direction == "LR" else "TB", name=shown.topic)
    text.encode()
    root = parsed(text)
    assert len(texts(root, "name")) == len(shown.nodes)


PAGES: dict[str, Callable[[], tuple[Diagram, ...]]] = {
    "everything": lambda: diagrams(program(EVERYTHING)),
    "a run": lambda: tuple(run_over(each) for each in diagrams(program(EVERYTHING))),
    "a comparison": lambda: compared(program(ROOT / "graphs/polling/polling.yaml"), program(ROOT / "graphs/order/order.yaml")),
    "long names": lambda: diagrams(program(CASES / "long-names.yaml")),
    "a wide fan-out": lambda: diagrams(program(fan_out(100))),
    **{path.stem: partial(lambda path: diagrams(program(path)), path) for path in EXAMPLES},
}


def run_over(shown: Diagram) -> Diagram:
    return laid_over(shown, Overlay("order-2041", shown.topic, State.RUNNING, _runs(shown), elapsed_s=12.5, note="waits for people"))


def fan_out(count: int) -> str:
    """As many activities side by side, and one that joins them."""
    parts = [f"part{number}" for number in range(count)]
    activities = {"start": {"type": "trigger"}, "gather": {"type": "worker", "topic": "gather", "join": "all"}}
    activities |= {part: {"type": "worker", "topic": f"do.{part}"} for part in parts}
    transitions = {"start": [{"to": part} for part in parts]} | {part: [{"to": "gather"}] for part in parts}
    return json.dumps(
        {"app": {"id": "fan", "version": "1", "graphs": [{"subscribes": "t", "activities": activities, "transitions": transitions}]}}
    )


def _runs(shown: Diagram) -> dict[str, ActivityRun]:
    states = list(State)
    counts = {State.DONE: 118, State.RUNNING: 1, State.FAILED: 1}
    return {
        node.id: ActivityRun(states[n % 6], counts if n % 4 == 0 else {}, attempts=3, passes=2, elapsed_s=4000)
        for n, node in enumerate(shown.nodes)
    }


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("page", PAGES)
def test_on_the_page_nothing_is_cut_covered_or_outside(page: str, direction: Direction) -> None:
    check_page(parsed(svg_text(PAGES[page](), direction)))


@settings(max_examples=80, deadline=None)
@given(wild_diagrams(), st.sampled_from(["LR", "TB"]))
def test_whatever_the_names_nothing_is_cut_covered_or_outside(shown: Diagram, direction: Direction) -> None:
    check_page(parsed(svg_text([shown], direction)))


def check_page(root: ElementTree.Element) -> None:
    """Every text lies in its box or on its patch, these lie apart, and all lies on the page."""
    page = (0.0, 0.0, float(root.get("width") or 0), float(root.get("height") or 0))
    taken: list[tuple[str, Area]] = []
    for group, x, y in groups(root, 0, 0):
        rects = [area(each, x, y) for each in group.iter(f"{SVG}rect") if each.get("class") in ("card", "page")]
        if not rects:
            continue
        inside = [each.text or "" for each in group.iter(f"{SVG}text")]
        for each in group.iter(f"{SVG}text"):
            assert within(text_area(each, x, y), rects[-1]), f"{each.text!r} leaves its place"
        whole = (min(r[0] for r in rects), min(r[1] for r in rects), max(r[2] for r in rects), max(r[3] for r in rects))
        assert within(whole, page), f"{inside} leaves the page"
        for other, place in taken:
            assert not meets(whole, place), f"{inside} and {other} cover one another"
        taken.append((str(inside), whole))
    assert len(taken) >= len(texts(root, "name"))
    for each in root.iter(f"{SVG}text"):
        assert text_width(each.text or "", 12) < page[2], f"{each.text!r} is wider than the page"


Area = tuple[float, float, float, float]


def groups(element: ElementTree.Element, x: float, y: float) -> Iterator[tuple[ElementTree.Element, float, float]]:
    """The groups of boxes and of edges, with what they are moved by."""
    for child in element:
        dx, dy = map(float, re.findall(r"-?[\d.]+", child.get("transform") or "0 0"))
        if child.tag == f"{SVG}g" and child.find(f"{SVG}title") is not None:
            yield child, x + dx, y + dy
        elif child.tag == f"{SVG}g":
            yield from groups(child, x + dx, y + dy)


def area(rect: ElementTree.Element, x: float, y: float) -> Area:
    left, top = x + float(rect.get("x") or 0), y + float(rect.get("y") or 0)
    return left, top, left + float(rect.get("width") or 0), top + float(rect.get("height") or 0)


def text_area(element: ElementTree.Element, x: float, y: float) -> Area:
    bold = element.get("class") == "name"
    size = NAME_SIZE if bold else 12
    width = text_width(element.text or "", size, bold=bold)
    left = x + float(element.get("x") or 0) - (width / 2 if element.get("text-anchor") == "middle" else 0)
    base = y + float(element.get("y") or 0)
    return left, base - size * 0.76, left + width, base + size * 0.24


def within(inner: Area, outer: Area) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def meets(a: Area, b: Area) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@pytest.mark.parametrize("count", [0, 1])
def test_few_graphs(count: int) -> None:
    one = Diagram("t", (Node("a", "trigger"),), ())
    assert parsed(svg_text([one] * count)).tag == f"{SVG}svg"
    assert parsed(svg_text([replace(one, nodes=())])).tag == f"{SVG}svg"
