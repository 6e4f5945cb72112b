"""What a workflow may say of an escalation: the fields of the row that people see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotmesh.durable.values import encode
from hotmesh.values import Json

TEXTS = ("role", "type", "subtype", "entity", "description")
OTHERS = ("metadata", "envelope", "originId", "parentId", "initiatedBy", "traceId", "spanId", "expiresAt")
FIELDS = (*TEXTS, "priority", *OTHERS)
"""The closed set, as the hook `task` of graphs/durable.yaml has them."""

PRIORITIES = range(-(2**31), 2**31)


def escalation_json(fields: Mapping[str, Any]) -> dict[str, Json]:
    """An escalation as JSON. Raises TypeError and ValueError, naming the field, for what its row can't hold; SerializationError."""
    unknown = sorted(fields.keys() - set(FIELDS))
    if unknown:
        raise TypeError(f"an escalation has no field {unknown[0]!r}; it has {', '.join(FIELDS)} (more goes into metadata)")
    for name in TEXTS:
        if not isinstance(fields.get(name), (str, type(None))):
            raise TypeError(f"the escalation's {name} is a text, not {fields[name]!r}")
    priority = fields.get("priority", 5)
    if not isinstance(priority, int) or isinstance(priority, bool) or priority not in PRIORITIES:
        raise ValueError(f"the escalation's priority is a whole number, 1 = most urgent, not {priority!r}")
    return {name: encode(value, f"the escalation's {name}") for name, value in fields.items() if value is not None}
