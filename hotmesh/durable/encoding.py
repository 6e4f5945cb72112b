"""Values as JSON, by what they are.

dataclasses and pydantic models become objects; datetime, date, time, UUID and Decimal their text; bytes base64; enums their value;
timedelta its seconds; tuples, sets and other sequences lists.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Any
from uuid import UUID

from hotmesh.errors import SerializationError
from hotmesh.values import Json

_TEXTS: dict[type, Callable[[Any], Json]] = {
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    UUID: str,
    Decimal: str,
    bytes: lambda value: base64.b64encode(value).decode(),
    bytearray: lambda value: base64.b64encode(value).decode(),
    timedelta: timedelta.total_seconds,
}
_PLAIN = (str, bool, type(None))
_LARGEST = 2**64
DEEPEST = 200


def encode(value: object, path: str) -> Json:
    """The JSON of a value; `path` names it in errors. Raises SerializationError naming the path to what has no JSON form."""
    return value if type(value) in _PLAIN else _encode(value, path, 0)


def _encode(value: object, path: str, depth: int) -> Json:
    if type(value) in _PLAIN:
        return value
    if depth > DEEPEST:
        raise SerializationError(f"{path} is nested deeper than {DEEPEST} levels, or contains itself")
    if isinstance(value, enum.Enum):
        return _encode(value.value, path, depth + 1)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(value, path)
    if isinstance(value, (str, bool)):
        return value
    if isinstance(value, Mapping):
        return {_key(key, path): _encode(item, f"{path}.{key}", depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode(item, f"{path}[{number}]", depth + 1) for number, item in enumerate(value)]
    return _object(value, path, depth)


def _number(value: float, path: str) -> Json:
    if isinstance(value, int):
        if not -(2**63) <= value < _LARGEST:
            raise SerializationError(f"{path} is {value:.3g}, an integer of more than 64 bits, which JSON can't carry; pass it as text")
        return int(value)
    if not math.isfinite(value):
        raise SerializationError(f"{path} is {value}, which JSON can't carry; pass None or a text")
    return float(value)


def _key(key: object, path: str) -> str:
    plain = key.value if isinstance(key, enum.Enum) else key
    if isinstance(plain, str):
        return plain
    if isinstance(plain, (int, UUID, date)) and not isinstance(plain, bool):
        return str(plain)
    raise SerializationError(f"{path} has the key {key!r}; the keys of a map are texts in JSON")


def _object(value: object, path: str, depth: int) -> Json:
    for kind, write in _TEXTS.items():
        if isinstance(value, kind):
            return write(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [f.name for f in dataclasses.fields(value)]
        return {name: _encode(getattr(value, name), f"{path}.{name}", depth + 1) for name in fields}
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, AbstractSet):
        return sorted((_encode(item, f"{path}{{}}", depth + 1) for item in value), key=repr)
    if hasattr(type(value), "model_dump"):
        return _encode(_dumped(value, path), path, depth + 1)
    if isinstance(value, Sequence):
        return [_encode(item, f"{path}[{number}]", depth + 1) for number, item in enumerate(value)]
    if inspect.isawaitable(value):
        raise SerializationError(f"{path} is a call that was not awaited; write `await` before it")
    raise SerializationError(f"{path} is a {type(value).__qualname__}, which has no form in JSON; {_ADVICE}")


def _dumped(model: Any, path: str) -> object:
    """A pydantic model as JSON types, as its own settings say."""
    try:
        return model.model_dump(mode="json")
    except ValueError as reason:
        advice = "let it write bytes as base64: model_config = ConfigDict(ser_json_bytes='base64', val_json_bytes='base64')"
        told = advice if isinstance(reason, UnicodeDecodeError) else str(reason)
        raise SerializationError(f"{path} is a {type(model).__qualname__} that pydantic can't write as JSON; {told}") from reason


_ADVICE = "pass JSON types, dataclasses, pydantic models, datetime, UUID, Decimal, bytes or enums"
