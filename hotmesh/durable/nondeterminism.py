"""Comparing what the code asks for with what its history says, and telling the difference to a person."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence

from hotmesh.durable.commands import Command, Recorded
from hotmesh.errors import NonDeterminismError
from hotmesh.expr import to_json
from hotmesh.values import Json


def compare(workflow: str, number: int, recorded: Recorded, asked: Sequence[Command]) -> None:
    """Raises NonDeterminismError unless a replayed step asks for what its history has. `number`: the step's, from 1."""
    had = {command.id: command for command in recorded.commands}
    asks = {command.id: command for command in asked}
    for operation, command in had.items():
        now = asks.get(operation)
        if now is None or not now.same_as(command):
            raise NonDeterminismError(_tell(workflow, number, operation, command, now) + _hint(recorded.commands, asked))
    for operation, command in asks.items():
        if operation not in had:
            raise NonDeterminismError(_tell(workflow, number, operation, None, command))


def ended_early(workflow: str, number: int, outcome: str) -> NonDeterminismError:
    """The function ended where its history goes on."""
    return NonDeterminismError(
        f"{workflow} does not do what its history says.\n"
        f"  at step {number} the code {outcome} now; in the history it went on.\n\n{_advice(workflow, None)}"
    )


def _tell(workflow: str, number: int, operation: str, had: Command | None, asks: Command | None) -> str:
    parts = [
        f"{workflow} does not do what its history says: step {number}, operation {operation}.",
        f"  the history has:  {_line(had)}",
        f"  the code asks:    {_line(asks)}",
    ]
    if asks is not None and asks.place:
        parts.append(f"  at                {asks.place}")
    difference = _difference(had, asks) if had and asks else []
    if difference:
        parts += ["", *(f"    {line}" for line in difference)]
    return "\n".join([*parts, "", _advice(workflow, had and asks)])


def _hint(had: Sequence[Command], asks: Sequence[Command]) -> str:
    """What is often the cause."""
    if sorted(command.digest for command in had) != sorted(command.digest for command in asks):
        return ""
    return "\n\nIt is the same in another order. A set of texts has another order in every process: sort it before you walk over it."


def _line(command: Command | None) -> str:
    return "nothing" if command is None else f"{command} [{command.digest}]"


def _difference(had: Command, asks: Command) -> list[str]:
    """A diff of the two, as indented JSON."""
    before, after = _pretty(had), _pretty(asks)
    return [line for line in difflib.unified_diff(before, after, "history", "code", lineterm="", n=2) if not line.startswith("@@")]


def _pretty(command: Command) -> list[str]:
    value: Json = {"kind": command.kind, "name": command.name, **to_json(command.fields)}
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).splitlines()


def _advice(workflow: str, asks: Command | None) -> str:
    name = (asks.name if asks is not None and asks.name else workflow).replace(" ", "-")
    return (
        "The job waits; it goes on once code that fits is deployed. To change a workflow that runs, keep the old way for it:\n"
        f'    if Durable.workflow.patched("{name}-2"):\n'
        "        …  # the new code, for executions that come here for the first time\n"
        "    else:\n"
        "        …  # the code as it was"
    )
