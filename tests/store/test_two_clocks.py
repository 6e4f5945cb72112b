"""Moments of the database in the loop's time."""

from __future__ import annotations

import random

from hotmesh.store.two_clocks import GOOD_FOR_S, TwoClocks

AHEAD_S = 1_700_000_000.0


def test_a_moment_is_never_told_too_early_and_soon_to_the_point() -> None:
    chance = random.Random(1)
    clocks = TwoClocks()
    for number in range(500):
        true = number * 0.01
        sent, answered = true - chance.expovariate(200), true + 0.0002 + chance.expovariate(50)
        told = clocks.moment(AHEAD_S + true, sent, answered)
        assert true <= told + 1e-6
        assert sent <= told <= answered
        assert number < 250 or told - true < 0.003


def test_a_clock_that_was_set_is_followed() -> None:
    """Until then a moment is told to lie where it surely did: between its commit's sending and the answer."""
    clocks = TwoClocks()
    clocks.moment(AHEAD_S + 1, 0.9, 1.001)
    later = 2.0
    for set_by in (-3600.0, 3600.0):
        assert later - 0.1 <= clocks.moment(AHEAD_S + later + set_by, later - 0.1, later + 0.2) <= later + 0.2
        later += 1 + GOOD_FOR_S
        clocks.moment(AHEAD_S + later + set_by, later - 0.1, later + 0.001)
        assert 1 <= clocks.moment(AHEAD_S + later + 1 + set_by, later, later + 1.5) - later <= 1.0011
        later += 1
