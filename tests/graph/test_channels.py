"""Lines between two layers: forks and joins on tracks, doglegs where two lines would run into each other."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hotmesh.graph.layout.channels import route_channel


def test_straight_lines_need_no_track() -> None:
    channel = route_channel([(0, 2), (1, 3)], [0, 4, 0, 4], {0, 4})
    assert channel.tracks == 0
    assert channel.stops == {}


def test_a_fork_and_a_join_take_one_track_each() -> None:
    fork = route_channel([(0, 1), (0, 2)], [2, 0, 4], {0, 2, 4})
    assert fork.stops == {(0, 1): ((0, 0),), (0, 2): ((0, 4),)}
    join = route_channel([(0, 2), (1, 2)], [0, 4, 2], {0, 2, 4})
    assert join.stops == {(0, 2): ((0, 2),), (1, 2): ((0, 2),)}


def test_parallel_lines_are_nested_without_crossings() -> None:
    channel = route_channel([(0, 2), (1, 3)], [0, 2, 6, 8], {0, 2, 6, 8})
    assert channel.stops[1, 3][0][0] < channel.stops[0, 2][0][0]


def test_two_lines_that_change_rows_need_a_dogleg() -> None:
    """Each would have to turn before the other: one goes by a free row between."""
    channel = route_channel([(0, 3), (1, 2)], [0, 4, 0, 4], {0, 4})
    assert sorted(len(stops) for stops in channel.stops.values()) == [1, 2]
    assert channel.tracks == 3
    (first, row), (second, _) = next(stops for stops in channel.stops.values() if len(stops) == 2)
    assert first < second
    assert row not in (0, 4)


@pytest.mark.parametrize("count", [2, 3, 5, 8, 13])
def test_any_exchange_of_rows_ends(count: int) -> None:
    """Rings of nets that wait for one another, with no free row between them."""
    rows = [*range(count), *range(count)]
    edges = [(n, count + (n + 1) % count) for n in range(count)] + [(n, count + (n + 2) % count) for n in range(count)]
    channel = route_channel(edges, rows, set(range(count)))
    assert {edge for edge in edges if rows[edge[0]] != rows[edge[1]]} <= set(channel.stops)
    for (_, target), stops in channel.stops.items():
        assert stops[-1][1] == rows[target]
        assert all(a[0] < b[0] for a, b in pairwise(stops)), f"the line to {target} goes back: {stops}"
