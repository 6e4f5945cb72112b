"""The expression language: templates of literals, `{references}` and `@pipe`s, compiled to closures. Pure: no I/O, no clock.

In the order of the data: `syntax` reads strings, `rows` and `compile` make closures of templates, `reduce` and `calls` are what
closures are made of, `functions` is the library, `values` converts as ECMAScript does, `check` finds mistakes beforehand.
"""

from __future__ import annotations

from hotmesh.expr.check import FINDINGS, Finding, check
from hotmesh.expr.compile import compile_template
from hotmesh.expr.dates import Date
from hotmesh.expr.evaluate import TracedRow, evaluate_pipe, trace_pipe
from hotmesh.expr.functions import DOMAINS, FUNCTIONS
from hotmesh.expr.paths import walk
from hotmesh.expr.references import gives_json, references
from hotmesh.expr.scope import BOUND, DataScope, Scope
from hotmesh.expr.signature import Function, Parameter
from hotmesh.expr.syntax import FunctionName, Literal, Malformed, Reference, parse_reference, parse_text
from hotmesh.expr.values import strict_equals, to_json

__all__ = [
    "BOUND",
    "DOMAINS",
    "FINDINGS",
    "FUNCTIONS",
    "DataScope",
    "Date",
    "Finding",
    "Function",
    "FunctionName",
    "Literal",
    "Malformed",
    "Parameter",
    "Reference",
    "Scope",
    "TracedRow",
    "check",
    "compile_template",
    "evaluate_pipe",
    "gives_json",
    "parse_reference",
    "parse_text",
    "references",
    "strict_equals",
    "to_json",
    "trace_pipe",
    "walk",
]
