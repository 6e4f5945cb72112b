"""The looks of a picture: colors for light and dark, and the icons, drawn on a square of 16 units.

The rules name no variables and no functions of newer CSS, so that programs which are no browser show the light picture rightly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"


@dataclass(frozen=True, slots=True)
class Palette:
    """The colors of one theme."""

    page: str
    card: str
    text: str
    muted: str
    line: str
    faint: str
    link: str
    kinds: Mapping[str, str]
    states: Mapping[str, str]
    changes: Mapping[str, str]


LIGHT: Final = Palette(
    page="#ffffff",
    card="#ffffff",
    text="#1f2430",
    muted="#5b6475",
    line="#8a93a5",
    faint="#d3d8e1",
    link="#2563c9",
    kinds={
        "trigger": "#1a7f4b",
        "worker": "#2f6fd6",
        "await": "#7b52cc",
        "hook": "#a86200",
        "signal": "#0a7c88",
        "cycle": "#b3418f",
        "interrupt": "#cc3d3d",
    },
    states={"done": "#1a7f4b", "failed": "#cc3d3d", "running": "#2563c9", "waiting": "#a86200", "taken": "#1a7f4b"},
    changes={"added": "#1a7f4b", "removed": "#cc3d3d", "changed": "#a86200"},
)

DARK: Final = Palette(
    page="#0f131a",
    card="#181d27",
    text="#e8ebf1",
    muted="#a0a9ba",
    line="#707a8d",
    faint="#3a4252",
    link="#78a9ff",
    kinds={
        "trigger": "#4cc38a",
        "worker": "#6ea8ff",
        "await": "#b294f5",
        "hook": "#f0b04f",
        "signal": "#4fc8d4",
        "cycle": "#ee86cb",
        "interrupt": "#ff7b72",
    },
    states={"done": "#4cc38a", "failed": "#ff7b72", "running": "#6ea8ff", "waiting": "#f0b04f", "taken": "#4cc38a"},
    changes={"added": "#4cc38a", "removed": "#ff7b72", "changed": "#f0b04f"},
)

SHAPES: Final = f"""\
text{{font-family:{FONT};font-size:12px;white-space:pre}}
.name{{font-size:14px;font-weight:600}}
.topic-of-graph{{font-size:16px;font-weight:600}}
.card{{stroke-width:1.4}}
.inner{{fill:none;stroke-width:1}}
.tile{{fill-opacity:.13;stroke:none}}
.stroke{{fill:none;stroke:#fff;stroke-width:1.8;stroke-linecap:round}}
.icon{{fill:none;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}}
.edge{{fill:none;stroke-width:1.6;stroke-linejoin:round}}
.back{{stroke-dasharray:5 4}}
.taken .edge{{stroke-width:2.6}}
.skipped .name,.pending .name{{font-weight:400}}
.skipped .card,.pending .card,.skipped .inner,.pending .inner,.skipped .icon,.pending .icon{{stroke-opacity:.45}}
.untaken .edge{{stroke-opacity:.55}}.untaken .head{{fill-opacity:.55}}
.removed .card,.removed .edge{{stroke-dasharray:4 3}}
.removed .name{{text-decoration:line-through}}
.running .card,.waiting .card,.failed .card,.done .card{{stroke-width:2}}
.node:hover .card{{stroke-width:2.4}}
a:hover text{{text-decoration:underline}}
"""

ICONS: Final[Mapping[str, str]] = {
    "trigger": "M5 3.2v9.6L12.6 8z",
    "worker": "M8 1.8l5.4 3.1v6.2L8 14.2l-5.4-3.1V4.9zM8 5.7a2.3 2.3 0 1 0 0 4.6a2.3 2.3 0 1 0 0-4.6",
    "await": "M2.5 2.5h7v7h-7zM6.5 12v1.5h7v-7H12",
    "hook": "M4.2 2h7.6M4.2 14h7.6M5 2v2.2L8 8l3-3.8V2M5 14v-2.2L8 8l3 3.8V14",
    "pass": "M6 2.5c-2 0-2 1-2 2.5s0 3-1.8 3c1.8 0 1.8 1.5 1.8 3s0 2.5 2 2.5"
    "M10 2.5c2 0 2 1 2 2.5s0 3 1.8 3c-1.8 0-1.8 1.5-1.8 3s0 2.5-2 2.5",
    "signal": "M8 10v4M6.8 8.6a1.7 1.7 0 1 1 2.4 0M4.6 10.5a4.5 4.5 0 1 1 6.8 0M2.6 12a7 7 0 1 1 10.8 0",
    "cycle": "M13 8a5 5 0 1 1-1.6-3.7M13.2 2v3h-3",
    "interrupt": "M5.4 2h5.2L14 5.4v5.2L10.6 14H5.4L2 10.6V5.4zM6 6l4 4M10 6l-4 4",
    "mark-signal": "M8 9.5v4.5M5.8 9.8a3 3 0 1 1 4.4 0M3.5 11.5a6 6 0 1 1 9 0",
    "mark-timer": "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 5v3.3l2.3 1.4",
    "mark-escalation": "M4 14V2.5h8L10 5.5l2 3H4",
    "mark-starts": "M4 12L12 4M6 4h6v6",
}
"""Paths of lines; those of activity kinds have their name, those of the lines in a box begin with `mark-`."""


def style_sheet() -> str:
    """The rules of a picture: light, and dark for readers who prefer it."""
    return f"{SHAPES}{_colors(LIGHT)}@media (prefers-color-scheme:dark){{\n{_colors(DARK)}}}\n"


def graphviz_style_sheet() -> str:
    """Rules that turn the colors of a picture by Graphviz dark for readers who prefer it; its own are for light."""
    rules = [f".graph>polygon{{fill:{DARK.page}}}.cluster>path,.cluster>polygon{{stroke:{DARK.faint}}}.cluster>text{{fill:{DARK.muted}}}"]
    filled = ",".join(f".node {shape}:not([fill=none])" for shape in ("path", "polygon", "ellipse"))
    rules.append(f"{filled}{{fill:{DARK.card}}}.node text{{fill:{DARK.text}}}.edge text{{fill:{DARK.muted}}}")
    for kind, color in (*DARK.kinds.items(), *DARK.states.items(), *DARK.changes.items()):
        rules.append(f".node.{kind} path,.node.{kind} polygon,.node.{kind} ellipse{{stroke:{color}}}")
    return "@media (prefers-color-scheme:dark){\n" + "\n".join(rules) + "\n}\n"


def _colors(palette: Palette) -> str:
    rules = [
        f".page{{fill:{palette.page}}}",
        f".card{{fill:{palette.card}}}",
        f".name,.topic-of-graph{{fill:{palette.text}}}",
        f".line,.label,.heading,.skipped .name,.pending .name{{fill:{palette.muted}}}",
        f".link{{fill:{palette.link}}}",
        f".edge{{stroke:{palette.line}}}.head{{fill:{palette.line}}}",
    ]
    for kind, color in palette.kinds.items():
        rules.append(f".{kind} .card,.{kind} .inner,.{kind} .icon{{stroke:{color}}}.{kind} .tile{{fill:{color}}}")
    rules.append(f".back .edge,.edge.back{{stroke:{palette.kinds['cycle']}}}.head.back{{fill:{palette.kinds['cycle']}}}")
    for state, color in palette.states.items():
        rules.append(f".{state} .card,.{state} .inner,.{state} .edge{{stroke:{color}}}.{state} .head,.{state} .state{{fill:{color}}}")
    for change, color in palette.changes.items():
        rules.append(f".{change} .card,.{change} .inner,.{change} .edge{{stroke:{color}}}.{change} .head,.{change} .sign{{fill:{color}}}")
    return "\n".join(rules) + "\n"
