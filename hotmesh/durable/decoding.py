"""JSON as what an annotation says.

Of a union, the first member that the value fits counts, in the order in which they are written: `datetime | str` makes a datetime of a text
that is one. Without an annotation, JSON stays JSON; None is let through everywhere, as Python does.
"""

from __future__ import annotations

import base64
import collections
import dataclasses
import enum
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict
from uuid import UUID

from hotmesh.durable.encoding import encode
from hotmesh.durable.hints import hints_of
from hotmesh.duration import parse_duration
from hotmesh.errors import SerializationError
from hotmesh.values import Json, copied, dumps

_READERS: dict[type, Callable[[Any], object]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
    UUID: UUID,
    Decimal: Decimal,
    bytes: lambda text: base64.b64decode(text, validate=True),
    bytearray: lambda text: bytearray(base64.b64decode(text, validate=True)),
    timedelta: lambda value: timedelta(seconds=parse_duration(value)),
}
_PLAIN: dict[Any, tuple[type, ...]] = {str: (str,), bool: (bool,), int: (int,), float: (float, int), list: (list,), dict: (dict,)}
_WORDS = {str: "a text", bool: "true or false", int: "a whole number", float: "a number", list: "a list", dict: "a map"}
_SCALARS = (str, bool, int, float)
_ANYTHING = (Any, None, object, inspect.Parameter.empty)


def decode(value: Json, annotation: Any, path: str = "value") -> Any:
    """A JSON value as what `annotation` says (anything unknown: as it is), in maps and lists that are the receiver's own.

    Raises SerializationError when it doesn't fit.
    """
    if type(value) is annotation and annotation in _SCALARS:
        return value
    if value is None or annotation in _ANYTHING or isinstance(annotation, (str, TypeVar)):
        return copied(value)
    try:
        return _decode(value, annotation, path)
    except SerializationError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as reason:
        raise SerializationError(f"{path} is {value!r:.80}, which is no {_name(annotation)}: {_told(reason)}") from reason


def _decode(value: Json, annotation: Any, path: str) -> Any:
    if annotation in _PLAIN:
        return _plain(value, annotation, path)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _member(value, arguments, path)
    if origin is Annotated:
        return decode(value, arguments[0], path)
    if origin is Literal:
        return next((each for each in arguments if encode(each, path) == value), copied(value))
    if origin is not None:
        return _generic(value, origin, arguments, path)
    if isinstance(annotation, type):
        return _class(value, annotation, path)
    beneath = getattr(annotation, "__supertype__", None) or getattr(annotation, "__value__", None)
    return copied(value) if beneath is None else decode(value, beneath, path)


def _plain(value: Json, kind: type, path: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, _PLAIN[kind]):
        raise SerializationError(f"{path} is {value!r:.80}, not {_WORDS[kind]}")
    return copied(value)


def _class(value: Json, kind: type, path: str) -> Any:
    if is_typeddict(kind):
        hints = get_type_hints(kind)
        return {name: decode(item, hints.get(name, Any), f"{path}.{name}") for name, item in _map(value, path).items()}
    if issubclass(kind, enum.Enum):
        return _enumerated(value, kind)
    if kind in _READERS:
        return _READERS[kind](value)
    if dataclasses.is_dataclass(kind):
        return _dataclass(_map(value, path), kind, {}, path)
    if hasattr(kind, "model_validate_json"):
        return kind.model_validate_json(dumps(value))
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        named = hints_of(kind)
        return kind(*(decode(item, named.get(name, Any), f"{path}.{name}") for name, item in zip(kind._fields, value, strict=True)))
    if issubclass(kind, (tuple, set, frozenset, collections.deque)):
        return kind(_list(value, path))
    return kind(value) if issubclass(kind, PurePath) else copied(value)


def _enumerated(value: Json, kind: type[enum.Enum]) -> enum.Enum:
    try:
        return kind(value)
    except ValueError:
        for member in kind:
            if encode(member.value, member.name) == value:
                return member
        raise


