"""`JSON.stringify` (ECMA-262, "SerializeJSONProperty") over the values of the language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any, Final

from hotmesh.expr.numerals import number_text
from hotmesh.expr.values import check_length, own_keys, to_json
from hotmesh.values import UNDEFINED


def serialize(value: Any, keys: list[str] | None, gap: str) -> Any:
    """The JSON text of a value, UNDEFINED for UNDEFINED. Raises Fault when the text passes the limit."""
    if value is UNDEFINED:
        return UNDEFINED
    parts, size = [], 0
    for part in _pieces(value, keys, gap, "\n"):
        size += len(part)
        check_length(size)
        parts.append(part)
    return "".join(parts)


def quoted(text: str) -> str:
    """The JSON text of a string; lone surrogates are escaped, all else beyond ASCII stands as it is."""
    return _LONE.sub(lambda match: f"\\u{ord(match.group()):04x}", encode_basestring(text))


_LONE: Final = re.compile("[\ud800-\udfff]")


def _pieces(value: Any, keys: list[str] | None, gap: str, line: str) -> Iterator[str]:
    if isinstance(value, str):
        yield quoted(value)
    elif isinstance(value, dict):
        names = own_keys(value) if keys is None else [key for key in keys if key in value]
        members = [(f"{quoted(key)}:{' ' if gap else ''}", value[key]) for key in names if value[key] is not UNDEFINED]
        yield from _bracketed("{}", members, keys, gap, line)
    elif isinstance(value, list):
        yield from _bracketed("[]", [("", item) for item in value], keys, gap, line)
    else:
        yield _scalar(value)


def _scalar(value: Any) -> str:
    plain = to_json(value)
    if isinstance(plain, str):
        return quoted(plain)
    return "null" if plain is None else ("true" if plain else "false") if isinstance(plain, bool) else number_text(plain)


def _bracketed(brackets: str, members: list[tuple[str, Any]], keys: list[str] | None, gap: str, line: str) -> Iterator[str]:
    inner = line + gap if gap else ""
    yield brackets[0]
    for number, (label, item) in enumerate(members):
        yield ("," if number else "") + inner + label
        yield from _pieces(item, keys, gap, line + gap)
    if members and gap:
        yield line
    yield brackets[1]
