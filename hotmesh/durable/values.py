"""Arguments and results as JSON and back: out by what a value is (encoding), in by the annotation on the receiving side (decoding)."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hotmesh.durable.decoding import decode as decode
from hotmesh.durable.encoding import encode as encode
from hotmesh.durable.hints import hints_of
from hotmesh.values import Json


@functools.lru_cache(maxsize=4096)
def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def result_type(function: Any) -> Any:
    """What a function's annotations say it returns (of an async function: what its await gives)."""
    return hints_of(_unwrapped(function)).get("return", Any) if callable(function) else Any


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
    hints, signature = hints_of(_unwrapped(function)), _signature(_unwrapped(function))
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
