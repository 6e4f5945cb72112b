"""What the feed tells the screens."""

from __future__ import annotations

from textual.message import Message

from .core.orders import Order
from .core.views import Seen, Want


class Looked(Message):
    """What was wanted has been read."""

    def __init__(self, want: Want, seen: Seen) -> None:
        super().__init__()
        self.want = want
        self.seen = seen


class Trouble(Message):
    """What was wanted can't be had: the job is gone, a version isn't there."""

    def __init__(self, want: Want, text: str) -> None:
        super().__init__()
        self.want = want
        self.text = text


class Lost(Message):
    """The database can't be reached."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Found(Message):
    """The database is back."""


class Done(Message):
    """An order was carried out, for some of its targets."""

    def __init__(self, order: Order, done: tuple[str, ...], errors: tuple[str, ...]) -> None:
        super().__init__()
        self.order = order
        self.done = done
        self.errors = errors
