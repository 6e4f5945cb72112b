"""The keys as a page of the docs, made from the table of keys."""

from __future__ import annotations

from .commands import COMMANDS
from .keys import KEYS, signs

PLACES = {
    "all": "Everywhere",
    "list": "Moving",
    "jobs": "Jobs",
    "job": "A job",
    "graphs": "Graphs",
    "mesh": "Mesh",
    "queues": "Queues",
    "escalations": "Escalations",
}


def reference() -> str:
    """The tables in Markdown."""
    parts: list[str] = []
    for place, title in PLACES.items():
        parts += [f"### {title}", "", "| key | name | does |", "|---|---|---|"]
        parts += [f"| {_code(signs(key.keys))} | `{key.id}` | {key.help} |" for key in KEYS if key.place == place]
        parts.append("")
    parts += ["### Commands", "", "| command | short | does |", "|---|---|---|"]
    for verb, (others, takes, told) in COMMANDS.items():
        parts.append(f"| {_code(f':{verb} {takes}'.strip())} | {', '.join(map(_code, others))} | {told} |")
    return "\n".join(parts) + "\n"


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"
