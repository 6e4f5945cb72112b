"""The app file that a command is given: read, linted, told about."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TextIO

import click

from hotmesh.errors import HotMeshError, PayloadError, UnknownTopic
from hotmesh.program import Await, Graph, Program, Worker
from hotmesh.values import Json


class LintFailed(HotMeshError):
    """The app has errors, which were printed; nothing was started."""

    code = 422


@dataclass(frozen=True, slots=True)
class AppFile:
    """A compiled app and where it was read from."""

    path: Path
    program: Program

    def graph(self, topic: str) -> Graph:
        """The graph of a topic. Raises UnknownTopic with the nearest one."""
        graphs = self.program.graphs
        if topic not in graphs:
            close = get_close_matches(topic, graphs, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there is {', '.join(graphs)}."
            raise UnknownTopic(f"no graph of {self.path} subscribes to {topic!r}; {hint}")
        return graphs[topic]

    def check(self, topic: str, payload: Json) -> None:
        """Hold a payload against the graph's input schema. Raises UnknownTopic, PayloadError."""
        from hotmesh.machine.plan import GraphPlan

        reason = GraphPlan(self.graph(topic), self.program.validates).validate(payload)
        if reason is not None:
            raise PayloadError(f"422: {topic} does not take this payload: {reason}; nothing was started.")

    def worker_topics(self, topic: str) -> dict[str, str]:
        """The topics that a job needs workers of, those of the jobs it starts too, each with an activity that asks; only literal ones."""
        found: dict[str, str] = {}
        for graph in self._reachable(topic):
            for activity in graph.activities.values():
                if isinstance(activity, Worker) and _is_literal(activity.topic):
                    found.setdefault(activity.topic, activity.id)
        return found

    def _reachable(self, topic: str) -> Iterator[Graph]:
        seen, frontier = {topic}, [topic]
        while frontier:
            graph = self.program.graphs.get(frontier.pop())
            if graph is None:
                continue
            yield graph
            for activity in graph.activities.values():
                if isinstance(activity, Await) and _is_literal(activity.topic) and activity.topic not in seen:
                    seen.add(activity.topic)
                    frontier.append(activity.topic)


def _is_literal(topic: Json) -> bool:
    return isinstance(topic, str) and not topic.startswith("{")


def read_app(path: Path, app_id: str | None = None) -> AppFile:
    """Lint and compile a file; findings go to stderr. Raises LintFailed when one of them is an error."""
    from hotmesh.compile import compile_app
    from hotmesh.lint.reports.report import Report
    from hotmesh.lint.reports.text import write

    compiled = compile_app(path.read_bytes(), file=path, app_id=app_id or id_of(path))
    if compiled.diagnostics:
        color = colors(sys.stderr)
        click.echo(write(Report((str(path),), compiled.diagnostics, compiled.texts, color)), err=True, nl=False, color=color)
    if compiled.program is None:
        count = sum(each.is_error for each in compiled.diagnostics)
        raise LintFailed(f"{path} has {count} error{'' if count == 1 else 's'}; nothing was started.")
    return AppFile(path, compiled.program)


def colors(stream: TextIO) -> bool:
    """Whether to write in color: as NO_COLOR and FORCE_COLOR say, else on a terminal."""
    context = click.get_current_context(silent=True)
    asked = context.color if context else None
    return stream.isatty() if asked is None else asked


def id_of(path: Path) -> str:
    """The app id for a file that is one graph without `app:`: its name."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem).strip("-")[:63]
    return name if re.match(r"[A-Za-z]", name) and name.lower() not in ("hotmesh", "public") else f"app-{name}"[:63]
