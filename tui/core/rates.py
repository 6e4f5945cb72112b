"""Rates from counters that only grow: what happened each second."""

from __future__ import annotations

from collections import deque


class Rates:
    """The newest values of some counters, as rates per second."""

    def __init__(self, kept: int = 60) -> None:
        self._kept = kept
        self._last: dict[str, tuple[int, float]] = {}
        self._rates: dict[str, deque[float]] = {}

    def note(self, name: str, value: float, now_ms: int) -> None:
        """A counter's value at a moment. One that shrinks has begun anew."""
        before = self._last.get(name)
        if before is not None and now_ms - before[0] < 400:
            return
        self._last[name] = (now_ms, value)
        rates = self._rates.setdefault(name, deque(maxlen=self._kept))
        if before is not None:
            rates.append(max(0.0, value - before[1]) * 1000 / (now_ms - before[0]))

    def of(self, name: str) -> list[float]:
        """The rates of a counter, the newest last."""
        return list(self._rates.get(name, ()))

    def newest(self, name: str) -> float:
        """The newest rate, 0 before there are two values."""
        rates = self._rates.get(name)
        return rates[-1] if rates else 0.0
