"""What the tables of the screens show: rows of jobs, processes, queues, escalations, versions, events."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from hotmesh.client.facts import DeadLetter, Escalation, JobRow, Member, Queue, Tally, Version

from .rates import Rates
from .spans import SIGNS, Line, Role, Span, line, width_of
from .tables import Cell, Column, table
from .values import brief
from .words import age, brake, clock_time, count, moment, size, sparkline

if TYPE_CHECKING:
    from hotmesh.export.execution import Event, Execution

JOBS = (
    Column("", 1),
    Column("state", 13),
    Column("id", 14, 4),
    Column("graph", 14, 2, rank=2),
    Column("age", 5, align="right"),
    Column("took", 5, align="right", rank=3),
    Column("now at, or error", 18, 5),
)
MEMBERS = (
    Column("process", 16),
    Column("serves", 14, 4),
    Column("jobs/s", 6, align="right"),
    Column("last minute", 12, rank=3),
    Column("running", 7, align="right", rank=2),
    Column("brake", 7, align="right", rank=1),
    Column("memory", 7, align="right", rank=4),
    Column("up", 5, align="right", rank=5),
    Column("host", 10, 1, rank=6),
    Column("seen", 5, align="right", rank=7),
)
QUEUES = (
    Column("topic", 16, 3),
    Column("ready", 7, align="right"),
    Column("oldest", 6, align="right"),
    Column("leased", 7, align="right"),
    Column("done/s", 6, align="right", rank=1),
    Column("delayed", 7, align="right", rank=2),
    Column("parked", 6, align="right", rank=3),
    Column("workers", 7, align="right"),
    Column("brake", 7, align="right", rank=1),
    Column("last minute", 12, rank=4),
)
ESCALATIONS = (
    Column("", 1),
    Column("state", 10),
    Column("!", 2, align="right"),
    Column("role", 8, 1),
    Column("what for", 14, 4),
    Column("job", 10, 2, rank=1),
    Column("at", 8, 1, rank=3),
    Column("who", 8, 1, rank=2),
    Column("age", 5, align="right"),
)
VERSIONS = (Column("", 1), Column("version", 8, 2), Column("deployed", 16, 1, rank=1), Column("", 8))
EVENTS = (
    Column("#", 4, align="right"),
    Column("time", 12),
    Column("", 2),
    Column("what", 9),
    Column("activity", 16, 2),
    Column("code", 4, align="right"),
    Column("writes", 10, 4, rank=1),
)
DEAD = (Column("given up", 19), Column("job", 14, 2), Column("at", 10, 1), Column("error", 16, 4))


def state_cell(state: str) -> Line:
    """A state with its sign."""
    sign, role = SIGNS.get(state, ("·", "text"))
    return ((f"{sign} {state}", role),)


def job_table(rows: Sequence[JobRow], now_ms: int, marked: Collection[str], width: int) -> tuple[Line, list[Line]]:
    """The list of jobs."""
    return table(JOBS, [_job(row, now_ms, row.id in marked) for row in rows], width)


def _job(row: JobRow, now_ms: int, marked: bool) -> list[Cell]:
    took = "" if row.completed_ms is None else age(row.completed_ms - row.created_ms)
    mark: Span = ("●" if marked else " ", "mark")
    return [
        mark,
        state_cell(row.state),
        (row.key, "strong"),
        (row.topic, "dim"),
        age(now_ms - row.created_ms),
        (took, "dim"),
        _standing(row),
    ]


def _standing(row: JobRow) -> Line:
    if row.completed_ms is not None or (row.error and not row.open):
        return line(f"{row.error.get('code', '')} {row.error.get('message', '')}".strip(), "failed") if isinstance(row.error, dict) else ()
    role: Role = "waiting" if row.state == "waiting" else "text"
    return line(", ".join(name if n == 1 else f"{name} ×{n}" for name, n in row.open), role)


def tally_line(tally: Tally, width: int) -> Line:
    """How many jobs there are in which states; where there is little room, with the signs alone."""
    long = _tally(tally, words=True)
    return long if width_of(long) <= width else _tally(tally, words=False)


def _tally(tally: Tally, *, words: bool) -> Line:
    spans: list[Span] = [(f" {count(tally.total)} jobs", "strong")]
    if tally.total > tally.counted:
        spans.append((f"  of the last {count(tally.counted)}:", "dim"))
    for state in ("open", "paused", "failed", "interrupted", "cancelled", "completed"):
        if tally.states.get(state):
            sign, role = SIGNS[state]
            spans.append((f"  {sign} {count(tally.states[state])}" + (f" {state}" if words else ""), role))
    return tuple(spans)


def event_table(execution: Execution, width: int, upto: int) -> tuple[Line, list[Line]]:
    """The events in order; those after `upto` are yet to come for the time traveller."""
    header, lines = table(EVENTS, [_event(each) for each in execution.events], width)
    return header, [shown if number < upto else _dimmed(shown) for number, shown in enumerate(lines)]


def _event(event: Event) -> list[Cell]:
    signs: dict[str, Span] = {
        "entered": ("→", "dim"),
        "answered": ("↻", "running"),
        "settled": ("✓", "completed"),
        "ended": ("■", "strong"),
    }
    failed = event.code >= 400 and event.kind in ("settled", "ended")
    sign: Span = ("✗", "failed") if failed else signs[event.kind]
    name = f"{event.activity_id} {event.dimension}" if event.activity_id else "the job"
    writes = ", ".join(f"{key} = {brief(value, 30)}" for key, value in (event.data or {}).items())
    at = clock_time(event.at_ms, fraction=True)
    return [(str(event.number), "dim"), (at, "dim"), sign, event.kind, (name, "strong"), str(event.code or ""), (writes, "dim")]


def _dimmed(shown: Line) -> Line:
    return tuple((text, "untaken") for text, _ in shown)


def member_table(members: Sequence[Member], rates: Rates, throttles: dict[str, int], now_ms: int, width: int) -> tuple[Line, list[Line]]:
    """Who takes part."""
    return table(MEMBERS, [_member(each, rates, throttles, now_ms) for each in members], width)


def _member(member: Member, rates: Rates, throttles: dict[str, int], now_ms: int) -> list[Cell]:
    profile = member.profile
    topics = ", ".join(member.topics)
    running = sum(each.get("running", 0) for each in profile.get("topics", {}).values())
    held = brake(throttles.get(f"guid:{member.guid}", throttles.get("all", 0)))
    started = profile.get("started_ms", now_ms)
    return [
        (member.guid, "strong"),
        (topics or "engine only", "text" if topics else "dim"),
        f"{rates.newest(member.guid):.1f}",
        (sparkline(rates.of(member.guid), 12), "accent"),
        str(running),
        (held, "warning" if held != "–" else "dim"),
        (size(profile.get("memory_bytes", 0)), "dim"),
        (age(now_ms - started), "dim"),
        (f"{profile.get('host', '')}:{profile.get('pid', '')}", "dim"),
        (age(now_ms - member.seen_at.timestamp() * 1000), "dim"),
    ]


def queue_table(queues: Sequence[Queue], depths: dict[str, list[float]], done: dict[str, float], width: int) -> tuple[Line, list[Line]]:
    """What waits, by topic; `done`: how many tasks a second were done."""
    return table(QUEUES, [_queue(each, depths.get(each.topic, []), done.get(each.topic)) for each in queues], width)


def _queue(queue: Queue, depths: list[float], done: float | None) -> list[Cell]:
    starved = queue.ready > 0 and queue.consumers == 0
    held = brake(queue.throttle_ms)
    return [
        (queue.topic, "strong") if queue.topic else ("the engines", "name"),
        (count(queue.ready), "failed" if starved else "running" if queue.ready else "dim"),
        (
            "" if queue.oldest_s is None or not queue.ready else age(queue.oldest_s * 1000),
            "warning" if (queue.oldest_s or 0) > 60 else "dim",
        ),
        (count(queue.leased), "text" if queue.leased else "dim"),
        ("" if done is None else f"{done:.1f}", "text" if done else "dim"),
        (count(queue.delayed), "waiting" if queue.delayed else "dim"),
        (count(queue.parked), "paused" if queue.parked else "dim"),
        (str(queue.consumers) if queue.consumers else "none", "failed" if starved else "text"),
        (held, "warning" if held != "–" else "dim"),
        (sparkline(depths, 12), "accent"),
    ]


def dead_table(dead: Sequence[DeadLetter], width: int) -> tuple[Line, list[Line]]:
    """What was given up."""
    rows: list[list[Cell]] = [
        [
            (moment(int(each.created_at.timestamp() * 1000)), "dim"),
            (each.job_id, "strong"),
            each.activity_id,
            (f"{each.error.get('code', '')} {each.error.get('message', '')}" if isinstance(each.error, dict) else "", "failed"),
        ]
        for each in dead
    ]
    return table(DEAD, rows, width)


def escalation_table(found: Sequence[Escalation], marked: Collection[str], now_ms: int, width: int) -> tuple[Line, list[Line]]:
    """Who is waited for."""
    return table(ESCALATIONS, [_escalation(each, each.id in marked, now_ms) for each in found], width)


_ESCALATED: dict[str, Role] = {
    "pending": "waiting",
    "claimed": "running",
    "resolved": "completed",
    "cancelled": "cancelled",
    "expired": "skipped",
}


def _escalation(found: Escalation, marked: bool, now_ms: int) -> list[Cell]:
    return [
        ("●" if marked else " ", "mark"),
        (found.state, _ESCALATED[found.state]),
        (str(found.priority), "failed" if found.priority <= 2 else "text"),
        (found.role or "anyone", "name"),
        (found.description or found.type or found.activity_id, "strong"),
        found.job_id,
        (found.activity_id, "dim"),
        found.assignee or "",
        age(now_ms - found.created_at.timestamp() * 1000),
    ]


def version_table(versions: Sequence[Version], marked: str | None, width: int) -> tuple[Line, list[Line]]:
    """What was deployed."""
    rows: list[list[Cell]] = [
        [
            ("●" if each.version == marked else " ", "mark"),
            (each.version, "strong"),
            (each.deployed_at.strftime("%Y-%m-%d %H:%M"), "dim"),
            ("● active" if each.active else "", "completed"),
        ]
        for each in versions
    ]
    return table(VERSIONS, rows, width)
