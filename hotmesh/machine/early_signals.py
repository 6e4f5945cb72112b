"""How long a signal that nobody waits for yet is kept for the hook that will."""

from __future__ import annotations

from hotmesh.duration import FORMS, parse_duration
from hotmesh.values import Json

KEEP_S = 600.0
"""Unless its payload says otherwise."""


def keep_s(data: Json) -> float:
    """Seconds, from `$expire` of the payload. Raises ValueError, with one sentence, for what is no such time."""
    expire = data.get("$expire") if isinstance(data, dict) else None
    if expire is None:
        return KEEP_S
    try:
        seconds = parse_duration(expire)
    except ValueError as reason:
        raise ValueError(f"the $expire of a signal says how long it is kept, but {reason}") from reason
    if seconds < 0:
        raise ValueError(f"the $expire of a signal says how long it is kept, but {expire!r} is less than nothing; {FORMS}")
    return seconds
