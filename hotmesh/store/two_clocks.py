"""The database's clock by the loop's.

What is stored is told by the database's clock, and timers run by the loop's. Each commit tells a moment of the database that lies between
its sending and its answer. The answer that came quickest of late tells best how the two clocks stand to each other.
"""

from __future__ import annotations

GOOD_FOR_S = 10.0
"""Clocks drift, and are set: so long the best reading counts."""


class TwoClocks:
    """How the database's clock stands to the loop's, as far as the commits tell."""

    def __init__(self) -> None:
        self._ahead_s = float("-inf")
        self._read_at = float("-inf")

    def moment(self, now_s: float, sent_at: float, answered_at: float) -> float:
        """A moment of the database in the loop's time: never earlier than it was, and later by less than an answer takes.

        `now_s`: what the database's clock said then; `sent_at`, `answered_at`: the loop's times it surely lies between.
        """
        at_least = now_s - answered_at
        if at_least >= self._ahead_s or sent_at - self._read_at > GOOD_FOR_S:
            self._ahead_s, self._read_at = at_least, sent_at
        return min(max(now_s - self._ahead_s, sent_at), answered_at)
