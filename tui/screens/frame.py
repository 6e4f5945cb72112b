"""What all screens share: the lines around the body, the feed, moving in a list, orders, copying, paging and exporting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from hotmesh.values import UNDEFINED

from ..core.bars import key_line, top_line
from ..core.keys import Key, keys_of
from ..core.orders import KINDS, Name, Order, why_not
from ..core.spans import ROLES, Line, Role, line, text_of, wrap
from ..core.views import Seen, Want
from ..widgets.lines import Bar, Lines

if TYPE_CHECKING:
    from ..app import HotMeshApp


NOTICE_ROWS = 3


def bindings(*places: str) -> list[BindingType]:
    """The bindings of some places and those of everywhere, from the table of keys."""
    return [Binding(key.keys, key.action, key.label, show=False, id=key.id) for key in keys_of(*places, "all")]


class Frame(Screen[None]):
    """A screen with a body in the middle."""

    place: ClassVar[str]
    """Its name in the table of keys."""
    tab: ClassVar[str]
    """Its name in the line at the top."""

    COMPONENT_CLASSES = {f"lines--{role}" for role in ROLES} | {"lines--cursor"}
    """The styles of all its lines; the widgets look them up here, so that each is computed once."""

    app: HotMeshApp

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="banner")
        yield from self.body()
        yield Bar(id="notice")
        yield Bar(id="keys")

    # ---- what a screen says of itself

    def body(self) -> Iterable[Widget]:
        """The widgets in the middle."""
        raise NotImplementedError  # pragma: no cover

    def want(self) -> Want | None:
        """What it needs to be read."""
        raise NotImplementedError  # pragma: no cover

    def take(self, seen: Seen) -> None:
        """Show what was read."""
        raise NotImplementedError  # pragma: no cover

    def draw(self) -> None:
        """Lay what was read out anew: the width, the cursor or the time has changed."""

    def targets(self, name: Name) -> Sequence[tuple[str, str]]:
        """The ids and states that an order would be for."""
        return ()

    def copied(self) -> str:
        """What the copy key takes."""
        return self.text()

    def text(self) -> str:
        """What is shown, as text."""
        return text_of(self.main.lines)

    def exported(self) -> tuple[str, bytes] | None:
        """A file's name and its content; None when there is nothing to write yet."""
        return None

    @property
    def main(self) -> Lines:
        """The lines that the moving keys move in."""
        return self.query_one("#main", Lines)

    # ---- life

    def on_mount(self) -> None:
        self.frame_it()

    def on_screen_resume(self) -> None:
        """In front again: read for this screen."""
        self.app.feed.want(self.want())
        if self.is_whole:
            self.frame_it()

    def on_lines_resized(self) -> None:
        """The terminal has another size."""
        if self.is_whole:
            self.frame_it()
            self.draw()

    @property
    def is_whole(self) -> bool:
        """Whether its widgets are there: not before it is composed, and not while the app ends."""
        return self.is_running and bool(self.query("#keys"))

    def wanted(self) -> None:
        """What is needed has changed."""
        self.app.feed.want(self.want())

    def frame_it(self) -> None:
        """Draw the lines around the body."""
        app, width = self.app, self.size.width
        self.query_one("#top", Bar).show([top_line(app.app_id, self.tab, width, live=not app.lost, readonly=app.readonly)])
        banner = self.query_one("#banner", Bar)
        banner.set_class(bool(app.lost), "shown")
        banner.show([line(f" ⚠ {app.lost} Trying again; what you see is old.", "strong")])
        shown = [key for key in keys_of(self.place, "all") if key.shown and key.id not in ("all.help", "all.back")]
        self.query_one("#keys", Bar).show([key_line(shown, width, self.is_off, app.remapped)])

    def is_off(self, key: Key) -> bool:
        """Whether a key does nothing now."""
        name = _ordered(key)
        if name is None:
            return False
        return why_not(name, [state for _, state in self.targets(name)], readonly=self.app.readonly) is not None

    def trouble(self, text: str) -> None:
        """What it wants can't be read."""
        self.notice(text, "failed")

    def notice(self, text: str, role: Role = "text") -> None:
        """Say something, above the keys: in one line, or in a few when it is long."""
        bar = self.query_one("#notice", Bar)
        lines = [((" ", role), *each) for each in wrap(text, max(20, self.size.width - 2), role)] if text else []
        bar.show(lines)
        bar.styles.height = max(1, min(NOTICE_ROWS, len(lines)))

    # ---- moving

    def action_move(self, rows: int) -> None:
        self.main.go(self.main.cursor + rows)
        self.moved()

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(1, self.main.room.height - 2))

    def action_edge(self, way: int) -> None:
        self.main.go(0 if way < 0 else len(self.main.lines))
        self.moved()

    def action_sideways(self, way: int) -> None:
        self.main.scroll_columns(way * 8)

    def moved(self) -> None:
        """The cursor stands on another row."""
        self.frame_it()

    # ---- orders

    def action_order(self, name: Name) -> None:
        """Ask about an order, then give it."""
        found = self.targets(name)
        reason = why_not(name, [state for _, state in found], readonly=self.app.readonly)
        if reason is not None:
            self.notice(f"Can't {KINDS[name].verb.lower()}: {reason}.", "warning")
            return
        states = KINDS[name].states
        fit = tuple(id_ for id_, state in found if states is None or state in states)
        self.ask(Order(name, fit), skipped=len(found) - len(fit))

    def ask(self, order: Order, *, skipped: int = 0, schema: Any = UNDEFINED, known: dict[str, Any] | None = None) -> None:
        """Show an order, with what it still needs, and give it when the user says so."""
        from .prompt import Prompt

        self.app.push_screen(Prompt(order, self.app.app_id, skipped=skipped, schema=schema, known=known), self._answered)

    def _answered(self, order: Order | None) -> None:
        if order is None:
            self.notice("Nothing was done.", "dim")
            return
        self.notice(f"{order.kind.verb} …", "dim")
        self.app.carry_out(order)

    # ---- the rest

    def action_back(self) -> None:
        self.app.go_back()

    def action_copy(self) -> None:
        text = self.copied()
        self.app.copy_to_clipboard(text)
        first = text.strip().splitlines()[0] if text.strip() else "nothing"
        self.notice(f"Copied: {first[:60]}", "dim")

    def action_pager(self) -> None:
        self.app.open_pager(self.text())

    def action_export(self) -> None:
        found = self.exported()
        if found is None:
            self.notice("There is nothing to write yet.", "warning")
            return
        self.notice(self.app.write_file(*found), "completed")

    def shown_lines(self, widget: str, lines: list[Line], header: Line | None = None) -> None:
        """Fill a widget."""
        self.query_one(widget, Lines).show(lines, header)


def _ordered(key: Key) -> Name | None:
    """The order that a key gives, if it gives one."""
    for name in KINDS:
        if key.action in (f"order('{name}')", name):
            return name
    return None
