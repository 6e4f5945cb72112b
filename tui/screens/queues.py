"""The queues: what waits for whom, and what was given up."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from textual.widget import Widget

from hotmesh.client.facts import DeadLetter, JobFilter, Queue
from hotmesh.values import dumps

from ..core.orders import Name
from ..core.rates import Rates
from ..core.rows import dead_table, queue_table
from ..core.spans import line
from ..core.views import Seen, SeenQueues, WantQueues
from ..widgets.lines import Lines
from .frame import Frame, bindings


class QueuesScreen(Frame):
    """Queues above, dead letters below; one cursor goes through both."""

    place = tab = "queues"
    BINDINGS = bindings("queues", "list")

    def __init__(self) -> None:
        super().__init__()
        self.seen: SeenQueues | None = None
        self.depths: dict[str, deque[float]] = {}
        self.done = Rates()

    def body(self) -> Iterable[Widget]:
        yield Lines(id="main", has_cursor=True)
        yield Lines(id="dead", has_cursor=False)

    def on_mount(self) -> None:
        self.main.focus()

    def want(self) -> WantQueues:
        return WantQueues()

    def take(self, seen: Seen) -> None:
        if not isinstance(seen, SeenQueues):
            return
        self.seen = seen
        for queue in seen.queues:
            self.depths.setdefault(queue.topic, deque(maxlen=60)).append(queue.ready)
        for member in seen.members:
            for topic, counts in member.profile.get("topics", {}).items():
                self.done.note(f"{topic} {member.guid}", counts.get("done", 0), int(member.seen_at.timestamp() * 1000))
        self.draw()
        self.frame_it()

    def draw(self) -> None:
        if self.seen is None:
            return
        depths = {topic: list(each) for topic, each in self.depths.items()}
        header, lines = queue_table(self.seen.queues, depths, self._done(), self.main.room.width)
        self.main.show(lines, header)
        header, lines = dead_table(self.seen.dead, self.main.room.width)
        self.shown_lines("#dead", lines or [line("Nothing was given up.", "dim")], header)

    def _done(self) -> dict[str, float]:
        """By topic how many tasks a second its workers do."""
        done: dict[str, float] = {}
        for member in self.seen.members if self.seen else ():
            for topic in member.profile.get("topics", {}):
                done[topic] = done.get(topic, 0.0) + self.done.newest(f"{topic} {member.guid}")
        return done

    def action_move(self, rows: int) -> None:
        dead = self.query_one("#dead", Lines)
        queues, letters = len(self.main.lines), len(self.seen.dead) if self.seen else 0
        place = (queues + dead.cursor if dead.has_cursor else self.main.cursor) + rows
        dead.has_cursor = bool(letters) and place >= queues
        self.main.has_cursor = not dead.has_cursor
        (dead if dead.has_cursor else self.main).go(place - queues if dead.has_cursor else place)
        self.main.refresh()
        dead.refresh()
        self.moved()

    def _queue(self) -> Queue | None:
        queues = self.seen.queues if self.seen else ()
        return queues[self.main.cursor] if self.main.has_cursor and self.main.cursor < len(queues) else None

    def _letter(self) -> DeadLetter | None:
        dead = self.query_one("#dead", Lines)
        return self.seen.dead[dead.cursor] if self.seen and dead.has_cursor and dead.cursor < len(self.seen.dead) else None

    def targets(self, name: Name) -> Sequence[tuple[str, str]]:
        queue = self._queue()
        return [] if queue is None else [(f"topic:{queue.topic}" if queue.topic else "all", "")]

    def action_open(self) -> None:
        letter, queue = self._letter(), self._queue()
        if letter is not None:
            self.app.open_job(letter.job_id)
        elif queue is not None:
            graphs = self.seen.graphs.get(queue.topic, ()) if self.seen else ()
            self.app.show_jobs(JobFilter(states=("running", "waiting", "paused"), topics=graphs))

    def copied(self) -> str:
        letter, queue = self._letter(), self._queue()
        return letter.job_id if letter is not None else queue.topic if queue is not None else ""

    def exported(self) -> tuple[str, bytes] | None:
        if self.seen is None:
            return None
        dead = [each._asdict() | {"created_at": each.created_at.isoformat()} for each in self.seen.dead]
        return "queues.json", dumps({"queues": [each._asdict() for each in self.seen.queues], "dead": dead}).encode()
