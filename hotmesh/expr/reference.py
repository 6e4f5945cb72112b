"""The reference of the functions, from their declarations: `hotmesh pipe --help string.padStart` and docs/reference/pipes.md."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hotmesh.expr.functions import DOMAINS, FUNCTIONS
from hotmesh.expr.numerals import number_text
from hotmesh.expr.serialization import quoted
from hotmesh.expr.signature import ANY, Function
from hotmesh.values import UNDEFINED

TITLES: Final = {
    "array": "Lists",
    "bitwise": "Bits",
    "conditional": "Choices and comparisons",
    "cron": "Cron",
    "date": "Dates",
    "json": "JSON texts",
    "logical": "Logic",
    "math": "Arithmetic",
    "number": "Numbers",
    "object": "Maps",
    "string": "Texts",
    "symbol": "Values that are hard to write",
    "unary": "Operators of one value",
}
"""What each domain is about."""


def explain(topic: str) -> str | None:
    """What is to say of a function ('string.padStart'), a domain ('string'), or all 'functions'; None for anything else."""
    name = topic.strip().removeprefix("{@").removesuffix("}")
    if name == "functions":
        return "\n\n".join(_domain_text(domain) for domain in DOMAINS)
    if name in DOMAINS:
        return _domain_text(name)
    function = FUNCTIONS.get(name)
    return _function_text(function) if function else None


def _domain_text(domain: str) -> str:
    width = max(len(function.full_name) for function in DOMAINS[domain])
    lines = [f"  {function.full_name:{width}}  {_first_sentence(function.summary)}" for function in DOMAINS[domain]]
    return "\n".join([f"{domain}: {TITLES[domain].lower()}", *lines])


def _first_sentence(summary: str) -> str:
    return summary.partition("; ")[0].partition(". ")[0].rstrip(".").replace("`", "")


def _function_text(function: Function) -> str:
    lines = [f"{signature(function)}", "", f"  {function.summary.replace('``', '`')}"]
    if function.example.result != ANY:
        lines += ["", f"  {call_text(function)}", f"  = {literal(function.example.result)}"]
    return "\n".join([*lines, "", "  In a pipe:", *(f"    - {row}" for row in rows_of(function))])


def signature(function: Function) -> str:
    """'string.padStart(text: string, length: number, fill?: string) → string'"""
    return f"{function.full_name}({', '.join(map(str, function.parameters))}) → {function.returns}"


def call_text(function: Function) -> str:
    """The example as a call: 'string.padStart("5", 3, "0")'."""
    return f"{function.full_name}({', '.join(map(literal, function.example.arguments))})"


def rows_of(function: Function) -> list[str]:
    """The example as the rows of a pipe, in YAML's flow style."""
    arguments = function.example.arguments
    return [*([literal(list(arguments))] if arguments else []), f"['{{@{function.full_name}}}']"]


def literal(value: Any) -> str:
    """A value as examples show it: JSON, with names for what JSON lacks."""
    if value is UNDEFINED:
        return "undefined"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return "-0" if value == 0 and math.copysign(1, value) < 0 else number_text(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{quoted(key)}: {literal(item)}' for key, item in value.items())}}}"
    return f"[{', '.join(map(literal, value))}]"


def page() -> str:
    """docs/reference/pipes.md."""
    return "\n".join(_page_lines())


def _page_lines() -> Iterator[str]:
    yield _HEAD
    for domain, functions in DOMAINS.items():
        yield f"\n## `{domain}`: {TITLES[domain].lower()}\n"
        yield "| function | gives | what it does | example |\n|---|---|---|---|"
        yield from map(_table_row, functions)
    yield ""


def _table_row(function: Function) -> str:
    name, _, parameters = signature(function).rpartition(" → ")[0].partition("(")
    shown = f"`{_cell(call_text(function).partition('.')[2])}` = `{_cell(literal(function.example.result))}`"
    example = shown if function.example.result != ANY else ""
    return f"| `{name.partition('.')[2]}({_cell(parameters)}` | {_cell(function.returns)} | {_cell(function.summary)} | {example} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "\\n")


_HEAD: Final = """\
# @pipe: the functions

This page is written from the declarations of the functions by `python -m hotmesh.expr.reference`; a test runs every example.
`hotmesh pipe --help string.padStart` shows the same for one function, `hotmesh pipe '[…]' --trace` tries a pipe.

A function is called `{@domain.name}`. In the first cell of a row it receives the values of the row before (or those of the
sub-pipes since); anywhere else it gets no arguments. `?` marks an argument that may be missing, `...` any number of them. The types:
`any`, `boolean`, `number`, `string`, `list`, `map`, and `date` (ISO 8601 text, epoch milliseconds, or what `date.fromISOString`
gives). A method (one whose first argument is a `string`, a `list`, a `number` or a `date` with a type that matters) raises an error
590 when that argument is of another type; every other argument is converted as ECMAScript does. No function changes its arguments.

Dates are in UTC. Indexes into strings count UTF-16 code units. Results of `math` may differ in their last digit from machine to
machine, as ECMAScript allows."""


PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "pipes.md"
"""Where the page lies in a checkout."""

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
