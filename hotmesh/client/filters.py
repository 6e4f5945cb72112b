"""The filter language of job lists: `state:failed topic:order.* age<1h text`, as `hotmesh jobs` and the terminal app take it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from difflib import get_close_matches

from hotmesh.duration import parse_duration
from hotmesh.errors import FilterError
from hotmesh.store.listing import STATES, JobFilter, JobState

FIELDS = {
    "state": "state:failed,waiting",
    "topic": "topic:order.*",
    "id": "id:item-*",
    "entity": "entity:order",
    "version": "version:2",
    "parent": "parent:order-456",
    "age": "age<1h or age>2d",
}
"""What a filter can ask for, with an example each; any other word is looked for in the text of the job."""

GROUPS: dict[str, tuple[JobState, ...]] = {
    "open": ("running", "waiting", "paused"),
    "ended": ("completed", "failed", "interrupted", "cancelled"),
}
"""Words for several states."""

_TERM = re.compile(r"^(?P<name>[a-z]+)(?P<sign>[:<>=])(?P<value>.*)$", re.DOTALL)


def parse_filter(text: str) -> JobFilter:
    """A filter from its text. Raises FilterError with the word that is wrong and what it takes."""
    return parse_words(_split(text))


def parse_words(words: Iterable[str]) -> JobFilter:
    """A filter from its words, as a shell has parted them. Raises FilterError."""
    found: dict[str, tuple[str, ...]] = {}
    ages: dict[str, float] = {}
    for word in words:
        match = _TERM.match(word)
        if match is None or (match["name"] not in FIELDS and not _meant(match["name"])):
            found["words"] = (*found.get("words", ()), word)
        elif match["name"] == "age":
            ages[match["sign"]] = _age(word, match["sign"], match["value"])
        else:
            name = match["name"]
            found[name] = found.get(name, ()) + _values(word, match["sign"], name, match["value"])
    return JobFilter(
        states=_states(found.get("state", ())),
        topics=found.get("topic", ()),
        keys=found.get("id", ()),
        entity=_last(found.get("entity")),
        version=_last(found.get("version")),
        parent=_last(found.get("parent")),
        younger_s=ages.get("<"),
        older_s=ages.get(">"),
        words=found.get("words", ()),
    )


def filter_text(chosen: JobFilter) -> str:
    """The text that `parse_filter` reads as this filter."""
    parts = [f"state:{','.join(chosen.states)}"] if chosen.states else []
    parts += [f"topic:{','.join(chosen.topics)}"] if chosen.topics else []
    parts += [f"id:{','.join(chosen.keys)}"] if chosen.keys else []
    parts += [f"{name}:{value}" for name in ("entity", "version", "parent") if (value := getattr(chosen, name)) is not None]
    parts += [f"age{sign}{value:g}s" for sign, value in (("<", chosen.younger_s), (">", chosen.older_s)) if value is not None]
    return " ".join([*parts, *(f'"{word}"' if " " in word else word for word in chosen.words)])


def _split(text: str) -> list[str]:
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars="")
        lexer.whitespace_split = True
        lexer.commenters = ""
        lexer.quotes = '"'
        lexer.escape = ""
        return list(lexer)
    except ValueError as error:
        raise FilterError('a " is opened and not closed') from error


def _meant(name: str) -> bool:
    """Whether a name that is no field was most likely meant as one."""
    close = get_close_matches(name, FIELDS, n=1, cutoff=0.75)
    if close:
        raise FilterError(f"there is no field {name!r}; did you mean {close[0]}?")
    return False


def _age(word: str, sign: str, value: str) -> float:
    if sign not in "<>":
        raise FilterError(f"{word}: an age is compared, as {FIELDS['age']}")
    try:
        return float(parse_duration(value))
    except ValueError as error:
        raise FilterError(f"{word}: {value!r} is no length of time; write 30s, 5m, 1h, 2d") from error


def _values(word: str, sign: str, name: str, value: str) -> tuple[str, ...]:
    values = tuple(part for part in value.split(",") if part)
    if sign not in ":=" or not values:
        raise FilterError(f"{word}: write it as {FIELDS[name]}")
    return values


def _states(values: tuple[str, ...]) -> tuple[JobState, ...]:
    found: list[JobState] = []
    for value in values:
        group = GROUPS.get(value) or tuple(state for state in STATES if state == value)
        if not group:
            close = get_close_matches(value, [*STATES, *GROUPS], n=1)
            hint = f"did you mean {close[0]}?" if close else f"there is {', '.join([*STATES, *GROUPS])}"
            raise FilterError(f"no job is {value!r}; {hint}")
        found += [state for state in group if state not in found]
    return tuple(found)


def _last(values: tuple[str, ...] | None) -> str | None:
    return values[-1] if values else None
