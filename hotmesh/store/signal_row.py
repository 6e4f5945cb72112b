"""A signal as the database takes it."""

from __future__ import annotations

from hotmesh import codec
from hotmesh.errors import PayloadError
from hotmesh.machine.early_signals import keep_s
from hotmesh.values import Json


def signal_row(id_: str, topic: str, keys: list[str], data: Json, status: str, code: int) -> dict[str, Json]:
    """As `send_signal` takes it. Raises PayloadError when it is to be kept for what is no duration."""
    try:
        kept_s = keep_s(data)
    except ValueError as reason:
        raise PayloadError(f"{reason}; nothing was sent.") from reason
    payload = signal_payload(data, status, code)
    final = code != 202 and status != "pending"
    return {"id": id_, "topic": topic, "keys": codec.key_prints(keys), "payload": payload, "final": final, "keep_s": kept_s}


def signal_payload(data: Json, status: str, code: int) -> str:
    """What its hook is given."""
    return codec.to_text({"data": data, "status": status, "code": code})
