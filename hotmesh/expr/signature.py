"""How a pipe function is declared: its implementation, its parameters, one line that says what it does, and a tested example."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

KINDS: Final = ("any", "boolean", "number", "string", "list", "map", "date", "collection")
"""The types of parameters and results. `collection` is a list, a map or a string; types are joined by `|`."""


_ACCEPTED: Final = {"collection": ("list", "map", "string", "boolean", "number", "date"), "date": ("date", "string", "number")}
_CONVERTED: Final = {
    "number": ("boolean", "string", "date", "null", "undefined", "list"),
    "string": ("boolean", "number", "date", "list", "null", "undefined"),
    "boolean": ("number", "string", "list", "map", "date", "null", "undefined"),
}
_NOUNS: Final = {
    "any": "anything",
    "boolean": "a boolean",
    "number": "a number",
    "string": "a string",
    "list": "a list",
    "map": "a map",
    "date": "an ISO 8601 text, epoch milliseconds or a date",
    "collection": "a value",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function."""

    name: str
    kinds: tuple[str, ...]
    optional: bool = False
    variadic: bool = False

    @property
    def accepts(self) -> tuple[str, ...]:
        """The types of values it takes as they are."""
        kinds = tuple(kind for name in self.kinds for kind in _ACCEPTED.get(name, (name,)))
        return (*kinds, "null", "undefined") if self.optional else kinds

    @property
    def converts(self) -> tuple[str, ...]:
        """The types of values it takes or converts to something useful."""
        return (*self.accepts, *(kind for name in self.kinds for kind in _CONVERTED.get(name, ())))

    @property
    def expected(self) -> str:
        """Its types, as messages say them."""
        return " or ".join(_NOUNS.get(name, name) for name in self.kinds)

    def __str__(self) -> str:
        mark = "?" if self.optional else ""
        return f"{'...' if self.variadic else ''}{self.name}{mark}: {'|'.join(self.kinds)}"


@dataclass(frozen=True)
class Example:
    """A call and its result, as a test runs it and the reference shows it. `note` tells what is not plain from the values."""

    arguments: tuple[Any, ...]
    result: Any


@dataclass(frozen=True)
class Function:
    """One function of the library.

    `signature` reads like `text: string, length: number, fill?: string` with `...items: any` last. A `method` raises when its first
    argument has another type than declared; every other argument is converted as ECMAScript does. A function with `context` is given
    the scope before its arguments, for the moment or the seed. `fold(start, values)` is what calling it with the result so far and
    the next value comes to, for a function that can do so faster at once.
    """

    full_name: str
    call: Callable[..., Any]
    signature: str
    returns: str
    summary: str
    example: Example
    method: bool = False
    context: bool = False
    fold: Callable[[Any, list[Any]], Any] | None = None

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters that `signature` spells."""
        return tuple(_parameter(text) for text in self.signature.split(", ")) if self.signature else ()

    @cached_property
    def required(self) -> int:
        """How many arguments it needs."""
        return sum(not (parameter.optional or parameter.variadic) for parameter in self.parameters)

    @cached_property
    def most(self) -> int | None:
        """How many arguments it takes; None = any number."""
        return None if any(parameter.variadic for parameter in self.parameters) else len(self.parameters)

    @property
    def takes_arguments(self) -> bool:
        return bool(self.signature)

    def parameter_at(self, index: int) -> Parameter | None:
        """The parameter that the argument number `index` fills."""
        if index < len(self.parameters):
            return self.parameters[index]
        return self.parameters[-1] if self.most is None else None


_PARAMETER: Final = re.compile(r"(\.\.\.)?(\w+)(\?)?: ([\w|]+)")


def _parameter(text: str) -> Parameter:
    match = _PARAMETER.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no parameter")
    dots, name, mark, kinds = match.groups()
    return Parameter(name, tuple(kinds.split("|")), optional=bool(mark), variadic=bool(dots))


ANY: Final = "…"
"""Stands in an example for a result that is never twice the same."""


def example(*arguments: Any, gives: Any) -> Example:
    """`example("5", 3, "0", gives="005")`"""
    return Example(arguments, gives)
