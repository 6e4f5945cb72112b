"""What can be ordered: for which jobs, with which reason, and the command that does the same."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hotmesh.values import UNDEFINED, Json, dumps

Name: TypeAlias = Literal[
    "signal",
    "cancel",
    "interrupt",
    "pause",
    "resume",
    "retry",
    "rerun",
    "throttle",
    "throttle_all",
    "activate",
    "claim",
    "release",
    "resolve",
    "dismiss",
]

OPEN = frozenset({"running", "waiting", "paused"})
NOT_PAUSED = frozenset({"running", "waiting"})
FAILED = frozenset({"failed"})


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of order."""

    name: Name
    verb: str
    told: str
    """What it does, as a sentence about the things it is for."""
    states: frozenset[str] | None = None
    """The states it can be given in; None = any."""
    refusal: str = ""
    """Why not, in other states."""
    asks_reason: bool = False
    asks_ms: bool = False
    noun: str = "job"


KINDS: dict[Name, Kind] = {
    kind.name: kind
    for kind in (
        Kind("signal", "Send", "The hook that waits for this signal goes on."),
        Kind("cancel", "Cancel", "Waits end, what runs may finish, nothing new begins.", OPEN, "it has ended", asks_reason=True),
        Kind("interrupt", "Interrupt", "The job ends now, with an error of code 410.", OPEN, "it has ended", asks_reason=True),
        Kind("pause", "Pause", "The job stops where it is; what it waits for is kept.", NOT_PAUSED, "it has ended, or is paused"),
        Kind("resume", "Resume", "The paused job goes on.", frozenset({"paused"}), "it isn't paused"),
        Kind("retry", "Retry", "The activity that failed runs again.", FAILED, "it hasn't failed"),
        Kind("rerun", "Rerun", "Another job starts with the same input."),
        Kind("throttle", "Brake", "Milliseconds for each message; 0 lets go, -1 pauses.", asks_ms=True, noun="process"),
        Kind("throttle_all", "Brake all", "Milliseconds for each message; 0 lets go, -1 pauses.", asks_ms=True, noun="mesh"),
        Kind("activate", "Activate", "From now on new jobs have this version; running ones keep theirs.", noun="version"),
        Kind(
            "claim", "Claim", "It is yours for a quarter of an hour.", frozenset({"pending"}), "it is claimed or closed", noun="escalation"
        ),
        Kind("release", "Release", "Everybody can claim it again.", frozenset({"claimed"}), "it isn't claimed", noun="escalation"),
        Kind(
            "resolve",
            "Resolve",
            "The hook that waits gets this answer.",
            frozenset({"pending", "claimed"}),
            "it is closed",
            noun="escalation",
        ),
        Kind(
            "dismiss",
            "Dismiss",
            "The hook that waits fails with code 410.",
            frozenset({"pending", "claimed"}),
            "it is closed",
            asks_reason=True,
            noun="escalation",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Order:
    """An order about one or several things."""

    name: Name
    targets: tuple[str, ...]
    """Ids of jobs or escalations, a version, a scope, or a signal's topic."""
    reason: str = ""
    ms: int = 0
    payload: Json = UNDEFINED

    @property
    def kind(self) -> Kind:
        return KINDS[self.name]


def why_not(name: Name, states: Sequence[str], *, readonly: bool) -> str | None:
    """Why an order can't be given to things in these states; None when it can be, at least to one of them."""
    kind = KINDS[name]
    if readonly:
        return "the app was started with --readonly"
    if not states:
        return "nothing is selected"
    if kind.states is None or any(state in kind.states for state in states):
        return None
    return kind.refusal


def command(order: Order, app_id: str) -> str:
    """The command that does the same."""
    reason = ["--reason", order.reason] if order.reason else []
    payload = [] if order.payload is UNDEFINED else [dumps(order.payload)]
    app = ["--app", app_id]
    match order.name:
        case "throttle" | "throttle_all":
            scope, _, name = order.targets[0].partition(":")
            brake = ["--", str(order.ms)] if order.ms < 0 else [str(order.ms)]
            return shlex.join(["hotmesh", "throttle", *([f"--{scope}", name] if name else []), *app, *brake])
        case "resolve":
            return " && ".join(shlex.join(["hotmesh", "escalations", "resolve", target, *payload, *app]) for target in order.targets)
        case "claim" | "release" | "dismiss":
            return shlex.join(["hotmesh", "escalations", order.name, *order.targets, *reason, *app])
        case _:
            return shlex.join(["hotmesh", order.name, *order.targets, *payload, *reason, *app])


def question(order: Order) -> str:
    """What the user is asked."""
    kind, many = order.kind, len(order.targets)
    if order.name == "throttle_all":
        return "Brake the whole mesh?"
    if many == 1:
        noun = "" if order.name in ("signal", "throttle") else f"{kind.noun} "
        return f"{kind.verb} {noun}{order.targets[0]}?"
    return f"{kind.verb} {many} {kind.noun}s?"
