"""Arguments and results as JSON and back.

Out: by what a value is. dataclasses and pydantic models become objects; datetime, date, time, UUID and Decimal their text; bytes base64;
enums their value; timedelta its seconds; tuples and sets lists. In: by the annotation on the receiving side; without one, JSON stays JSON.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import functools
import inspect
import math
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict
from uuid import UUID

from hotmesh.duration import parse_duration
from hotmesh.errors import SerializationError
from hotmesh.values import Json, copied

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
_READERS: dict[type, Callable[[Any], object]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
    UUID: UUID,
    Decimal: Decimal,
    bytes: base64.b64decode,
    bytearray: lambda text: bytearray(base64.b64decode(text)),
    timedelta: lambda value: timedelta(seconds=parse_duration(value)),
    float: float,
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
    if hasattr(type(value), "model_validate"):
        return _encode(value.model_dump(mode="json"), path, depth + 1)  # type: ignore[attr-defined]
    if inspect.isawaitable(value):
        raise SerializationError(f"{path} is a call that was not awaited; write `await` before it")
    raise SerializationError(f"{path} is a {type(value).__qualname__}, which has no form in JSON; {_ADVICE}")


_ADVICE = "pass JSON types, dataclasses, pydantic models, datetime, UUID, Decimal, bytes or enums"


def decode(value: Json, annotation: Any, path: str = "value") -> Any:
    """A JSON value as what `annotation` says (anything unknown: as it is), in maps and lists that are the receiver's own.

    Raises SerializationError when it doesn't fit.
    """
    if annotation in (Any, None, object, inspect.Parameter.empty, str, bool, int, list, dict) or isinstance(annotation, (str, TypeVar)):
        return copied(value)
    try:
        return _decode(value, annotation, path)
    except SerializationError:
        raise
    except (ValueError, TypeError, KeyError, ArithmeticError) as reason:
        raise SerializationError(f"{path} is {value!r:.80}, which is no {_name(annotation)}: {reason}") from reason


def _decode(value: Json, annotation: Any, path: str) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _member(value, arguments, path)
    if origin is Annotated:
        return decode(value, arguments[0], path)
    if value is None or origin is Literal:
        return value
    if origin is not None:
        return _generic(value, origin, arguments, path)
    return _plain_class(value, annotation, path) if isinstance(annotation, type) else copied(value)


def _plain_class(value: Json, kind: type, path: str) -> Any:
    if is_typeddict(kind):
        hints = get_type_hints(kind)
        return {name: decode(item, hints.get(name, Any), f"{path}.{name}") for name, item in value.items()}
    if issubclass(kind, enum.Enum):
        return kind(value)
    if kind in _READERS:
        return _READERS[kind](value)
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        return _dataclass(value, kind, path)
    if hasattr(kind, "model_validate"):
        return kind.model_validate(value)
    if issubclass(kind, (tuple, set, frozenset, PurePath)):
        return kind(*value) if hasattr(kind, "_fields") else kind(value)
    return copied(value)


def _dataclass(value: dict[str, Json], kind: type, path: str) -> Any:
    hints = _hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    given = {name: decode(item, hints[name], f"{path}.{name}") for name, item in value.items() if name in fields}
    made = kind(**{name: item for name, item in given.items() if fields[name].init})
    for name, item in given.items():
        if not fields[name].init:
            object.__setattr__(made, name, item)
    return made


def _generic(value: Json, origin: Any, arguments: tuple[Any, ...], path: str) -> Any:
    if isinstance(origin, type) and issubclass(origin, Mapping):
        of_key, of_value = arguments if len(arguments) == 2 else (Any, Any)
        return {_decoded_key(key, of_key): decode(item, of_value, f"{path}.{key}") for key, item in value.items()}
    if origin is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis):
        return tuple(decode(item, kind, f"{path}[{n}]") for n, (item, kind) in enumerate(zip(value, arguments, strict=True)))
    if isinstance(origin, type) and issubclass(origin, (Sequence, AbstractSet)) and not issubclass(origin, str):
        items = [decode(item, arguments[0], f"{path}[{n}]") for n, item in enumerate(value)]
        return origin(items) if origin in (tuple, set, frozenset) else set(items) if issubclass(origin, AbstractSet) else items
    if hasattr(origin, "model_validate"):
        return origin[arguments].model_validate(value)
    return decode(value, origin, path)


def _decoded_key(key: str, annotation: Any) -> Any:
    return int(key) if annotation is int else decode(key, annotation, "key")


_JSON_TYPES: dict[Any, tuple[type, ...]] = {str: (str,), int: (int,), float: (int, float), bool: (bool,), type(None): (type(None),)}


def _member(value: Json, members: tuple[Any, ...], path: str) -> Any:
    """The value as the first member of a union that it fits exactly, else the first that takes it."""
    if value is None and type(None) in members:
        return None
    for member in members:
        if type(value) in _JSON_TYPES.get(member, ()):
            return value
    for member in members:
        if member in _JSON_TYPES:
            continue
        try:
            return decode(value, member, path)
        except SerializationError:
            continue
    return copied(value)


def _name(annotation: Any) -> str:
    return getattr(annotation, "__qualname__", None) or str(annotation)


@functools.lru_cache(maxsize=4096)
def _hints(owner: Any) -> Mapping[str, Any]:
    """The resolved annotations of a class or function; what can't be resolved counts as not annotated."""
    try:
        return get_type_hints(owner)
    except (NameError, TypeError, AttributeError):
        return _hints_one_by_one(owner)


