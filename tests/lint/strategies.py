"""Documents for fuzzing: any text, any structure in the words of the language, and broken copies of real apps."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import strategies as st

from hotmesh.lint.rules.rule import EXAMPLES
from hotmesh.source import files

ROOT = Path(__file__).parents[2]
APPS = [path.read_text(encoding="utf-8") for path in [*files.apps_in(ROOT / "graphs"), *sorted(EXAMPLES.glob("*.good.yaml"))]]

SCHEMA = json.loads(files.bundled("app.schema.json"))


def _words(schema: object) -> set[str]:
    if isinstance(schema, dict):
        return {*schema.get("properties", {}), *(word for value in schema.values() for word in _words(value))}
    return {word for value in schema for word in _words(value)} if isinstance(schema, list) else set()


WORDS = sorted(_words(SCHEMA))
SNIPPETS = [
    "{a.output.data.x}", "{$self.hook.data}", "{$item}", "{", "}", "{}", "{{a}}", "{@math.add}", "{@math}", "@pipe", "@reduce", "*a", "&a ",
    "<<: *a", "- ", ": ", "\n  ", "\t", "'", '"', "|\n", ">-\n", "[", "]", "!!int ", "# hotmesh: ignore[R203]", "$ref: '#/app'",
    "\u2028", "é",
    "---\n", "2024-01-31", "null", "~", "-1", "1e999", "0x", "trigger", "cycle", "all", "\x00", "\ufeff", "😀",
]  # fmt: skip

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(WORDS),
    st.sampled_from(SNIPPETS),
)
keys = st.one_of(st.sampled_from(WORDS), st.sampled_from(["a", "b", "@pipe", "@reduce", "500", "4xx", "x-a", "$ref"]), st.text(max_size=6))
structures = st.recursive(
    leaves, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=5)), max_leaves=25
)

ids = st.sampled_from(["a", "b", "c", "d"])
activities = st.fixed_dictionaries(
    {"type": st.sampled_from(["trigger", "worker", "await", "hook", "signal", "cycle", "interrupt", "activity", "other"])},
    optional={
        word: st.one_of(structures, ids)
        for word in ("topic", "ancestor", "input", "output", "job", "join", "sleep", "stats", "emit", "hook")
    },
)
edges = st.fixed_dictionaries({"to": ids}, optional={"conditions": structures, "foreach": structures})
graphs = st.fixed_dictionaries(
    {"subscribes": st.sampled_from(["x", "y"]), "activities": st.dictionaries(ids, activities, max_size=4)},
    optional={
        "transitions": st.dictionaries(ids, st.lists(edges, max_size=3), max_size=4),
        "hooks": st.dictionaries(st.sampled_from(["x", "y"]), st.lists(edges, max_size=2), max_size=2),
        "input": structures,
        "expire": structures,
    },
)
"""Graphs whose outline holds, whatever hangs on it."""


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A real app with a few stretches of it removed, doubled, or replaced."""
    text = draw(st.sampled_from(APPS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        middle = draw(st.one_of(st.just(""), st.sampled_from(SNIPPETS), st.sampled_from(WORDS), st.just(text[start:end] * 2)))
        text = text[:start] + middle + text[end:]
    return text


@st.composite
def line_mutations(draw: st.DrawFn) -> str:
    """A real app with lines removed, doubled, swapped or indented otherwise."""
    lines = draw(st.sampled_from(APPS)).splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 4))):
        one, other = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
        action = draw(st.sampled_from(["drop", "double", "swap", "in", "out"]))
        if action == "drop" and len(lines) > 1:
            del lines[one]
        elif action == "double":
            lines.insert(other, lines[one])
        elif action == "swap":
            lines[one], lines[other] = lines[other], lines[one]
        else:
            lines[one] = "  " + lines[one] if action == "in" else lines[one].removeprefix("  ")
        other = min(other, len(lines) - 1)
    return "".join(lines)
