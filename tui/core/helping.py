"""The help: the keys of a place, the commands, the filter language."""

from __future__ import annotations

from hotmesh.client.facts import JOB_STATES
from hotmesh.client.filters import FIELDS, GROUPS

from .commands import COMMANDS
from .keys import Key, keys_of, signs
from .spans import SIGNS, Line, line, padded


def help_lines(place: str, remapped: dict[str, str]) -> list[Line]:
    """Everything one can type in a place."""
    lines = [line(f"Keys on this screen ({place})", "title")]
    lines += [_key(key, remapped) for key in keys_of(place)]
    lines += [line(""), line("Everywhere", "title"), *(_key(key, remapped) for key in keys_of("list", "all"))]
    lines += [(("  ", "text"), (padded("^p", 14), "key"), ("The palette: everything by name", "text"))]
    lines += [line(""), line("Commands, after :", "title")]
    for verb, (others, takes, told) in COMMANDS.items():
        also = f" ({', '.join(others)})" if others else ""
        lines.append((("  ", "text"), (padded(f":{verb} {takes}", 36), "key"), (told + also, "text")))
    lines += [line(""), line("Filters, after /", "title")]
    lines += [(("  ", "text"), (padded(name, 14), "key"), (example, "text")) for name, example in FIELDS.items()]
    lines += [(("  ", "text"), (padded("any text", 14), "key"), ("is looked for in id, topic, entity, parent, error and facets", "text"))]
    lines += [line(""), line("States", "title")]
    lines += [(("  ", "text"), (padded(" ".join((SIGNS[state][0], state)), 14), SIGNS[state][1])) for state in JOB_STATES]
    lines += [(("  ", "text"), (padded(name, 14), "key"), (", ".join(states), "dim")) for name, states in GROUPS.items()]
    return lines


def _key(key: Key, remapped: dict[str, str]) -> Line:
    return (("  ", "text"), (padded(signs(remapped.get(key.id, key.keys)), 14), "key"), (key.help, "text"))