def _hints_one_by_one(owner: Any) -> Mapping[str, Any]:
    names = vars(sys.modules[owner.__module__]) if getattr(owner, "__module__", None) in sys.modules else {}
    found: dict[str, Any] = {}
    for name, annotation in getattr(owner, "__annotations__", {}).items():
        try:
            found[name] = eval(annotation, dict(names)) if isinstance(annotation, str) else annotation
        except Exception:
            found[name] = Any
    return found


@functools.lru_cache(maxsize=4096)
def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def result_type(function: Any) -> Any:
    """What a function's annotations say it returns (of an async function: what its await gives)."""
    return _hints(_unwrapped(function)).get("return", Any) if callable(function) else Any


def _unwrapped(function: Any) -> Any:
    return inspect.unwrap(function)


def encode_call(arguments: Sequence[object], keywords: Mapping[str, object], name: str, function: Any = None) -> list[Json]:
    """A call's arguments as a list. With keywords, `function`'s signature puts them in order; without one, they are the list's last map.

    Raises SerializationError naming the argument; TypeError when the call doesn't fit the signature.
    """
    if isinstance(arguments, (str, bytes, Mapping)):
        raise TypeError(f"the arguments of {name} are a list, not {arguments!r:.80}; one argument is a list of one")
    if callable(function) and not keywords and len(arguments) in (plain := _plain_parameters(function)):
        return [encode(value, f"{name}({label})") for label, value in zip(plain[len(arguments)], arguments, strict=True)]
    signature = _signature(_unwrapped(function)) if callable(function) else None
    if signature is not None:
        try:
            bound = signature.bind(*arguments, **keywords)
        except TypeError as reason:
            raise TypeError(f"{name}(): {reason}") from None
        names = list(bound.arguments)
        if not bound.kwargs:
            labels = [*names, *(f"argument {n + 1}" for n in range(len(names), len(bound.args)))]
            return [encode(value, f"{name}({label})") for label, value in zip(labels, bound.args, strict=False)]
    listed = [encode(value, f"{name}(argument {n + 1})") for n, value in enumerate(arguments)]
    return [*listed, {KEYWORDS: {key: encode(value, f"{name}({key})") for key, value in keywords.items()}}] if keywords else listed


KEYWORDS = "$keywords"


@functools.lru_cache(maxsize=4096)
def _plain_parameters(function: Callable[..., Any]) -> Mapping[int, tuple[str, ...]]:
    """For each number of positional arguments that a function of plain parameters takes, their names; the short way of most calls."""
    signature = _signature(_unwrapped(function))
    parameters = list(signature.parameters.values()) if signature is not None else []
    if signature is None or any(each.kind not in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in parameters):
        return {}
    names = tuple(each.name for each in parameters)
    required = sum(each.default is each.empty for each in parameters)
    return {count: names[:count] for count in range(required, len(names) + 1)}


def decode_call(function: Callable[..., Any], arguments: Sequence[Json]) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arguments for `function`, read by its annotations. Raises SerializationError."""
    given = list(arguments)
    keywords: dict[str, Json] = {}
    if given and isinstance(given[-1], dict) and given[-1].keys() == {KEYWORDS}:
        keywords = given.pop()[KEYWORDS]
    hints, signature = _hints(_unwrapped(function)), _signature(_unwrapped(function))
    names = _positional(signature, len(given)) if signature else [""] * len(given)
    label = getattr(function, "__name__", "function")
    positional = [decode(value, hints.get(name, Any), f"{label}({name})") for name, value in zip(names, given, strict=True)]
    return positional, {key: decode(value, hints.get(key, Any), f"{label}({key})") for key, value in keywords.items()}


def _positional(signature: inspect.Signature, count: int) -> list[str]:
    """The parameter that each positional argument goes to."""
    names: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [parameter.name] * (count - len(names))
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    return (names + [""] * count)[:count]


def call_with(function: Callable[..., Any], arguments: Sequence[Json]) -> Any:
    """Call a function with JSON arguments, read by its annotations."""
    positional, keywords = decode_call(function, arguments)
    return function(*positional, **keywords)
