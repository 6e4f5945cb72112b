"""How payloads stand in the tables: as plain JSON, or as what a registered codec makes of it.

With a codec every payload (inputs, outputs, hook data, job data, errors, signals) is stored as one JSON string `"hm:…"`; names, states,
codes and times stay readable, so that lists and timelines still work in SQL. A job's error keeps its code, and who ended the job, beside
the encoded rest.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from typing import Protocol

from hotmesh.errors import SettingsError
from hotmesh.values import Json, dumps, loads

PREFIX = "hm:"

PLAIN = ("code", "kind")
"""What stays readable of a job's error: by these, lists tell failed, interrupted and cancelled jobs apart."""


class Codec(Protocol):
    """Turns a payload's JSON text into another text and back, as encryption does.

    A codec may have `fingerprint(text) -> str` too, the same for the same text: hooks and signals meet by it. Without one it is SHA-256,
    which doesn't hide what can be guessed; make it an HMAC under the codec's own key.
    """

    def encode(self, text: str) -> str:
        """The text to store."""
        ...

    def decode(self, text: str) -> str:
        """What `encode` was given."""
        ...


class _Registry:
    codec: Codec | None = None


def register(codec: Codec | None) -> None:
    """Use a codec for everything stored from here on, in this process; None = plain JSON. Stored values of either kind stay readable."""
    _Registry.codec = codec


def register_from(place: str | None) -> None:
    """Register the codec that the setting `codec` names, `module:name`, unless one is registered. Raises SettingsError."""
    if place is None or _Registry.codec is not None:
        return
    module, _, name = place.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        found = getattr(importlib.import_module(module), name)
        chosen = found() if isinstance(found, type) else found
    except Exception as error:
        raise SettingsError(f"the codec {place} can't be had: {type(error).__name__}: {error}") from error
    if not (callable(getattr(chosen, "encode", None)) and callable(getattr(chosen, "decode", None))):
        raise SettingsError(f"{place} is no codec: it has no encode(text) and decode(text)")
    register(chosen)


def is_registered() -> bool:
    """Whether payloads are encoded."""
    return _Registry.codec is not None


def to_text(payload: Json) -> str:
    """The JSON text that is stored for a payload. Raises TypeError for what is not JSON."""
    text = dumps(payload)
    return text if _Registry.codec is None else dumps(PREFIX + _Registry.codec.encode(text))


def from_text(text: str) -> Json:
    """The payload of a stored text. Raises ValueError when it was encoded and no codec is registered."""
    return decoded(loads(text))


def encoded(payload: Json) -> Json:
    """A payload as it stands inside a stored document."""
    return payload if _Registry.codec is None else PREFIX + _Registry.codec.encode(dumps(payload))


def encoded_after(beginning: str, text: str) -> str:
    """A text that begins readably, for those who look for it, and goes on as a payload."""
    return f"{beginning}{encoded(text)}"


def decoded_after(text: str | None) -> str | None:
    """What `encoded_after` made, readable."""
    beginning, mark, rest = (text or "").partition(PREFIX)
    return text if not mark or _Registry.codec is None else f"{beginning}{decoded(PREFIX + rest)}"


def decoded(value: Json) -> Json:
    """What `encoded` was given."""
    if not isinstance(value, str) or not value.startswith(PREFIX) or _Registry.codec is None:
        return value
    return loads(_Registry.codec.decode(value[len(PREFIX) :]))


def sealed_key(key: str) -> str:
    """What a hook meets its signals by, as it is stored: its fingerprint, and the key encoded for those who look at the hook."""
    return key if _Registry.codec is None else f"{_fingerprint(key)} {encoded(key)}"


def key_prints(keys: list[str]) -> list[str]:
    """What a signal meets hooks by: fingerprints, and beside them the keys of hooks that began to wait before there was a codec."""
    return keys if _Registry.codec is None else [*(_fingerprint(key) for key in keys), *keys]


def unsealed_key(key: str, sealed: str | None) -> str | None:
    """The key behind a stored one; None when it can't be read."""
    if sealed is None:
        return None if key.startswith(PREFIX) else key
    return None if _Registry.codec is None else str(decoded(sealed))


def _fingerprint(key: str) -> str:
    make = getattr(_Registry.codec, "fingerprint", None)
    return PREFIX + (make(key) if make is not None else hashlib.sha256(key.encode()).hexdigest())


def fields_to_json(fields: dict[str, Json], plain: tuple[str, ...]) -> dict[str, Json]:
    """A document of which the fields `plain` stay readable, and all of it is encoded."""
    if _Registry.codec is None:
        return fields
    return {name: fields[name] for name in plain if name in fields} | {"encoded": encoded(fields)}


def fields_from_json(stored: dict[str, Json]) -> dict[str, Json]:
    """What `fields_to_json` was given; without its codec, what is readable of it."""
    if _Registry.codec is None or not isinstance(stored.get("encoded"), str):
        return stored
    fields: dict[str, Json] = decoded(stored["encoded"])
    return fields


def error_to_text(error: Json) -> str:
    """The JSON text that is stored for a job's error."""
    if _Registry.codec is None:
        return dumps(error)
    return dumps({name: error[name] for name in PLAIN if name in error} | {"encoded": encoded(error)})


def error_from_text(text: str) -> Json:
    """The error of a stored text; without its codec, what is readable of it."""
    return error_decoded(loads(text))


def error_decoded(stored: Json) -> Json:
    """A job's error from the stored document."""
    if not isinstance(stored, dict) or "encoded" not in stored:
        return decoded(stored)
    if _Registry.codec is None:
        plain = {name: stored[name] for name in PLAIN if name in stored}
        return plain | {"message": "the error is encoded; register the codec to read it"}
    return decoded(stored["encoded"])
