"""Random programs of everything that the language has, drawn by hypothesis so that a failure shrinks to the smallest program that shows it.

A graph grows from its trigger: each branch is an activity with what may follow it, and branches may be joined again. Whatever can go
round in a circle carries a number `n` that each round makes larger, and stops at 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from hotmesh.values import Json

Draw = Callable[..., Any]
RAISES: Json = {"@pipe": [["{"], ["{@json.parse}"]]}
ENOUGH = 8
"""So many activities are enough for one program."""
KEYS = ("red", "blue")

CHILDREN: list[Json] = [
    {
        "subscribes": "child",
        "publishes": "child.done",
        "activities": {"c": {"type": "trigger", "job": {"maps": {"n": "{c.output.data.n}"}}}, "d": {"type": "hook"}},
        "transitions": {"c": [{"to": "d"}]},
    },
    {
        "subscribes": "talker",
        "activities": {"c": {"type": "trigger", "emit": True}, "d": {"type": "hook", "sleep": 1, "emit": True}, "e": {"type": "hook"}},
        "transitions": {"c": [{"to": "d"}], "d": [{"to": "e"}]},
    },
    {
        "subscribes": "keeper",
        "activities": {"c": {"type": "trigger", "persist": True}, "d": {"type": "hook", "sleep": 1, "persist": True}},
        "transitions": {"c": [{"to": "d"}]},
    },
    {
        "subscribes": "only",
        "activities": {"c": {"type": "trigger", "stats": {"id": "the-only-one"}}, "d": {"type": "worker", "topic": "work"}},
        "transitions": {"c": [{"to": "d"}]},
    },
    {
        "subscribes": "elder",
        "activities": {"c": {"type": "trigger"}, "d": {"type": "await", "topic": "child"}, "i": {"type": "hook", "sleep": 1}},
        "transitions": {"c": [{"to": "d"}, {"to": "i"}]},
    },
    {
        "subscribes": "listener",
        "activities": {"c": {"type": "trigger", "stats": {"color": "red"}}, "d": {"type": "hook", "sleep": 1}},
        "transitions": {"c": [{"to": "d"}]},
        "hooks": {"go": [{"to": "d", "conditions": {"match": [{"expected": "red", "actual": "{$hook.data.key}"}]}}]},
    },
    {"subscribes": "strict", "input": {"schema": {"type": "object", "required": ["x"]}}, "activities": {"c": {"type": "trigger"}}},
]
"""Graphs to await: one that ends at once, that emits, persists, has an id that is taken, has children, listens, refuses."""


@dataclass
class Growth:
    """A graph in the making. `independent`: nothing in it depends on what comes first."""

    draw: Draw
    independent: bool
    activities: dict[str, Any] = field(default_factory=dict)
    transitions: dict[str, list[Any]] = field(default_factory=dict)
    rules: list[Any] = field(default_factory=list)

    def chance(self, percent: int) -> bool:
        return int(self.draw(st.integers(0, 99))) >= 100 - percent

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def graph(self) -> Json:
        """The whole graph."""
        self.activities["t"] = {"type": "trigger", "job": {"maps": {"begun": True}}, "stats": {"color": self.pick(*KEYS)}}
        self.branches("t", (), 2)
        hooks = {"hooks": {"go": self.rules}} if self.rules else {}
        kept = self.pick({}, {"expire": 60}, {"expire": -1}, {"expire": RAISES})
        return {"subscribes": "main", "publishes": "done", "activities": self.activities, "transitions": self.transitions, **hooks, **kept}

    def branches(self, above: str, path: tuple[str, ...], depth: int) -> None:
        """One to three branches below an activity, sometimes joined again."""
        joined = self.chance(35)
        width = self.pick(1, 2, 3) if len(self.activities) < ENOUGH else 1
        ends = [self.branch(above, path, 0 if joined else depth, leaf=not joined) for _ in range(width)]
        ends = [end for end in ends if self.activities[end]["type"] not in ("cycle", "interrupt")]
        if joined and len(ends) > 1:
            join = self.add({"type": self.pick("hook", "hook", "worker"), "topic": "work", **self.numbered(), "join": self.way()})
            for end in ends:
                self.edge(end, join)
            if depth and self.chance(50) and len(self.activities) < ENOUGH:
                self.after(join, (*path, join), depth - 1)

    def way(self) -> str:
        return "all" if self.independent else str(self.pick("all", "all", "any"))

    def branch(self, above: str, path: tuple[str, ...], depth: int, *, leaf: bool) -> str:
        """An activity below another, and what follows it; the last activity of the branch."""
        name = self.add(self.activity(leaf=leaf))
        self.hooked(name)
        more = {"foreach": ["x", "y"][: self.pick(2, 1, 0)]} if self.chance(25) else self.conditions()
        self.edge(above, name, **more)
        if self.activities[name]["type"] == "interrupt" and "target" not in self.activities[name]:
            return name
        if depth and self.chance(60) and len(self.activities) < ENOUGH:
            self.after(name, (*path, name), depth - 1)
        elif self.chance(30):
            self.cycle(name, (*path, name))
        return name

    def after(self, name: str, path: tuple[str, ...], depth: int) -> None:
        self.branches(name, path, depth)
        if self.chance(30):
            self.cycle(name, path)

    def conditions(self) -> Json:
        """When an edge is taken: mostly always."""
        if self.independent or not self.chance(30):
            return {}
        return {"conditions": self.pick({"code": 202}, {"code": "5xx"}, {"code": [200, 590, 410]}, {"code": "4xx"}, {"code": [200, 202]})}

    def cycle(self, above: str, path: tuple[str, ...]) -> None:
        """Go round again, while the number of the ancestor says so."""
        ancestors = [name for name in path if self.activities[name]["type"] in ("hook", "worker", "await")]
        if not ancestors or sum(each["type"] == "cycle" for each in self.activities.values()) == (1 if self.independent else 2):
            return
        ancestor = self.pick(*ancestors)
        number = f"{{{ancestor}.input.data.n}}"
        stored = {} if self.chance(70) else {"settings": {"stored": False}}
        again = {"type": "cycle", "ancestor": ancestor, "input": {"maps": {"n": {"@pipe": [[number, 1], ["{@math.add}"]]}}}, **stored}
        less = {"expected": True, "actual": {"@pipe": [[number, 2], ["{@conditional.less_than}"]]}}
        self.edge(above, self.add(again), conditions={"match": [less]})

    def edge(self, source: str, target: str, **more: Any) -> None:
        self.transitions.setdefault(source, []).append({"to": target, **more})

    def add(self, activity: Json) -> str:
        name = f"a{len(self.activities)}"
        if activity["type"] == "hook":
            activity.pop("topic", None)
        self.activities[name] = activity
        return name

    # ---- activities

    def activity(self, *, leaf: bool) -> Json:
        """An activity of any kind, with anything beside."""
        kinds: list[Callable[[], Json]] = [self.worker, self.hook, self.worker, self.hook, self.child]
        if not self.independent:
            kinds += [self.signal, self.kill] + ([self.suicide] if leaf else [])
        return {**self.pick(*kinds)(), **self.beside()}

    def numbered(self) -> Json:
        return {"input": {"maps": {"n": 0}}}

    def beside(self) -> Json:
        """Keys that any activity may have."""
        if self.independent or not self.chance(30):
            return {} if not self.chance(30) else {"job": {"maps": {f"seen{len(self.activities)}": "{$self.output.metadata.aid}"}}}
        return dict(
            self.pick(
                {"emit": True},
                {"persist": True},
                {"statusThreshold": 2},
                {"job": {"maps": {"broken": RAISES}}},
                {"output": {"maps": {"broken": RAISES}}},
                {"job": {"maps": {"last": "{$self.output.data}"}, "590": {"maps": {"failed": 1}}}},
                {"telemetry": {"n": "{$self.input.data.n}"}},
            )
        )

    def worker(self) -> Json:
        retry = {"retry": {"500": [2]}} if self.chance(30) else {}
        broken = {} if self.independent or not self.chance(10) else {"input": {"maps": {"n": RAISES}}}
        return {"type": "worker", "topic": "work", **self.numbered(), **retry, **broken}

    def hook(self) -> Json:
        return {"type": "hook", **self.numbered(), **(self.pick({}, {"sleep": 5}, {"sleep": 0}))}

    def hooked(self, name: str) -> None:
        """Have a hook wait for a signal, with or without a timer and people."""
        if self.activities[name]["type"] != "hook" or self.independent or not self.chance(50):
            return
        if self.chance(40):
            self.activities[name]["escalation"] = {"role": "boss"}
        for _ in range(self.pick(1, 1, 2)):
            self.rules.append({"to": name, "conditions": {"match": [{"expected": self.pick(*KEYS), "actual": "{$hook.data.key}"}]}})

    def child(self) -> Json:
        topics = ["child"] if self.independent else [each["subscribes"] for each in CHILDREN]
        more = self.pick({}, {}, {"await": False}, {"retry": {"409": [1], "422": [1]}})
        return {"type": "await", "topic": self.pick(*topics), **self.numbered(), **more}

    def signal(self) -> Json:
        code = self.pick({}, {}, {"status": "pending", "code": 202}, {"status": "error", "code": 422})
        to_all = {"subtype": "all", "key_name": "color", "key_value": self.pick(*KEYS), "scrub": self.pick(False, True)}
        maps = {"signal": {"maps": {"key": self.pick(*KEYS)}}, "input": {"maps": {"n": 0}}}
        return {"type": "signal", "topic": "go", **maps, **code, **(to_all if self.chance(30) else {})}

    def kill(self) -> Json:
        """An interrupt of another job, or of this one by its name."""
        target = self.pick({"target": "the-only-one", "topic": "only"}, {"target": "{$job.metadata.jid}", "topic": "main"})
        return {"type": "interrupt", **target, "descend": self.pick(False, True)}

    def suicide(self) -> Json:
        return {"type": "interrupt", "throw": self.pick(True, False), "descend": self.pick(False, True), "code": self.pick(410, 418)}


@st.composite
def programs(draw: Draw, *, independent: bool = False) -> Json:
    """A graph `main`, which may await the children above."""
    return Growth(draw, independent).graph()


def app_of(main: Json) -> Json:
    """The app that a graph is run in."""
    return {"app": {"id": "test", "version": "1", "graphs": [main, *CHILDREN]}}
