"""The job's own data as the workflow writes it: searchable fields (`search()`) and one JSON document (`entity()`).

Only the workflow writes them, so it knows what they hold without asking: every operation works on the execution's own copy, and its changes
are committed with the step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from hotmesh.durable.values import encode
from hotmesh.values import Json

if TYPE_CHECKING:
    from hotmesh.durable.run import WorkflowRun

ENTITY = "entity"
"""The field of the job's data that holds the document."""

RESULT = "result"
"""The field that holds what the workflow returned."""

_RESERVED = (ENTITY, RESULT)


class Search:
    """The job's searchable fields: each is a row of `jobs_attributes` whose symbol is its name."""

    def __init__(self, run: WorkflowRun) -> None:
        self._run = run

    async def set(self, *pairs: Any, **fields: Any) -> int:
        """Set fields: `set("a", 1, "b", 2)`, `set({"a": 1})` or `set(a=1)`; how many were new."""
        named = _fields(pairs, fields)
        new = sum(1 for name in named if self._run.data.get(name) is None)
        self._run.set_fields(named)
        return new

    async def get(self, name: str) -> Json:
        """A field's value, None when it isn't set."""
        return deepcopy(self._run.data.get(name))

    async def mget(self, *names: str) -> list[Json]:
        """Several fields' values."""
        return [deepcopy(self._run.data.get(name)) for name in names]

    async def delete(self, *names: str) -> int:
        """Unset fields (their rows hold null); how many were set."""
        there = [name for name in names if self._run.data.get(name) is not None]
        self._run.set_fields(dict.fromkeys(there))
        return len(there)

    async def incr(self, name: str, by: float = 1) -> float:
        """Add to a number, 0 when it isn't set; the new value. Raises TypeError when the field is no number."""
        return self._write(name, _number(self._run.data.get(name), name, 0) + _factor(by))

    async def mult(self, name: str, by: float) -> float:
        """Multiply a number, 1 when it isn't set; the new value. Raises TypeError when the field is no number."""
        return self._write(name, _number(self._run.data.get(name), name, 1) * _factor(by))

    def _write(self, name: str, value: float) -> float:
        self._run.set_fields(_fields((name, value), {}))
        return value


setattr(Search, "del", Search.delete)


def _fields(pairs: tuple[Any, ...], fields: Mapping[str, Any]) -> dict[str, Json]:
    if len(pairs) == 1 and isinstance(pairs[0], Mapping):
        named = {**pairs[0], **fields}
    elif len(pairs) % 2 == 0:
        named = {**dict(zip(pairs[::2], pairs[1::2], strict=True)), **fields}
    else:
        raise TypeError("search().set() takes names and values in pairs, a map, or keywords")
    return search_json(named)


def search_json(fields: Mapping[str, Any]) -> dict[str, Json]:
    """Search fields as JSON. Raises TypeError, ValueError, SerializationError."""
    if not isinstance(fields, Mapping):
        raise TypeError(f"search fields are a map of names to values, not {fields!r:.80}")
    for name in fields:
        if not isinstance(name, str) or not name or name in _RESERVED:
            raise ValueError(f"a search field can't be named {name!r}")
    return {name: encode(value, f"search field {name}") for name, value in fields.items()}


def _number(value: Json, name: str, missing: float) -> float:
    if value is None:
        return missing
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} holds {value!r}, which is no number")
    return value


def _factor(by: float) -> float:
    if isinstance(by, bool) or not isinstance(by, (int, float)):
        raise TypeError(f"{by!r} is no number")
    return by