def _dataclass(value: dict[str, Json], kind: Any, variables: Mapping[Any, Any], path: str) -> Any:
    hints = hints_of(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    given = {name: decode(item, _filled_in(hints[name], variables), f"{path}.{name}") for name, item in value.items() if name in fields}
    made = kind(**{name: item for name, item in given.items() if fields[name].init})
    for name, item in given.items():
        if not fields[name].init:
            object.__setattr__(made, name, item)
    return made


def _filled_in(hint: Any, variables: Mapping[Any, Any]) -> Any:
    """A field's annotation with the type variables of its generic class replaced."""
    if not variables:
        return hint
    if isinstance(hint, TypeVar):
        return variables.get(hint, Any)
    parameters = getattr(hint, "__parameters__", ())
    return hint[tuple(variables.get(each, Any) for each in parameters)] if parameters else hint


def _generic(value: Json, origin: Any, arguments: tuple[Any, ...], path: str) -> Any:
    if dataclasses.is_dataclass(origin):
        return _dataclass(_map(value, path), origin, dict(zip(getattr(origin, "__parameters__", ()), arguments, strict=False)), path)
    if hasattr(origin, "model_validate_json"):
        return origin[arguments].model_validate_json(dumps(value))
    if not isinstance(origin, type):
        return decode(value, origin, path)
    if issubclass(origin, Mapping):
        of_key, of_value = arguments if len(arguments) == 2 else (Any, Any)
        return {_key(key, of_key, path): decode(item, of_value, f"{path}.{key}") for key, item in _map(value, path).items()}
    if origin is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis):
        return _tuple(_list(value, path), arguments, path)
    if issubclass(origin, (Sequence, AbstractSet)) and not issubclass(origin, str):
        items = [decode(item, arguments[0], f"{path}[{n}]") for n, item in enumerate(_list(value, path))]
        return origin(items) if origin in _COLLECTIONS else set(items) if issubclass(origin, AbstractSet) else items
    return decode(value, origin, path)


_COLLECTIONS = (tuple, set, frozenset, collections.deque)


def _tuple(items: list[Json], arguments: tuple[Any, ...], path: str) -> tuple[Any, ...]:
    if len(items) != len(arguments):
        raise SerializationError(f"{path} has {len(items)} items, not {len(arguments)}")
    return tuple(decode(item, kind, f"{path}[{n}]") for n, (item, kind) in enumerate(zip(items, arguments, strict=True)))


def _list(value: Json, path: str) -> list[Json]:
    if not isinstance(value, list):
        raise SerializationError(f"{path} is {value!r:.80}, not a list")
    return value


def _map(value: Json, path: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise SerializationError(f"{path} is {value!r:.80}, not a map")
    return value


def _key(key: str, annotation: Any, path: str) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return next((each for each in annotation if str(each.value) == key), None) or annotation(key)
    return int(key) if annotation is int else decode(key, annotation, f"a key of {path}")


def _member(value: Json, members: tuple[Any, ...], path: str) -> Any:
    if type(value) in (int, float, bool) and type(value) in members:
        return value
    for member in members:
        if member in _PLAIN and type(value) not in _PLAIN[member]:
            continue
        try:
            return decode(value, member, path) if member is not type(None) else _none(value, path)
        except SerializationError:
            continue
    if any(member in (Any, object) for member in members):
        return copied(value)
    raise SerializationError(f"{path} is {value!r:.80}, which is none of {', '.join(map(_name, members))}")


def _none(value: Json, path: str) -> None:
    raise SerializationError(f"{path} is {value!r:.80}, not None")


def _name(annotation: Any) -> str:
    return getattr(annotation, "__qualname__", None) or str(annotation)


def _told(reason: Exception) -> str:
    """An error in one line; of pydantic's, what is wrong where."""
    errors = getattr(reason, "errors", None)
    if not callable(errors):
        return str(reason)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}" for each in errors())
