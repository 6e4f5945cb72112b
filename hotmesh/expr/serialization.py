"""`JSON.stringify` (ECMA-262, "SerializeJSONProperty") over the values of the language."""

from __future__ import annotations

import re
from json.encoder import encode_basestring
from typing import Any, Final

from hotmesh.expr.numerals import number_text
from hotmesh.expr.values import check_length, own_keys, to_json
from hotmesh.values import UNDEFINED


def serialize(value: Any, keys: list[str] | None, gap: str) -> Any:
    """The JSON text of a value, UNDEFINED for UNDEFINED; `keys` are the members to write, None = all. Raises Fault when it is too long."""
    return UNDEFINED if value is UNDEFINED else _Writer(keys, gap).text(value, "\n")


def quoted(text: str) -> str:
    """The JSON text of a string; lone surrogates are escaped, all else beyond ASCII stands as it is."""
    return _LONE.sub(lambda match: f"\\u{ord(match.group()):04x}", encode_basestring(text))


_LONE: Final = re.compile("[\ud800-\udfff]")


class _Writer:
    """Writes one value. A list or a map that occurs many times is written once, else a small value could take for ever."""

    def __init__(self, keys: list[str] | None, gap: str) -> None:
        self._keys = keys
        self._gap = gap
        self._known: dict[tuple[int, int], str] = {}

    def text(self, value: Any, line: str) -> str:
        """The text of a value; `line` is the line break and the indentation where it stands."""
        if isinstance(value, str):
            return quoted(value)
        if not isinstance(value, (dict, list, tuple)):
            return _scalar(value)
        place = id(value), len(line)
        if place not in self._known:
            members = self._members(value, line + self._gap)
            self._known[place] = self._bracketed("{}" if isinstance(value, dict) else "[]", members, line)
        return self._known[place]

    def _members(self, value: Any, line: str) -> list[str]:
        if isinstance(value, (list, tuple)):
            return [self.text(item, line) for item in value]
        names = own_keys(value) if self._keys is None else [key for key in self._keys if key in value]
        colon = ": " if self._gap else ":"
        return [f"{quoted(name)}{colon}{self.text(value[name], line)}" for name in names if value[name] is not UNDEFINED]

    def _bracketed(self, brackets: str, members: list[str], line: str) -> str:
        inner = line + self._gap if self._gap else ""
        check_length(sum(map(len, members)) + len(members) * (len(inner) + 1))
        end = line if members and self._gap else ""
        return brackets[0] + inner * bool(members) + f",{inner}".join(members) + end + brackets[1]


def _scalar(value: Any) -> str:
    plain = to_json(value)
    if isinstance(plain, str):
        return quoted(plain)
    return "null" if plain is None else ("true" if plain else "false") if isinstance(plain, bool) else number_text(plain)
