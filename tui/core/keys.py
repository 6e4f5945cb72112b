"""The keys: one table for the bindings, the line at the bottom, the help, the palette and the documentation.

A file of lines `jobs.cancel = "ctrl+x"` (TOML) gives other keys to the same names: `keys.toml` in the user's folder of settings for
hotmesh, or the file that `HOTMESH_KEYS` names.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from hotmesh.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Key:
    """One key of one place."""

    id: str
    """`place.name`."""
    keys: str
    """As Textual names them; several with commas."""
    action: str
    label: str
    """In a word or two, for the line at the bottom."""
    help: str
    shown: bool = True
    """Whether it stands in the line at the bottom."""

    @property
    def place(self) -> str:
        return self.id.partition(".")[0]


KEYS: tuple[Key, ...] = (
    Key("all.jobs", "1", "app.show('jobs')", "jobs", "The jobs", shown=False),
    Key("all.graphs", "2", "app.show('graphs')", "graphs", "The deployed versions and their graphs", shown=False),
    Key("all.mesh", "3", "app.show('mesh')", "mesh", "Who takes part", shown=False),
    Key("all.queues", "4", "app.show('queues')", "queues", "What waits, and what was given up", shown=False),
    Key("all.escalations", "5", "app.show('escalations')", "escalations", "Hooks that wait for people", shown=False),
    Key("all.back", "escape", "back", "back", "Back, or clear the filter"),
    Key("all.command", "colon", "app.command", "command", "Type a command", shown=False),
    Key("all.help", "question_mark", "app.help", "help", "The keys of this screen"),
    Key("all.export", "x", "export", "export", "Write what is shown into a file: SVG or JSON", shown=False),
    Key("all.copy", "y", "copy", "copy", "Copy the id, or the text of the pane", shown=False),
    Key("all.pager", "o", "pager", "pager", "Open the text in $PAGER", shown=False),
    Key("all.theme", "ctrl+t", "app.next_theme", "theme", "The next theme", shown=False),
    Key("all.quit", "q,ctrl+q", "app.quit", "quit", "Leave", shown=False),
    Key("list.down", "j,down", "move(1)", "down", "The next row", shown=False),
    Key("list.up", "k,up", "move(-1)", "up", "The row before", shown=False),
    Key("list.page_down", "pagedown,ctrl+f", "page(1)", "page down", "A page down", shown=False),
    Key("list.page_up", "pageup,ctrl+b", "page(-1)", "page up", "A page up", shown=False),
    Key("list.first", "g,home", "edge(-1)", "first", "The first row", shown=False),
    Key("list.last", "G,end", "edge(1)", "last", "The last row", shown=False),
    Key("list.left", "h,left", "sideways(-1)", "left", "To the left", shown=False),
    Key("list.right", "l,right", "sideways(1)", "right", "To the right", shown=False),
    Key("jobs.open", "enter", "open", "open", "Look at the job"),
    Key("jobs.filter", "slash", "filter", "filter", "Filter, as state:failed topic:order.* age<1h text"),
    Key("jobs.mark", "space", "mark", "mark", "Mark the row; actions take all marked rows"),
    Key("jobs.mark_all", "ctrl+a", "mark_all", "mark all", "Mark all rows, or none", shown=False),
    Key("jobs.next", "n,right_square_bracket", "turn(1)", "older", "The next page: older jobs", shown=False),
    Key("jobs.previous", "p,left_square_bracket", "turn(-1)", "newer", "The page before: newer jobs", shown=False),
    Key("jobs.cancel", "c", "order('cancel')", "cancel", "End in its own time: what runs may finish"),
    Key("jobs.interrupt", "i", "order('interrupt')", "interrupt", "End now"),
    Key("jobs.pause", "P", "order('pause')", "pause", "Stop where it is"),
    Key("jobs.resume", "R", "order('resume')", "resume", "Let it go on"),
    Key("jobs.retry", "r", "order('retry')", "retry", "Run the failed activity again"),
    Key("jobs.rerun", "N", "order('rerun')", "rerun", "Start another job with the same input", shown=False),
    Key("job.next_pane", "tab", "pane(1)", "pane", "The next pane"),
    Key("job.previous_pane", "shift+tab", "pane(-1)", "pane", "The pane before", shown=False),
    Key("job.earlier", "comma", "travel(-1)", "earlier", "One event back in time"),
    Key("job.later", "full_stop", "travel(1)", "later", "One event on in time"),
    Key("job.start", "less_than_sign", "travel(-100000)", "start", "Back to the start of the job", shown=False),
    Key("job.now", "greater_than_sign", "travel(100000)", "now", "Back to now", shown=False),
    Key("job.open", "enter", "open", "open", "What the activity was sent, returned, and waits for"),
    Key("job.signal", "s", "signal", "signal", "Send the signal that a hook waits for"),
    Key("job.cancel", "c", "order('cancel')", "cancel", "End in its own time: what runs may finish"),
    Key("job.interrupt", "i", "order('interrupt')", "interrupt", "End now"),
    Key("job.pause", "P", "order('pause')", "pause", "Stop where it is"),
    Key("job.resume", "R", "order('resume')", "resume", "Let it go on"),
    Key("job.retry", "r", "order('retry')", "retry", "Run the failed activity again"),
    Key("job.rerun", "N", "order('rerun')", "rerun", "Start another job with the same input", shown=False),
    Key("job.follow", "f", "follow", "follow", "Keep the selection on what happens", shown=False),
    Key("job.turn", "t", "turn", "turn", "Left to right, or top to bottom", shown=False),
    Key("job.search", "slash", "search", "search", "Find an activity", shown=False),
    Key("job.parent", "u", "parent", "parent", "The job that started this one", shown=False),
    Key("graphs.diff", "d", "diff", "diff", "What changed between the selected version and the marked or active one"),
    Key("graphs.mark", "space", "mark", "mark", "Mark the version to compare with"),
    Key("graphs.lint", "enter", "lint", "findings", "What the linter says"),
    Key("graphs.turn", "t", "turn", "turn", "Left to right, or top to bottom"),
    Key("graphs.activate", "a", "order('activate')", "activate", "Give new jobs this version"),
    Key("graphs.scroll_down", "J", "scroll(1)", "scroll", "Scroll the drawing down", shown=False),
    Key("graphs.scroll_up", "K", "scroll(-1)", "scroll", "Scroll the drawing up", shown=False),
    Key("mesh.throttle", "b", "order('throttle')", "brake", "Brake the process; 0 lets go, -1 pauses"),
    Key("mesh.throttle_all", "B", "order('throttle_all')", "brake all", "Brake the whole mesh"),
    Key("mesh.open", "enter", "open", "open", "Everything the process says of itself"),
    Key("queues.throttle", "b", "order('throttle')", "brake", "Brake the topic; 0 lets go, -1 pauses"),
    Key("queues.open", "enter", "open", "jobs", "The open jobs of the graphs that use the topic, or the job of the dead letter"),
    Key("escalations.claim", "c", "order('claim')", "claim", "Have it for a quarter of an hour"),
    Key("escalations.release", "R", "order('release')", "release", "Give it back to all"),
    Key("escalations.resolve", "s", "resolve", "resolve", "Answer it: the hook gets what you type"),
    Key("escalations.dismiss", "X", "order('dismiss')", "dismiss", "Close it without an answer: the hook fails"),
    Key("escalations.mark", "space", "mark", "mark", "Mark the row; actions take all marked rows"),
    Key("escalations.open", "enter", "open", "job", "Look at the job"),
    Key("escalations.all", "a", "all", "all", "Closed ones too, or only open ones"),
)
"""Every key. A place's own keys come before those of `all` and `list`."""

