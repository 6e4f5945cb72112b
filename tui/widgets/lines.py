"""Lines of spans on the screen: scrolls, keeps a header in sight, marks the row of the cursor. Draws only the rows in sight."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from hotmesh.graph.canvas import text_width

from ..core.spans import Line


class Lines(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows lines. With `has_cursor`, one row is the current one. Its screen has the styles of the roles."""

    class Resized(Message):
        """The width has changed: whoever fills it should lay it out again."""

    def __init__(self, *, id: str | None = None, has_cursor: bool = False, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: Sequence[Line] = ()
        self._header: Line | None = None
        self._styles: dict[str, Style] = {}
        self.has_cursor = has_cursor
        self.cursor = 0

    # ---- content

    def show(self, lines: Sequence[Line], header: Line | None = None) -> None:
        """Show these lines, below a header that stays."""
        if lines == self._lines and header == self._header:
            return
        self._lines, self._header = lines, header
        width = max((sum(text_width(text) for text, _ in line) for line in lines), default=0)
        self.virtual_size = Size(width, len(lines) + (header is not None))
        self.cursor = min(self.cursor, max(0, len(lines) - 1))
        self.refresh()

    @property
    def lines(self) -> Sequence[Line]:
        """What is shown, without the header."""
        return self._lines

    @property
    def header(self) -> Line | None:
        """The line that stays at the top."""
        return self._header

    @property
    def room(self) -> Size:
        """The cells there are."""
        return self.scrollable_content_region.size

    def on_resize(self) -> None:
        """Ask to be filled anew."""
        self.post_message(self.Resized())

    # ---- moving

    def go(self, row: int) -> None:
        """Make a row the current one, in sight."""
        self.cursor = max(0, min(row, len(self._lines) - 1))
        above = 1 if self._header is not None else 0
        top, height = round(self.scroll_offset.y), max(1, self.room.height - above)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False)
        self.refresh()

    def scroll_rows(self, rows: int) -> None:
        """Scroll by some rows."""
        self.scroll_to(y=max(0, self.scroll_offset.y + rows), animate=False)

    def scroll_columns(self, columns: int) -> None:
        """Scroll by some columns."""
        self.scroll_to(x=max(0, self.scroll_offset.x + columns), animate=False)

    def reveal(self, x: int, y: int, width: int, height: int) -> None:
        """Bring a rectangle into sight."""
        self.scroll_to_region(Region(x, y, width, height), animate=False)

    # ---- drawing

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        width = self.size.width
        if self._header is not None and y == 0:
            return self._strip(self._header, width, current=False)
        row = round(self.scroll_offset.y) + y - (self._header is not None)
        if not 0 <= row < len(self._lines):
            return Strip.blank(width, self.rich_style)
        return self._strip(self._lines[row], width, current=self.has_cursor and row == self.cursor)

    def _strip(self, line: Line, width: int, *, current: bool) -> Strip:
        base = self._style("cursor") if current else self.rich_style
        segments = [Segment(text, base + self._style(role) if not current else self._style(role) + base) for text, role in line if text]
        strip = Strip(segments).crop_extend(round(self.scroll_offset.x), round(self.scroll_offset.x) + width, base)
        return strip.apply_style(Style.null())

    def _style(self, role: str) -> Style:
        if role not in self._styles:
            self._styles[role] = self.screen.get_component_rich_style(f"lines--{role}", partial=True)
        return self._styles[role]


class Bar(Lines, can_focus=False):
    """A line or two that nobody moves in."""
