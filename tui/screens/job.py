"""One job: its graph, its timeline, its events, its data and its error, now or at any moment since it began."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual.containers import Horizontal
from textual.widget import Widget

from hotmesh.export.execution import Execution, Instance, Wait
from hotmesh.export.why import why
from hotmesh.graph.layout import Direction
from hotmesh.program import Activity, Hook
from hotmesh.values import UNDEFINED, Json, dumps

from ..core.details import detail_lines
from ..core.orders import Name, Order
from ..core.pictures import Picture, job_picture
from ..core.rows import event_table, state_cell
from ..core.spans import Line, Span, line, text_of, wrap
from ..core.timeline import timeline_lines
from ..core.travel import Travel
from ..core.values import value_lines
from ..core.views import Seen, SeenJob, WantJob
from ..core.walking import Way, step
from ..core.words import clock_time
from ..widgets.lines import Bar, Lines
from .ask import Ask
from .frame import Frame, bindings

PANES = ("graph", "timeline", "events", "data", "error")
WIDE = 110
"""Columns from which on the selected activity stands beside the pane."""


class JobScreen(Frame):
    """A job. `app.open_job` makes one."""

    place, tab = "job", "jobs"
    BINDINGS = bindings("job", "list")

    def __init__(self, job_id: str) -> None:
        super().__init__()
        self.job_id = job_id
        self.seen: SeenJob | None = None
        self.pane = "graph"
        self.travel = Travel()
        self.selected: str | None = None
        self.opened = False
        self.following = True
        self.direction: Direction | None = None
        """None = left to right where there is room for it."""
        self._picture: Picture | None = None

    def body(self) -> Iterable[Widget]:
        yield Bar(id="head")
        yield Bar(id="why")
        yield Bar(id="panes")
        with Horizontal():
            yield Lines(id="pane")
            yield Lines(id="side")

    @property
    def main(self) -> Lines:
        side_in_front = self.opened and not self.has_class("wide")
        return self.query_one("#side" if side_in_front else "#pane", Lines)

    def on_mount(self) -> None:
        self.query_one("#pane", Lines).focus()
        self.set_interval(1.0, self._tick)

    def want(self) -> WantJob:
        return WantJob(self.job_id)

    def trouble(self, text: str) -> None:
        """The job can't be read."""
        self.query_one("#pane", Lines).show([line(""), *wrap(f"  {text}", self.size.width - 2, "failed"), line("  esc goes back.", "dim")])

    # ---- showing

    @property
    def execution(self) -> Execution | None:
        """The job as it stands at the moment one looks at."""
        return None if self.seen is None else self.travel.seen(self.seen.execution)

    def take(self, seen: Seen) -> None:
        if not isinstance(seen, SeenJob):
            return
        self.seen = seen
        if self.following and self.travel.is_now:
            self.selected = _latest(seen.execution) or self.selected
        self.draw()
        if self.following:
            self._reveal()
        self.frame_it()

    def _tick(self) -> None:
        if self.is_whole and self.app.screen is self and self.seen is not None and not self.seen.execution.is_done and self.travel.is_now:
            self.app.feed.poke()

    def draw(self) -> None:
        execution = self.execution
        if execution is None:
            return
        self.set_class(self.size.width >= WIDE, "wide")
        self.set_class(self.opened, "opened")
        self._head(execution)
        drawers: dict[str, Callable[[Execution], None]] = {
            "graph": self._draw_graph,
            "timeline": self._draw_timeline,
            "events": self._draw_events,
            "data": self._draw_data,
            "error": self._draw_error,
        }
        drawers[self.pane](execution)
        self._draw_side(execution)

    def _head(self, execution: Execution) -> None:
        width = self.size.width
        left: list[Span] = [
            *state_cell(execution.state),
            (f"  {execution.key}", "title"),
            (f"  {execution.topic} v{execution.version}", "dim"),
        ]
        if not self.travel.is_now and self.seen is not None:
            event = self.travel.event(self.seen.execution)
            when = f" at {clock_time(event.at_ms, fraction=True)}" if event else ""
            left.append((f"   « event {self.travel.number} of {len(self.seen.execution.events)}{when}", "warning"))
        self.query_one("#head", Bar).show([((" ", "text"), *left)])
        told = why(execution) if self.travel.is_now else self._then(execution)
        lines = wrap(told, width - 2, "text")[:3]
        bar = self.query_one("#why", Bar)
        bar.styles.height = len(lines)
        bar.show([((" ", "text"), *each) for each in lines])
        spans: list[Span] = [(" ", "text")]
        for name in PANES:
            spans += [(f" {name} ", "tab" if name == self.pane else "dim"), (" ", "text")]
        if self.pane == "graph" and self.following and self.travel.is_now:
            spans.append(("  following", "running"))
        self.query_one("#panes", Bar).show([tuple(spans)])

    def _then(self, execution: Execution) -> str:
        event = self.travel.event(self.seen.execution) if self.seen else None
        if event is None:
            return "Before the job began. . goes on, > goes to now."
        name = event.activity_id or "the job"
        return f"Then: {name} {event.kind}{f' with {event.code}' if event.code else ''}. , goes back, . goes on, > goes to now."

    def _draw_graph(self, execution: Execution) -> None:
        self._picture = self._drawn(execution)
        if self._picture is None:
            self.shown_lines("#pane", [line(f"the program of version {execution.version} is not stored", "failed")])
            return
        if self.selected is None:
            self.selected = next(iter(self._picture.drawing.layout.boxes), None)
        self.shown_lines("#pane", self._picture.lines(self.selected))

    def _drawn(self, execution: Execution) -> Picture | None:
        program = self.seen.program if self.seen else None
        return None if program is None else job_picture(program, execution, self.direction, self.query_one("#pane", Lines).room.width)

    def _draw_timeline(self, execution: Execution) -> None:
        whole = self.seen.execution if self.seen else execution
        event = None if self.travel.is_now else self.travel.event(whole)
        pane = self.query_one("#pane", Lines)
        shown = execution if event is None else whole
        names = [each.activity_id for each in shown.instances]
        if self.selected in names and names[min(pane.cursor, len(names) - 1)] != self.selected:
            pane.cursor = names.index(self.selected)
        header, lines = timeline_lines(shown, pane.room.width, event.at_ms if event else None)
        pane.show(lines, header)

    def _draw_events(self, execution: Execution) -> None:
        whole = self.seen.execution if self.seen else execution
        upto = len(whole.events) if self.travel.number is None else self.travel.number
        pane = self.query_one("#pane", Lines)
        header, lines = event_table(whole, pane.room.width, upto)
        pane.show(lines, header)

    def _draw_data(self, execution: Execution) -> None:
        width = self.query_one("#pane", Lines).room.width
        lines = value_lines(execution.data, width) if execution.data else [line("no data yet", "dim")]
        self.shown_lines("#pane", [line("the job's data", "header"), *lines])

    def _draw_error(self, execution: Execution) -> None:
        width = self.query_one("#pane", Lines).room.width
        failed = [each for each in execution.instances if each.error]
        lines: list[Line] = [line("The job's error", "header"), *value_lines(execution.error, width)] if execution.error else []
        for instance in failed:
            lines += [line(""), line(f"{instance.name} at {instance.dimension}", "header"), *value_lines(instance.error, width)]
        self.shown_lines("#pane", lines or [line("no errors", "completed")])

    def _draw_side(self, execution: Execution) -> None:
        side = self.query_one("#side", Lines)
        if self.selected is not None and side.room.width > 10:
            side.show(detail_lines(execution, self.selected, side.room.width, self._activity(self.selected)))

    def _activity(self, activity_id: str) -> Activity | None:
        graph = self.seen.program.graphs.get(self.seen.execution.topic) if self.seen and self.seen.program else None
        return graph.activities.get(activity_id) if graph else None

    def _reveal(self) -> None:
        """Bring the selected box into sight, once it is laid out."""
        self.call_after_refresh(self._reveal_now)

    def _reveal_now(self) -> None:
        if not self.is_whole:
            return
        rect = self._picture.rect(self.selected) if self._picture is not None and self.selected and self.pane == "graph" else None
        if rect is not None:
            self.query_one("#pane", Lines).reveal(rect.x, rect.y, rect.width, rect.height)

    def on_lines_resized(self) -> None:
        """What was in sight is to stay there."""
        self._reveal()

    # ---- moving

    def action_move(self, rows: int) -> None:
        if self._walks():
            self._walk("down" if rows > 0 else "up")
        elif self.pane == "timeline" and not self.opened:
            self._select_instance(rows)
        elif self.pane == "events" and not self.opened:
            self.action_travel(rows)
        else:
            self.main.scroll_rows(rows)

    def action_page(self, pages: int) -> None:
        self.main.scroll_rows(pages * max(1, self.main.room.height - 2))

    def action_edge(self, way: int) -> None:
        self.main.scroll_rows(way * 1_000_000)

    def action_sideways(self, way: int) -> None:
        if self._walks():
            self._walk("right" if way > 0 else "left")
        else:
            super().action_sideways(way)

    def _walks(self) -> bool:
        return self.pane == "graph" and self._picture is not None and (not self.opened or self.has_class("wide"))

    def _walk(self, way: Way) -> None:
        assert self._picture is not None
        drawing = self._picture.drawing
        if self.selected not in drawing.layout.boxes:
            self.selected = next(iter(drawing.layout.boxes))
        self.following = False
        self.selected = step(drawing.layout, self._picture.diagram.edges, self.selected, way)
        self._show_selected()

    def _show_selected(self) -> None:
        self.draw()
        self._reveal()
        self.frame_it()

    def _select_instance(self, rows: int) -> None:
        execution = self.execution
        names = [each.activity_id for each in execution.instances] if execution else []
        pane = self.query_one("#pane", Lines)
        pane.has_cursor = True
        pane.go(pane.cursor + rows)
        if pane.cursor < len(names):
            self.following = False
            self.selected = names[pane.cursor]
            self.draw()

    # ---- keys

    def action_pane(self, way: int) -> None:
        self.opened = False
        self.pane = PANES[(PANES.index(self.pane) + way) % len(PANES)]
        pane = self.query_one("#pane", Lines)
        pane.has_cursor, pane.cursor = self.pane == "timeline", 0
        pane.scroll_to(0, 0, animate=False)
        self.draw()
        self._reveal()
        self.frame_it()

    def action_travel(self, events: int) -> None:
        if self.seen is None:
            return
        whole = self.seen.execution
        self.travel = self.travel.back(whole, -events) if events < 0 else self.travel.on(whole, events)
        event = self.travel.event(whole)
        if event is not None and event.activity_id and not self.travel.is_now:
            self.selected = event.activity_id
        if self.pane == "events":
            pane = self.query_one("#pane", Lines)
            pane.has_cursor = True
            pane.go((len(whole.events) if self.travel.number is None else self.travel.number) - 1)
        self._show_selected()

    def action_open(self) -> None:
        if self.pane == "events" and self.seen is not None and self._open_child():
            return
        self.opened = not self.opened
        self.draw()
        self.call_after_refresh(self.draw)

    def _open_child(self) -> bool:
        assert self.seen is not None
        event = self.travel.event(self.seen.execution)
        for child in self.seen.execution.children:
            if event is not None and (child.activity_id, child.dimension) == (event.activity_id, event.dimension):
                self.app.open_job(child.job_id)
                return True
        return False

    def action_parent(self) -> None:
        parent = self.seen.execution.parent if self.seen else None
        if parent is None:
            self.notice("No job started this one.", "dim")
        else:
            self.app.open_job(parent.job_id)

    def action_back(self) -> None:
        if self.opened:
            self.opened = False
            self.draw()
        elif not self.travel.is_now:
            self.travel = Travel()
            self._show_selected()
        else:
            super().action_back()

    def action_follow(self) -> None:
        self.following = not self.following
        self.notice("The selection follows what happens." if self.following else "The selection stays.", "dim")
        self.draw()

    def action_turn(self) -> None:
        shown = self._picture.drawing.layout.direction if self._picture else "LR"
        self.direction = "TB" if shown == "LR" else "LR"
        self._show_selected()

    def action_search(self) -> None:
        self.app.push_screen(Ask("/", "", "the name of an activity", lambda text: text), self._searched)

    def _searched(self, text: str | None) -> None:
        boxes = list(self._picture.drawing.layout.boxes) if self._picture and text else []
        start = boxes.index(self.selected) + 1 if self.selected in boxes else 0
        found = next((each for each in boxes[start:] + boxes[:start] if (text or "").lower() in each.lower()), None)
        if found is None:
            self.notice(f"No activity is called {text!r}." if text else "", "warning")
            return
        self.following, self.selected = False, found
        self._show_selected()

    # ---- orders

    def targets(self, name: Name) -> Sequence[tuple[str, str]]:
        if self.seen is None:
            return ()
        if name == "signal":
            return [(wait.topic or "", "waiting") for _, wait in self._signals()]
        return [(self.seen.execution.key, self.seen.execution.state)]

    def _signals(self) -> list[tuple[Instance, Wait]]:
        """What the selected activity waits to be signalled; else what any does."""
        execution = self.seen.execution if self.seen else None
        found = [
            (each, wait) for each in (execution.open_instances() if execution else ()) for wait in each.waits_for if wait.kind == "signal"
        ]
        return [pair for pair in found if pair[0].activity_id == self.selected] or found

    def action_signal(self) -> None:
        found = self._signals()
        if self.app.readonly or not found:
            self.notice(
                "Can't signal: " + ("the app was started with --readonly." if self.app.readonly else "no hook waits for one."), "warning"
            )
            return
        instance, wait = found[0]
        activity = self._activity(instance.activity_id)
        schema = activity.hook_schema if isinstance(activity, Hook) else None
        self.ask(Order("signal", (wait.topic or "",)), schema=schema, known=known_values(wait))

    # ---- taking away

    def copied(self) -> str:
        return self.job_id if self.pane == "graph" and not self.opened else self.text()

    def text(self) -> str:
        execution = self.execution
        return (why(execution) + "\n\n" if execution else "") + text_of(self.main.lines)

    def exported(self) -> tuple[str, bytes] | None:
        execution = self.execution
        if execution is None or self.seen is None:
            return None
        if self.pane == "graph" and self.seen.program is not None:
            from hotmesh.export.overlay import overlay
            from hotmesh.graph.render import render

            picture = render(
                self.seen.program, "svg", direction=self.direction or "LR", topics=[execution.topic], overlay=overlay(execution)
            )
            return f"{self.job_id}.svg", picture
        return f"{self.job_id}.json", dumps(execution.to_json()).encode()


def known_values(wait: Wait) -> dict[str, Json]:
    """The fields of the payload that the hook's condition tells already."""
    if wait.match is UNDEFINED or not isinstance(wait.match, dict):
        return {}
    found: dict[str, Json] = {}
    for template, value in wait.match.items():
        root, _, path = str(template).strip("{}").partition(".")
        name = path.removeprefix("data.").removeprefix("hook.data.")
        if root in ("$hook", "$self") and name and "." not in name:
            found[name] = value
    return found


def _latest(execution: Execution) -> str | None:
    """The activity that something happened at last, an open one if there is any."""
    instances = execution.open_instances() or execution.instances
    return max(instances, key=lambda each: each.updated_ms).activity_id if instances else None