SIGNS = {
    "escape": "esc",
    "enter": "⏎",
    "space": "␣",
    "colon": ":",
    "question_mark": "?",
    "slash": "/",
    "comma": ",",
    "full_stop": ".",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
    "shift+tab": "⇧tab",
}
"""What a key is called on the screen."""


def keys_of(*places: str) -> list[Key]:
    """The keys of some places, in the order of the places."""
    return [key for place in places for key in KEYS if key.place == place]


def sign(keys: str) -> str:
    """The first of some keys, as people write it."""
    first = keys.split(",")[0]
    return SIGNS.get(first, first.replace("ctrl+", "^"))


def signs(keys: str) -> str:
    """All of some keys, as people write them."""
    return " ".join(sign(key) for key in keys.split(","))


def remapped(file: Path | None = None) -> dict[str, str]:
    """The keys that the user has given other names to, by id. Raises SettingsError for a file that can't be read or names no key."""
    path = file or _file_of_keys()
    if not path.is_file():
        return {}
    try:
        found = _flat(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} can't be read: {error}") from error
    known = {key.id for key in KEYS}
    for name, keys in found.items():
        if name not in known or not isinstance(keys, str):
            raise SettingsError(
                f'{path}: {name} = {keys!r}; write an id as jobs.cancel (`hotmesh tui --keys` lists them) and a key as "ctrl+x".'
            )
    return {name: str(keys) for name, keys in found.items()}


def _file_of_keys() -> Path:
    named = os.environ.get("HOTMESH_KEYS")
    if named:
        return Path(named)
    from platformdirs import user_config_path

    return user_config_path("hotmesh") / "keys.toml"


def _flat(table: dict[str, object], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found
