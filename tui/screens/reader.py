"""Text to read: the help, the findings of the linter, what a process says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.widget import Widget

from ..core.spans import Line
from ..core.views import Seen
from ..widgets.lines import Lines
from .frame import Frame, bindings


class ReaderScreen(Frame):
    """Shows lines that are laid out for its width; esc goes back."""

    place = "reader"
    BINDINGS = bindings("list")

    def __init__(self, tab: str, lay_out: Callable[[int], list[Line]]) -> None:
        super().__init__()
        self.tab = tab  # type: ignore[misc]  # where it was opened from
        self._lay_out = lay_out

    def body(self) -> Iterable[Widget]:
        yield Lines(id="main")

    def on_mount(self) -> None:
        self.main.focus()
        self.draw()

    def want(self) -> None:
        """It reads nothing."""

    def take(self, seen: Seen) -> None:
        """Nothing that is read concerns it."""

    def draw(self) -> None:
        self.main.show(self._lay_out(max(20, self.size.width - 2)))

    def action_move(self, rows: int) -> None:
        self.main.scroll_rows(rows)

    def action_edge(self, way: int) -> None:
        self.main.scroll_rows(way * 1_000_000)
