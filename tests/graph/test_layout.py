"""The layout's promises, for any graph: nothing overlaps, lines go round boxes, every line connects its ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import combinations, pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmesh.graph.layout import CELLS, Box, Direction, Layout, Link, Rect, Route, Spacing, layout

PIXELS = Spacing(box=24, line=14, track=12, lead=16, arrow=22)
DIRECTIONS: tuple[Direction, ...] = ("LR", "TB")


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Box], list[Link]]:
    count = draw(st.integers(1, 12))
    sizes = st.tuples(st.integers(1, 20), st.integers(1, 7))
    boxes = [Box(f"n{n}", *draw(sizes)) for n in range(count)]
    ends = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(ends, ends), max_size=18, unique=True))
    links = []
    for a, b in pairs:
        width = draw(st.sampled_from([0, 0, 3, 8]))
        links.append(Link(f"n{a}", f"n{b}", width, 1 if width else 0, back=draw(st.booleans())))
    return boxes, links


@settings(max_examples=300, deadline=None)
@given(graphs(), st.sampled_from(DIRECTIONS), st.sampled_from(["cells", "pixels"]))
def test_any_graph_is_drawn_properly(graph: tuple[list[Box], list[Link]], direction: Direction, unit: str) -> None:
    boxes, links = graph
    drawn = layout(boxes, links, direction, CELLS[direction] if unit == "cells" else PIXELS)
    check_boxes(drawn, boxes)
    check_routes(drawn, links)
    check_lines_meet_nothing(drawn)
    assert drawn == layout(boxes, links, direction, CELLS[direction] if unit == "cells" else PIXELS)


def check_boxes(drawn: Layout, boxes: list[Box]) -> None:
    assert list(drawn.boxes) == [box.id for box in boxes]
    assert [(r.width, r.height) for r in drawn.boxes.values()] == [(box.width, box.height) for box in boxes]
    assert sorted(name for layer in drawn.layers for name in layer) == sorted(drawn.boxes)
    rects = [*drawn.boxes.items(), *((f"label {r.source}→{r.target}", r.label) for r in drawn.routes if r.label)]
    for (one, a), (other, b) in combinations(rects, 2):
        assert not overlap(a, b), f"{one} and {other} overlap: {a}, {b}"
    for name, rect in rects:
        inside = rect.x >= 0 and rect.y >= 0 and rect.right <= drawn.width and rect.bottom <= drawn.height
        assert inside, f"{name} is cut"


def check_routes(drawn: Layout, links: list[Link]) -> None:
    assert [(r.source, r.target) for r in drawn.routes] == [(link.source, link.target) for link in links]
    for route, link in zip(drawn.routes, links, strict=True):
        name = f"{route.source}→{route.target} {route.points}"
        assert all((a[0] == b[0]) != (a[1] == b[1]) or a == b for a, b in pairwise(route.points)), f"{name} is not rectangular"
        assert touches(drawn.boxes[route.source], route.points[0]), f"{name} doesn't begin at its source"
        assert touches(drawn.boxes[route.target], route.points[-1]), f"{name} doesn't end at its target"
        assert all(0 <= x < drawn.width and 0 <= y < drawn.height for x, y in route.points), f"{name} leaves the picture"
        assert (route.label is not None) == (link.label_width > 0), f"{name}: label"
        if route.label and route.source != route.target:
            assert (route.label.width, route.label.height) == (link.label_width, link.label_height)
            assert any(crosses(route.label, a, b) for a, b in pairwise(route.points)), f"{name} misses its label {route.label}"


def check_lines_meet_nothing(drawn: Layout) -> None:
    for route in drawn.routes:
        for name, rect in obstacles(drawn, route):
            for a, b in pairwise(route.points):
                assert not crosses(rect, a, b), f"{route.source}→{route.target} {route.points} runs through {name} {rect}"


def obstacles(drawn: Layout, route: Route) -> Iterator[tuple[str, Rect]]:
    yield from drawn.boxes.items()
    for other in drawn.routes:
        if other.label and other is not route:
            yield f"the label of {other.source}→{other.target}", other.label


def overlap(a: Rect, b: Rect) -> bool:
    return a.x < b.right and b.x < a.right and a.y < b.bottom and b.y < a.bottom


def crosses(rect: Rect, a: tuple[int, int], b: tuple[int, int]) -> bool:
    left, right = sorted((a[0], b[0]))
    top, bottom = sorted((a[1], b[1]))
    return left < rect.right and right >= rect.x and top < rect.bottom and bottom >= rect.y


def touches(rect: Rect, point: tuple[int, int]) -> bool:
    x, y = point
    beside = x in (rect.x - 1, rect.right) and rect.y <= y < rect.bottom
    above = y in (rect.y - 1, rect.bottom) and rect.x <= x < rect.right
    return beside or above


def links_of(text: str) -> list[Link]:
    pairs = (word.split("-") for word in text.split())
    return [Link(a, b) for a, b in pairs]


def boxes_of(text: str) -> list[Box]:
    return [Box(name, 8, 3) for name in text.split()]


def test_lines_of_different_ends_never_share_a_stretch() -> None:
    """Two crossing links whose ends lie on the same rows need a dogleg."""
    boxes = boxes_of("a b c d e f")
    links = links_of("a-d b-c a-e b-e c-f d-f")
    drawn = layout(boxes, links)
    for one, other in combinations(drawn.routes, 2):
        if one.source != other.source and one.target != other.target:
            assert not shared_stretch(one, other), f"{one} and {other}"


def shared_stretch(one: Route, other: Route) -> bool:
    return bool(pieces(one) & pieces(other))


def pieces(route: Route) -> set[tuple[tuple[int, int], tuple[int, int]]]:
    found: set[tuple[tuple[int, int], tuple[int, int]]] = set()
    for (ax, ay), (bx, by) in pairwise(route.points):
        cells = [(x, y) for x in range(min(ax, bx), max(ax, bx) + 1) for y in range(min(ay, by), max(ay, by) + 1)]
        found.update(pairwise(cells))
    return found


@settings(max_examples=150, deadline=None)
@given(graphs(), st.sampled_from(DIRECTIONS))
def test_no_graph_has_ambiguous_lines(graph: tuple[list[Box], list[Link]], direction: Direction) -> None:
    boxes, links = graph
    drawn = layout(boxes, links, direction)
    for one, other in combinations(drawn.routes, 2):
        if one.source != other.source and one.target != other.target and not (one.back or other.back):
            assert not shared_stretch(one, other), f"{one} and {other}"


def test_a_chain_is_one_straight_line() -> None:
    drawn = layout(boxes_of("a b c d"), links_of("a-b b-c c-d"))
    assert {rect.y for rect in drawn.boxes.values()} == {0}
    assert all(len(route.points) == 2 for route in drawn.routes)
    assert drawn.height == 3


def test_a_fork_lies_around_its_source() -> None:
    drawn = layout(boxes_of("a b c"), links_of("a-b a-c"))
    a, b, c = drawn.boxes.values()
    assert b.y < a.y < c.y
    assert a.y - b.y == c.y - a.y


def test_a_cycle_goes_back_below_the_boxes() -> None:
    drawn = layout(boxes_of("a b again"), links_of("a-b b-again again-a"))
    back = drawn.routes[2]
    assert back.back
    assert [route.back for route in drawn.routes] == [False, False, True]
    assert back.points[0][1] == drawn.boxes["again"].bottom
    assert max(y for _, y in back.points) == drawn.height - 1


def test_one_more_box_leaves_the_others_in_their_order() -> None:
    boxes, links = boxes_of("a b c d e f g"), links_of("a-b a-c a-d b-e c-f d-g")
    before = layout(boxes, links)
    after = layout([*boxes, Box("h", 8, 3)], [*links, Link("c", "h")])
    for one, other in zip(before.layers, after.layers, strict=True):
        assert [name for name in other if name != "h"] == list(one)
    assert all(after.boxes[name].x == rect.x for name, rect in before.boxes.items())


def test_nothing_and_one() -> None:
    assert layout([], []).boxes == {}
    assert layout([Box("a", 3, 3)], []).boxes == {"a": Rect(0, 0, 3, 3)}
    with pytest.raises(KeyError):
        layout([Box("a", 3, 3)], [Link("a", "b")])


def workflow(count: int) -> tuple[list[Box], list[Link]]:
    """A tree with labels, a few joins and a few cycles, as apps have them."""
    random = Random(count)
    boxes = [Box(str(n), random.choice([14, 20, 26]), 4) for n in range(count)]
    links = [Link(str(random.randrange(max(0, n - 9), n)), str(n), random.choice([0, 0, 9]), 1) for n in range(1, count)]
    links += [Link(str(n + 15), str(n), back=True) for n in range(12, count - 20, 24)]
    links += [Link(str(n + 3), str(n + 14)) for n in range(0, count - 20, 24)]
    return boxes, links


@pytest.mark.parametrize(("count", "limit_s"), [(50, 0.010), (300, 0.150), (1000, 1.0)])
def test_growth(count: int, limit_s: float) -> None:
    """A generous multiple of the aim, so that a busy machine doesn't fail it; a quadratic stage would."""
    boxes, links = workflow(count)
    best = min(timed(boxes, links) for _ in range(3))
    assert best < 5 * limit_s, f"{count} boxes took {best * 1000:.0f} ms"


def timed(boxes: list[Box], links: list[Link]) -> float:
    start = time.perf_counter()
    layout(boxes, links)
    return time.perf_counter() - start
