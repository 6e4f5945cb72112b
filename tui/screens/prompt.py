"""Before anything is done: what, to what, why, and the command that does the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from hotmesh.values import UNDEFINED, Json

from ..core.forms import Field, fields_of, read
from ..core.orders import Order, command, question


class Prompt(ModalScreen[Order | None]):
    """Asks for what an order needs; gives it back complete, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", "no"),
        Binding("ctrl+s", "yes", "do it"),
        Binding("enter", "next", "next field", priority=True),
    ]

    def __init__(
        self, order: Order, app_id: str, *, skipped: int = 0, schema: Any = UNDEFINED, known: dict[str, Json] | None = None
    ) -> None:
        super().__init__()
        self._order = order
        self._app_id = app_id
        self._skipped = skipped
        self._schema: Json = None if schema is UNDEFINED else schema
        self._fields: list[Field] = [] if schema is UNDEFINED else fields_of(schema, known)

    def compose(self) -> ComposeResult:
        kind = self._order.kind
        with VerticalScroll(id="box", can_focus=False):
            yield Label(Text(question(self._order)), classes="question")
            skipped = f" {self._skipped} of the marked ones are left out." if self._skipped else ""
            yield Label(Text(kind.told + skipped), classes="told")
            for number, field in enumerate(self._fields):
                star = " *" if field.required else ""
                yield Label(Text(f"{field.name or 'payload'}{star}  {field.hint}"), classes="field")
                yield Input(field.value, id=f"field-{number}", compact=True)
            if kind.asks_ms:
                yield Label("milliseconds", classes="field")
                yield Input(str(self._order.ms), id="ms", compact=True, restrict=r"-?\d*")
            if kind.asks_reason:
                yield Label("reason (may be empty)", classes="field")
                yield Input(id="reason", compact=True)
            yield Label("", classes="wrong")
            yield Label("", classes="command")
            yield Label("⏎ do it   tab next field   esc no" if self._inputs_wanted() else "⏎ do it   esc no", classes="keys")

    def on_mount(self) -> None:
        self._refresh_command()
        first = next(iter(self.query(Input)), None)
        if first is not None:
            self.set_focus(first)

    def _inputs_wanted(self) -> int:
        return len(self._fields) + self._order.kind.asks_ms + self._order.kind.asks_reason

    def on_input_changed(self) -> None:
        """Show the command as it would be."""
        self._refresh_command()

    def action_next(self) -> None:
        """The next field; after the last one, the order."""
        inputs = list(self.query(Input))
        place = inputs.index(self.focused) if self.focused in inputs else -1
        if place + 1 < len(inputs) and (place >= 0 or len(inputs) > 1):
            self.set_focus(inputs[max(place, 0) + 1])
        else:
            # What was typed before Enter may still be on its way to the field: the order waits its turn behind it.
            (self.focused or self).call_later(self.action_yes)

    def _complete(self) -> tuple[Order, str | None]:
        order, wrong = self._order, None
        if self._fields:
            texts = [self.query_one(f"#field-{number}", Input).value for number in range(len(self._fields))]
            payload, wrong = read(self._fields, texts, self._schema)
            order = replace(order, payload=payload)
        if order.kind.asks_reason:
            order = replace(order, reason=self.query_one("#reason", Input).value.strip())
        if order.kind.asks_ms:
            text = self.query_one("#ms", Input).value
            if not text.lstrip("-").isdigit() or int(text) < -1:
                return order, "milliseconds are a whole number from -1"
            order = replace(order, ms=int(text))
        return order, wrong

    def _refresh_command(self) -> None:
        order, _ = self._complete()
        self.query_one(".command", Label).update(Text(f"$ {command(order, self._app_id)}"))

    def action_yes(self) -> None:
        """Give the order, when it is complete."""
        order, wrong = self._complete()
        if wrong is not None:
            self.query_one(".wrong", Label).update(Text(wrong))
            return
        self.dismiss(order)

    def action_no(self) -> None:
        """Do nothing."""
        self.dismiss(None)
