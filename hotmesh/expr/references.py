"""Which references a template holds, and whether it holds anything else."""

from __future__ import annotations

from collections.abc import Iterator

from hotmesh.expr.scope import BOUND
from hotmesh.expr.syntax import Literal, Reference, parse_text
from hotmesh.values import Json


def references(template: Json) -> list[tuple[str, tuple[str, ...]]]:
    """The references of a template, those in its pipes too, as (root, path) in document order, each one once.

    `$item` and the other names that an @reduce binds are left out where one binds them.
    """
    return list(dict.fromkeys(_references(template, in_reduce=False)))


def gives_json(template: Json) -> bool:
    """Whether the value of a template is plain JSON as soon as the values of its references are: it has maps, references and texts only.

    (A pipe may give dates or NaN; a list keeps what is undefined.)
    """
    if isinstance(template, str):
        return isinstance(parse_text(template), (Literal, Reference))
    if isinstance(template, dict):
        return not template.keys() & {"@pipe", "@reduce"} and all(map(gives_json, template.values()))
    return template is None or isinstance(template, (bool, int))


def _references(template: Json, *, in_reduce: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(template, str):
        parsed = parse_text(template)
        if isinstance(parsed, Reference) and not (in_reduce and parsed.root in BOUND):
            yield parsed.root, parsed.path
    elif isinstance(template, dict):
        for key, item in template.items():
            yield from _references(item, in_reduce=in_reduce or key == "@reduce")
    elif isinstance(template, (list, tuple)):
        for item in template:
            yield from _references(item, in_reduce=in_reduce)
