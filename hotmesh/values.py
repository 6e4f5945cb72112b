"""The values that every layer passes on: JSON, and the one thing JSON lacks, *undefined*."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import orjson

Json: TypeAlias = Any
"""A JSON value: None, bool, int, float, str, list[Json] or dict[str, Json]."""


class Undefined:
    """The type of `UNDEFINED`: a value that is not there. Falsy, equal only to itself, one per process."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = Undefined()
"""A missing value: dropped from maps and from JSON, distinct from null."""


def dumps(value: Json) -> str:
    """The compact JSON text of a JSON value. Raises TypeError for anything else."""
    return orjson.dumps(value).decode()


def canonical(value: Json) -> str:
    """The JSON text with sorted keys: equal texts for equal values, whatever the order of their keys."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def copied(value: Json) -> Json:
    """The same value in maps and lists of its own, for those who may change what they are given."""
    kind = type(value)
    if kind is dict:
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if kind is list else value


def loads(text: str | bytes) -> Json:
    """The value of a JSON text. Raises ValueError for text that is not JSON."""
    return orjson.loads(text)
