"""Times, sizes and rates in a few characters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))
BARS = "▁▂▃▄▅▆▇█"


def age(ms: float) -> str:
    """A length of time in at most four characters: `5ms`, `0.4s`, `59s`, `12m`, `3h`, `9d`."""
    seconds = max(0.0, ms / 1000)
    if 0 < seconds < 0.1:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    for size, unit in UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds:.0f}s"


def clock_time(ms: int, *, fraction: bool = False) -> str:
    """The time of day in UTC."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.strftime("%H:%M:%S") + (f".{moment.microsecond // 1000:03d}" if fraction else "")


def moment(ms: int) -> str:
    """Day and time in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def count(number: float) -> str:
    """A number of things: `950`, `12,300`, `1.2M`."""
    return f"{number / 1e6:.1f}M" if number >= 10e6 else f"{int(number):,}"


def size(number: float) -> str:
    """Bytes: `512 kB`, `34 MB`."""
    return f"{number / 1e6:.0f} MB" if number >= 1e6 else f"{number / 1e3:.0f} kB"


def brake(ms: int) -> str:
    """A throttle in words."""
    return "paused" if ms < 0 else f"{ms} ms" if ms else "–"


def sparkline(values: Sequence[float], width: int) -> str:
    """The newest `width` values as bars, the highest of them full height."""
    shown = list(values)[-width:]
    top = max(shown, default=0)
    bars = "".join(BARS[round(value / top * (len(BARS) - 1))] if top and value else BARS[0] for value in shown)
    return bars.rjust(width)
