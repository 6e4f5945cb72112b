"""One line typed at the bottom: a filter, a command, a search."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Label

from hotmesh.errors import FilterError


class Ask(ModalScreen[str | None]):
    """Gives back what was typed, once `check` takes it; None after esc."""

    BINDINGS = [("escape", "no", "no")]  # noqa: RUF012

    def __init__(self, prefix: str, value: str, hint: str, check: Callable[[str], object], suggester: Suggester | None = None) -> None:
        super().__init__()
        self._prefix, self._value, self._hint, self._check, self._suggester = prefix, value, hint, check, suggester

    def compose(self) -> ComposeResult:
        yield Label("", id="wrong")
        with Horizontal(id="line"):
            yield Label(Text(f" {self._prefix}"), id="prefix")
            yield Input(self._value, placeholder=self._hint, compact=True, suggester=self._suggester)

    def on_mount(self) -> None:
        self.set_focus(self.query_one(Input))

    def on_input_changed(self) -> None:
        """Another try."""
        self.query_one("#wrong", Label).remove_class("shown")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it, or say what is wrong."""
        try:
            self._check(event.value)
        except FilterError as error:
            wrong = self.query_one("#wrong", Label)
            wrong.update(Text(f" {error}"))
            wrong.add_class("shown")
            return
        self.dismiss(event.value)

    def action_no(self) -> None:
        """Type nothing."""
        self.dismiss(None)