class Entity:
    """The job's JSON document. Paths are dotted: `"customer.address.city"`, `"items.0"`."""

    def __init__(self, run: WorkflowRun) -> None:
        self._run = run

    async def get(self, path: str = "") -> Json:
        """The document, or the part at `path`; None when it isn't there."""
        return deepcopy(_at(self._document(), _segments(path)))

    async def set(self, document: Mapping[str, Any]) -> Json:
        """Replace the document; the new one."""
        return self._store(_map(document))

    async def merge(self, changes: Mapping[str, Any]) -> Json:
        """Merge deep: maps join, everything else is replaced; the new document."""
        return self._store(_merged(self._document(), _map(changes)))

    async def set_if_not_exists(self, path: str, value: Any) -> Json:
        """Set what isn't there yet; what is there now."""
        present = _at(self._document(), _segments(path))
        return deepcopy(present) if present is not None else self._change(path, lambda _: encode(value, path))

    async def append(self, path: str, value: Any) -> Json:
        """Add to the end of a list; the list."""
        return self._change(path, lambda items: [*_list(items, path), encode(value, path)])

    async def prepend(self, path: str, value: Any) -> Json:
        """Add to the front of a list; the list."""
        return self._change(path, lambda items: [encode(value, path), *_list(items, path)])

    async def remove(self, path: str, index: int) -> Json:
        """Remove a list's item by its index (negative: from the end); the list. Out of range removes nothing."""
        items = _list(_at(self._document(), _segments(path)), path)
        return self._change(path, lambda _: [item for n, item in enumerate(items) if n != index % max(len(items), 1)] if items else [])

    async def delete(self, path: str) -> Json:
        """Remove a key; the document."""
        *above, last = _segments(path)
        document = self._document()
        parent = _at(document, above)
        if isinstance(parent, dict):
            parent.pop(last, None)
        return self._store(document)

    async def increment(self, path: str, by: float = 1) -> Json:
        """Add to a number, 0 when it isn't there; the new value."""
        return self._change(path, lambda number: _number(number, path, 0) + _factor(by))

    async def toggle(self, path: str) -> Json:
        """Turn true to false and false (or nothing) to true; the new value."""
        return self._change(path, lambda value: not value)

    def _document(self) -> dict[str, Json]:
        held = self._run.data.get(ENTITY)
        return deepcopy(held) if isinstance(held, dict) else {}

    def _store(self, document: dict[str, Json]) -> Json:
        self._run.set_fields({ENTITY: document})
        return deepcopy(document)

    def _change(self, path: str, change: Any) -> Json:
        segments = _segments(path)
        if not segments:
            raise ValueError("an empty path names the whole document: use set() or merge()")
        document = self._document()
        value = change(_at(document, segments))
        _put(document, segments, value, path)
        self._store(document)
        return deepcopy(value)


def _map(document: Mapping[str, Any]) -> dict[str, Json]:
    encoded: Json = encode(document, "entity")
    if not isinstance(encoded, dict):
        raise TypeError(f"an entity is a map, not {document!r:.80}")
    return encoded


def _segments(path: str) -> list[str]:
    return path.split(".") if path else []


def _at(document: Json, segments: Iterable[str]) -> Json:
    for segment in segments:
        if isinstance(document, list) and segment.lstrip("-").isdecimal() and -len(document) <= int(segment) < len(document):
            document = document[int(segment)]
        elif isinstance(document, dict) and segment in document:
            document = document[segment]
        else:
            return None
    return document


def _put(document: Json, segments: list[str], value: Json, path: str) -> None:
    *above, last = segments
    for segment in above:
        document = document.setdefault(segment, {}) if isinstance(document, dict) else _at(document, [segment])
    if isinstance(document, dict):
        document[last] = value
    elif isinstance(document, list) and last.isdecimal() and int(last) < len(document):
        document[int(last)] = value
    else:
        raise TypeError(f"{path} can't be set: what lies above it is a {type(document).__name__}")


def _list(value: Json, path: str) -> list[Json]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError(f"{path} is a {type(value).__name__}, not a list")
    return value


def _merged(old: Json, new: Json) -> Json:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {**old, **{key: _merged(old[key], value) if key in old else value for key, value in new.items()}}
