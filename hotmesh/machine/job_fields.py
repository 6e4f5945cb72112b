"""Which fields of a job's data an entry of `job.maps` writes."""

from __future__ import annotations

from hotmesh.values import Json

MAX_SLOTS = 1_000
"""A larger index is part of the field's name."""


def fields_of(name: str, value: Json, data: dict[str, Json]) -> list[tuple[str, Json]]:
    """Mostly one of that name; `name[-]` splices a map's entries, `name[3]` fills a slot of a list."""
    if not name.endswith("]") or "[" not in name:
        return [(name, value)]
    field, _, slot = name[:-1].rpartition("[")
    if slot in ("-", "_"):
        return list(value.items()) if isinstance(value, dict) else []
    if not slot.isdecimal() or int(slot) >= MAX_SLOTS:
        return [(name, value)]
    held = data.get(field)
    slots = list(held) if isinstance(held, list) else []
    slots.extend([None] * (int(slot) + 1 - len(slots)))
    slots[int(slot)] = value
    return [(field, slots)]
