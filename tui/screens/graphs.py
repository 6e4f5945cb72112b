"""The deployed versions: their drawing, what the linter says, what changed between two of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from hotmesh.client.facts import Version
from hotmesh.diagnostic import Diagnostic
from hotmesh.graph.layout import Direction

from ..core.orders import Name
from ..core.pictures import program_lines, start_column
from ..core.rows import version_table
from ..core.spans import Line, Span, line, wrap
from ..core.views import Seen, SeenGraphs, WantGraphs
from ..feed import problems
from ..widgets.lines import Bar, Lines
from .frame import Frame, bindings
from .reader import ReaderScreen


class GraphsScreen(Frame):
    """Versions at the left, the drawing at the right."""

    place = tab = "graphs"
    BINDINGS = bindings("graphs", "list")

    def __init__(self) -> None:
        super().__init__()
        self.seen: SeenGraphs | None = None
        self.chosen: str | None = None
        self.marked: str | None = None
        self.differs = False
        self.direction: Direction | None = None
        """None = each graph left to right where there is room for it."""
        self._shown: tuple[object, ...] = ()
        """What the drawing shows the start of."""

    def body(self) -> Iterable[Widget]:
        with Horizontal():
            with Vertical(id="versions"):
                yield Lines(id="main", has_cursor=True)
                yield Bar(id="lint")
            yield Lines(id="drawing")

    def on_mount(self) -> None:
        self.query_one("#versions").styles.width = "1fr"
        self.main.focus()

    def want(self) -> WantGraphs:
        return WantGraphs(self.chosen, self._old() if self.differs else None)

    def _old(self) -> str | None:
        """The version to compare with: the marked one, else the active one, else the one deployed before."""
        versions = self.seen.versions if self.seen else ()
        active = next((each.version for each in versions if each.active), None)
        here = self.chosen or active
        names = [each.version for each in versions]
        before = names[names.index(here) + 1] if here in names[:-1] else None
        return next((each for each in (self.marked, active, before) if each not in (None, here)), None)

    def take(self, seen: Seen) -> None:
        if not isinstance(seen, SeenGraphs):
            return
        self.seen = seen
        names = [each.version for each in seen.versions]
        if seen.version in names:
            self.main.cursor = names.index(seen.version)
        self.draw()
        self.frame_it()

    def draw(self) -> None:
        if self.seen is None:
            return
        main = self.main
        header, lines = version_table(self.seen.versions, self.marked, main.room.width)
        main.show(lines or [line(" Nothing is deployed.", "dim")], header)
        self.query_one("#lint", Bar).show([self._lint_line()])
        drawing = self.query_one("#drawing", Lines)
        if self.seen.program is None:
            drawing.show([line("hotmesh deploy app.yaml", "accent")])
            return
        drawn = program_lines(self.seen.program, self.direction, drawing.room.width, self.seen.old)
        lines = [*self._compared(start_column(drawn, drawing.room.width)), *drawn]
        drawing.show(lines)
        shown = (self.seen.version, self.seen.old is not None, self.direction, drawing.room)
        if shown != self._shown:
            self._shown = shown
            self.call_after_refresh(self._to_the_start, lines)

    def _to_the_start(self, lines: list[Line]) -> None:
        """Bring the first graph's trigger into sight."""
        drawing = self.query_one("#drawing", Lines)
        drawing.scroll_to(x=start_column(lines, drawing.room.width), y=0, animate=False)

    def _compared(self, column: int) -> list[Line]:
        if not self.differs or self.seen is None or self.seen.old is None:
            return []
        return [line(f"{' ' * column}{self.seen.old.version} → {self.seen.version}", "warning"), line("")]

    def _lint_line(self) -> Line:
        findings = self.seen.findings if self.seen else None
        if findings is None:
            return line(" no YAML to check", "dim")
        errors, warnings = problems(findings)
        if errors:
            return line(f" ✗ {errors} error{'s' * (errors > 1)}", "failed")
        return line(f" ! {warnings} warning{'s' * (warnings > 1)}", "warning") if warnings else line(" ✓ lint clean", "completed")

    def _current(self) -> Version | None:
        versions = self.seen.versions if self.seen else ()
        return versions[self.main.cursor] if self.main.cursor < len(versions) else None

    # ---- keys

    def moved(self) -> None:
        here = self._current()
        if here is not None and here.version != self.chosen:
            self.chosen = here.version
            self.wanted()
        super().moved()

    def action_sideways(self, way: int) -> None:
        self.query_one("#drawing", Lines).scroll_columns(way * 8)

    def action_page(self, pages: int) -> None:
        drawing = self.query_one("#drawing", Lines)
        drawing.scroll_rows(pages * max(1, drawing.room.height - 2))

    def action_scroll(self, rows: int) -> None:
        self.query_one("#drawing", Lines).scroll_rows(rows)

    def targets(self, name: Name) -> Sequence[tuple[str, str]]:
        here = self._current()
        return [] if here is None else [(here.version, "active" if here.active else "deployed")]

    def action_mark(self) -> None:
        here = self._current()
        if here is not None:
            self.marked = None if self.marked == here.version else here.version
            self.draw()

    def action_diff(self) -> None:
        if not self.differs and self._old() is None:
            self.notice("There is no other version to compare with.", "warning")
            return
        self.differs = not self.differs
        self.wanted()

    def action_turn(self) -> None:
        self.direction = "LR" if self.direction == "TB" else "TB"
        self.draw()

    def action_lint(self) -> None:
        findings = self.seen.findings if self.seen else None
        self.app.push_screen(ReaderScreen(self.tab, lambda width: finding_lines(findings or (), width)))

    def action_back(self) -> None:
        if self.differs:
            self.action_diff()
        else:
            super().action_back()

    def text(self) -> str:
        drawing = self.query_one("#drawing", Lines).lines
        return "\n".join("".join(text for text, _ in each).rstrip() for each in drawing) + "\n"

    def copied(self) -> str:
        here = self._current()
        return here.version if here else ""

    def exported(self) -> tuple[str, bytes] | None:
        if self.seen is None or self.seen.program is None:
            return None
        from hotmesh.graph.render import render

        name = f"{self.app.app_id}-{self.seen.version}.svg"
        return name, render(self.seen.program, "svg", direction=self.direction or "LR", old=self.seen.old)


def finding_lines(findings: Sequence[Diagnostic], width: int) -> list[Line]:
    """What the linter says, finding by finding."""
    if not findings:
        return [line("The linter has nothing to say.", "completed")]
    lines: list[Line] = []
    for each in findings:
        sign: Span = ("✗ ", "failed") if each.is_error else ("! ", "warning")
        first, *rest = wrap(str(each), width, "text")
        lines += [(sign, *first), *rest, line("")]
    return lines
