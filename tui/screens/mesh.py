"""The mesh: who takes part, how much they do, how they are held back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from textual.widget import Widget

from hotmesh.client.facts import Member
from hotmesh.values import Json, dumps

from ..core.orders import Name
from ..core.rates import Rates
from ..core.rows import member_table
from ..core.spans import Line, Span, line
from ..core.values import value_lines
from ..core.views import Seen, SeenMesh, WantMesh
from ..core.words import brake
from ..widgets.lines import Bar, Lines
from .frame import Frame, bindings
from .reader import ReaderScreen


class MeshScreen(Frame):
    """The roll call."""

    place = tab = "mesh"
    BINDINGS = bindings("mesh", "list")

    def __init__(self) -> None:
        super().__init__()
        self.seen: SeenMesh | None = None
        self.rates = Rates()

    def body(self) -> Iterable[Widget]:
        yield Bar(id="summary")
        yield Lines(id="main", has_cursor=True)

    def on_mount(self) -> None:
        self.main.focus()

    def want(self) -> WantMesh:
        return WantMesh()

    def take(self, seen: Seen) -> None:
        if not isinstance(seen, SeenMesh):
            return
        self.seen = seen
        for member in seen.mesh.members:
            told_ms = int(member.seen_at.timestamp() * 1000)
            self.rates.note(member.guid, member.profile.get("counts", {}).get("jobs_done", 0), told_ms)
        self.draw()
        self.frame_it()

    def draw(self) -> None:
        if self.seen is None:
            return
        members = [each._replace(profile=_with_start(each.profile)) for each in self.members]
        header, lines = member_table(members, self.rates, self.seen.mesh.throttles, self.seen.now_ms, self.main.room.width)
        self.main.show(
            lines or [line("  Nobody takes part: jobs stand still. Start a worker:", "warning"), line("  $ hotmesh worker", "accent")],
            header,
        )
        self.query_one("#summary", Bar).show([self._summary()])

    def _summary(self) -> Line:
        assert self.seen is not None
        mesh = self.seen.mesh
        spans: list[Span] = [
            (f" {len(mesh.members)} process{'es' * (len(mesh.members) != 1)}", "strong"),
            (f"   version {mesh.version or '– none active'}", "dim"),
        ]
        spans += [(f"   {scope}: {brake(ms)}", "warning") for scope, ms in sorted(mesh.throttles.items())]
        return tuple(spans)

    @property
    def members(self) -> Sequence[Member]:
        """Who takes part, by name."""
        return sorted(self.seen.mesh.members, key=lambda each: each.guid) if self.seen else ()

    def _current(self) -> Member | None:
        return self.members[self.main.cursor] if self.main.cursor < len(self.members) else None

    def targets(self, name: Name) -> Sequence[tuple[str, str]]:
        if name == "throttle_all":
            return [("all", "")]
        here = self._current()
        return [] if here is None else [(f"guid:{here.guid}", "")]

    def action_open(self) -> None:
        here = self._current()
        if here is not None:
            self.app.push_screen(
                ReaderScreen(self.tab, lambda width: [line(here.guid, "title"), line(""), *value_lines(here.profile, width)])
            )

    def copied(self) -> str:
        here = self._current()
        return here.guid if here else ""

    def exported(self) -> tuple[str, bytes] | None:
        return ("mesh.json", dumps([each.profile for each in self.members]).encode()) if self.members else None


def _with_start(profile: Json) -> Json:
    started = profile.get("started_at")
    return profile if started is None else {**profile, "started_ms": datetime.fromisoformat(started).timestamp() * 1000}
