"""The lines at the top and the bottom: where one is, and which keys do what."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .keys import Key, sign
from .spans import Line, Span, spread, width_of

TABS = (("1", "jobs"), ("2", "graphs"), ("3", "mesh"), ("4", "queues"), ("5", "escalations"))


def top_line(app_id: str, here: str, width: int, *, live: bool, readonly: bool) -> Line:
    """The app, the screens, and whether what is shown is live."""
    left: list[Span] = [(f" {app_id} ", "title"), (" ", "text")]
    for key, name in TABS:
        left.append((f" {key} {name} ", "tab") if name == here else (f" {key} {name} ", "dim"))
    state: Span = ("● live ", "completed") if live else ("○ lost ", "failed")
    right: Line = (("readonly ", "warning"), state) if readonly else (state,)
    return spread(tuple(left), right, width)


def key_line(keys: Sequence[Key], width: int, is_off: Callable[[Key], bool], remapped: dict[str, str]) -> Line:
    """The keys that fit, the disabled ones dim; back and help are always at the end."""
    right: Line = ((" esc", "key"), (" back ", "dim"), (" ?", "key"), (" help ", "dim"))
    room, spans = width - width_of(right), list[Span]()
    for key in keys:
        shown: tuple[Span, Span]
        if is_off(key):
            shown = ((f" {sign(remapped.get(key.id, key.keys))}", "untaken"), (f" {key.label} ", "untaken"))
        else:
            shown = ((f" {sign(remapped.get(key.id, key.keys))}", "key"), (f" {key.label} ", "text"))
        room -= width_of(shown)
        if room < 0:
            break
        spans += shown
    return spread(tuple(spans), right, width)
