"""The jobs: a live table, filtered and paged in the database, with marks and orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from hotmesh.client.facts import EVERYTHING, JobFilter, JobRow
from hotmesh.client.filters import filter_text, parse_filter
from hotmesh.values import dumps

from ..core.orders import Name
from ..core.rows import job_table, tally_line
from ..core.spans import Line, line, spread, width_of
from ..core.views import Seen, SeenJobs, WantJobs
from ..widgets.lines import Bar, Lines
from .frame import Frame, bindings


class JobsScreen(Frame):
    """The list of jobs."""

    place = tab = "jobs"
    BINDINGS = bindings("jobs", "list")

    def __init__(self, chosen: JobFilter = EVERYTHING) -> None:
        super().__init__()
        self.chosen = chosen
        self.seen: SeenJobs | None = None
        self.marked: dict[str, JobRow] = {}
        self._starts: list[str | None] = [None]
        self._read_at = 0

    def body(self) -> Iterable[Widget]:
        yield Bar(id="tally")
        yield Lines(id="main", has_cursor=True)

    def on_mount(self) -> None:
        self.main.focus()
        self.set_interval(1.0, self._tick)

    def want(self) -> WantJobs:
        return WantJobs(self.chosen, self._starts[-1])

    # ---- showing

    def take(self, seen: Seen) -> None:
        if not isinstance(seen, SeenJobs):
            return
        here = self._current()
        self.seen = seen
        self._read_at = self.app.now_ms()
        keys = [row.id for row in self.rows]
        if here is not None and self.main.cursor and here.id in keys:
            self.main.cursor = keys.index(here.id)
        self.marked = {id_: next((row for row in self.rows if row.id == id_), row) for id_, row in self.marked.items()}
        self.draw()
        self.main.go(self.main.cursor)
        self.frame_it()

    def draw(self) -> None:
        if self.seen is None:
            return
        passed = self.app.now_ms() - self._read_at
        header, lines = job_table(self.rows, self.seen.page.now_ms + passed, self.marked, self.main.room.width)
        self.main.show(lines or self._nothing(), header)
        where = self._where()
        tally = tally_line(self.seen.tally, self.size.width - width_of(where))
        self.query_one("#tally", Bar).show([spread(tally, where, self.size.width)])

    def _where(self) -> Line:
        marked = f" {len(self.marked)} marked " if self.marked else ""
        page = f" page {len(self._starts)} " if len(self._starts) > 1 else ""
        text = filter_text(self.chosen)
        return ((marked, "mark"), (page, "dim"), (f" / {text} " if text else "", "accent"))

    def _nothing(self) -> list[Line]:
        if self.chosen == EVERYTHING:
            return [line(""), line("  No jobs yet. Start one:", "dim"), line("  $ hotmesh pub TOPIC '{…}'", "accent")]
        looked = self.seen.page.looked if self.seen else 0
        return [line(""), line(f"  None of {looked:,} jobs matches. esc clears the filter.", "dim")]

    def _tick(self) -> None:
        """Ages go on while jobs are open."""
        if self.is_whole and self.app.screen is self and any(row.completed_ms is None for row in self.rows):
            self.draw()

    @property
    def rows(self) -> Sequence[JobRow]:
        """The jobs of the page."""
        return self.seen.page.rows if self.seen else ()

    def _current(self) -> JobRow | None:
        return self.rows[self.main.cursor] if self.main.cursor < len(self.rows) else None

    # ---- keys

    def targets(self, name: Name) -> Sequence[tuple[str, str]]:
        row = self._current()
        chosen = list(self.marked.values()) or ([row] if row is not None else [])
        return [(each.key, each.state) for each in chosen]

    def action_open(self) -> None:
        row = self._current()
        if row is not None:
            self.app.open_job(row.key)

    def action_mark(self) -> None:
        row = self._current()
        if row is None:
            return
        if self.marked.pop(row.id, None) is None:
            self.marked[row.id] = row
        self.draw()
        self.action_move(1)

    def action_mark_all(self) -> None:
        self.marked = {} if self.marked else {row.id: row for row in self.rows}
        self.draw()
        self.frame_it()

    def action_filter(self) -> None:
        from .ask import Ask

        hint = "state:failed topic:order.* age<1h text"
        self.app.push_screen(Ask("/", filter_text(self.chosen), hint, parse_filter), self._filtered)

    def _filtered(self, text: str | None) -> None:
        if text is not None:
            self.choose(parse_filter(text))

    def choose(self, chosen: JobFilter) -> None:
        """Another filter, from its newest job."""
        self.chosen, self._starts = chosen, [None]
        self.marked.clear()
        self.main.cursor = 0
        self.wanted()

    def action_turn(self, way: int) -> None:
        if way > 0 and self.seen is not None and self.seen.page.next is not None:
            self._starts.append(self.seen.page.next)
        elif way < 0 and len(self._starts) > 1:
            self._starts.pop()
        else:
            self.notice("There are no older jobs." if way > 0 else "These are the newest.", "dim")
            return
        self.main.cursor = 0
        self.wanted()

    def action_back(self) -> None:
        if self.marked:
            self.marked.clear()
            self.draw()
        elif self.chosen != EVERYTHING or len(self._starts) > 1:
            self.choose(EVERYTHING)
        else:
            self.notice("q leaves.", "dim")
        self.frame_it()

    def copied(self) -> str:
        chosen = list(self.marked.values()) or [row for row in (self._current(),) if row]
        return "\n".join(row.key for row in chosen)

    def exported(self) -> tuple[str, bytes] | None:
        rows = list(self.marked.values()) or self.rows
        return ("jobs.json", dumps([row._asdict() for row in rows]).encode()) if rows else None
