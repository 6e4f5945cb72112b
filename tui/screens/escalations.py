"""The escalations: hooks that wait for people, to be claimed, answered or dismissed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from hotmesh.client.facts import Escalation
from hotmesh.values import dumps

from ..core.orders import Name, Order, why_not
from ..core.rows import escalation_table
from ..core.spans import Line, line
from ..core.values import value_lines
from ..core.views import Seen, SeenEscalations, WantEscalations
from ..widgets.lines import Lines
from .frame import Frame, bindings


class EscalationsScreen(Frame):
    """The list above, the chosen one in full below."""

    place = tab = "escalations"
    BINDINGS = bindings("escalations", "list")

    def __init__(self) -> None:
        super().__init__()
        self.seen: SeenEscalations | None = None
        self.marked: set[str] = set()
        self.closed = False

    def body(self) -> Iterable[Widget]:
        yield Lines(id="main", has_cursor=True)
        yield Lines(id="dead")

    def on_mount(self) -> None:
        self.main.focus()

    def want(self) -> WantEscalations:
        return WantEscalations(self.closed)

    def take(self, seen: Seen) -> None:
        if not isinstance(seen, SeenEscalations):
            return
        self.seen = seen
        self.marked &= {each.id for each in seen.escalations}
        self.draw()
        self.frame_it()

    def draw(self) -> None:
        if self.seen is None:
            return
        header, lines = escalation_table(self.seen.escalations, self.marked, self.seen.now_ms, self.main.room.width)
        self.main.show(lines or [line("  Nobody is waited for.", "dim")], header)
        self.shown_lines("#dead", self._told())

    def _told(self) -> list[Line]:
        here = self._current()
        if here is None:
            return []
        head: Line = ((here.description or here.activity_id, "title"), (f"   {here.job_topic}   {here.job_id}", "dim"))
        return [head, line(f"waits for a signal on {here.topic}", "waiting"), line(""), *value_lines(here.fields, self.main.room.width)]

    def _current(self) -> Escalation | None:
        found = self.seen.escalations if self.seen else ()
        return found[self.main.cursor] if self.main.cursor < len(found) else None

    def _chosen(self) -> list[Escalation]:
        here = self._current()
        marked = [each for each in (self.seen.escalations if self.seen else ()) if each.id in self.marked]
        return marked or ([here] if here is not None else [])

    def targets(self, name: Name) -> Sequence[tuple[str, str]]:
        return [(each.id, each.state) for each in self._chosen()]

    # ---- keys

    def moved(self) -> None:
        self.draw()
        super().moved()

    def action_mark(self) -> None:
        here = self._current()
        if here is not None:
            self.marked ^= {here.id}
            self.action_move(1)

    def action_all(self) -> None:
        self.closed = not self.closed
        self.notice("Closed ones too." if self.closed else "Only open ones.", "dim")
        self.wanted()

    def action_open(self) -> None:
        here = self._current()
        if here is not None:
            self.app.open_job(here.job_id)

    def action_resolve(self) -> None:
        chosen = self._chosen()
        reason = why_not("resolve", [each.state for each in chosen], readonly=self.app.readonly)
        if reason is not None or self.seen is None:
            self.notice(f"Can't resolve: {reason}.", "warning")
            return
        first = chosen[0]
        schema = self.seen.schemas.get((first.version, first.activity_id))
        self.ask(Order("resolve", tuple(each.id for each in chosen)), schema=schema)

    def copied(self) -> str:
        return "\n".join(each.id for each in self._chosen())

    def exported(self) -> tuple[str, bytes] | None:
        found = self.seen.escalations if self.seen else ()
        return ("escalations.json", dumps([_plain(each) for each in found]).encode()) if found else None


def _plain(found: Escalation) -> dict[str, object]:
    moments = ("claimed_until", "created_at", "updated_at")
    values = found._asdict()
    return values | {name: None if values[name] is None else values[name].isoformat() for name in moments}
