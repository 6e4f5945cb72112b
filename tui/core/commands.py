"""The command bar: `:jobs state:failed`, `:job item-7`, `:throttle 100 topic:mail`, `:theme nord`, `:q`."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, TypeAlias

from hotmesh.errors import FilterError

Verb: TypeAlias = Literal["jobs", "job", "graphs", "mesh", "queues", "escalations", "throttle", "activate", "theme", "help", "quit"]

COMMANDS: dict[Verb, tuple[tuple[str, ...], str, str]] = {
    "jobs": (("j", "jo"), "[filter]", "The jobs that match"),
    "job": (("open",), "ID", "Look at one job"),
    "graphs": (("g", "versions"), "", "The deployed versions and their graphs"),
    "mesh": (("m", "rollcall"), "", "Who takes part"),
    "queues": (("qu", "dead"), "", "What waits, and what was given up"),
    "escalations": (("e", "esc"), "", "Hooks that wait for people"),
    "throttle": (("brake",), "MS [topic:NAME | guid:ID]", "Brake: 0 lets go, -1 pauses"),
    "activate": ((), "VERSION", "Give new jobs a version"),
    "theme": (("colors",), "[NAME]", "Other colors"),
    "help": (("h", "?"), "", "The keys and commands"),
    "quit": (("q", "q!", "exit", "wq"), "", "Leave"),
}
"""Every command: its other names, what it takes, what it does."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command that was typed."""

    verb: Verb
    rest: str = ""


def parse_command(text: str) -> Command:
    """A command from its text. Raises FilterError with what is wrong and what there is."""
    name, _, rest = text.strip().removeprefix(":").strip().partition(" ")
    verb = _verb(name)
    rest = rest.strip()
    takes = COMMANDS[verb][1]
    if takes and not takes.startswith("[") and not rest:
        raise FilterError(f":{verb} takes {takes}")
    if verb == "throttle":
        throttle_of(rest)
    return Command(verb, rest)


def throttle_of(rest: str) -> tuple[int, str]:
    """The milliseconds and the scope of a `:throttle`. Raises FilterError."""
    ms, _, scope = rest.partition(" ")
    scope = scope.strip() or "all"
    if not ms.lstrip("-").isdigit() or int(ms) < -1:
        raise FilterError(f":throttle takes milliseconds from -1 (pause), not {ms!r}")
    if scope != "all" and not scope.startswith(("topic:", "guid:")):
        raise FilterError(f":throttle takes topic:NAME or guid:ID after the milliseconds, not {scope!r}")
    return int(ms), scope


def completions(text: str) -> list[str]:
    """The commands that begin so."""
    return [verb for verb in COMMANDS if verb.startswith(text)]


def _verb(name: str) -> Verb:
    for verb, (others, _, _) in COMMANDS.items():
        if name == verb or name in others:
            return verb
    begun = [verb for verb in COMMANDS if name and verb.startswith(name)]
    if len(begun) == 1:
        return begun[0]
    close = get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean :{close[0]}?" if close else "there is " + ", ".join(f":{verb}" for verb in COMMANDS)
    raise FilterError(f"there is no command {name!r}; {hint}")
