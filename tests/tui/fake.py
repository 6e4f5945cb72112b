"""A client that holds still: jobs, members and queues as fixed values, orders written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hotmesh.client.console import MeshView
from hotmesh.compile import compile_app
from hotmesh.errors import EscalationError, JobNotFound
from hotmesh.export.execution import Child, Edge, Event, Execution, Instance, ParentJob, Wait
from hotmesh.program import Program
from hotmesh.store.escalations import OPEN, Escalation, EscalationFilter
from hotmesh.store.listing import EVERYTHING, JobFilter, JobRow, Page, Tally, like
from hotmesh.store.mesh import Member, Version
from hotmesh.store.queues import DeadLetter, Queue
from hotmesh.values import Json

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
CASES = Path(__file__).parent / "cases"


def program(version: str) -> Program:
    """A version of the app."""
    result = compile_app(source(version), app_id="shop")
    assert result.program is not None, result.diagnostics
    return result.program


def source(version: str) -> str:
    """The text of a version."""
    return (CASES / f"shop-{version}.yaml").read_text(encoding="utf-8")


def _row(number: int, state: str, topic: str, age_s: int, **more: Json) -> JobRow:
    created = NOW_MS - age_s * 1000
    ended = state in ("completed", "failed", "interrupted", "cancelled")
    fields: dict[str, Json] = {
        "id": f"00000000-0000-7000-8000-{999 - number:012d}",
        "key": f"item-{number}",
        "topic": topic,
        "version": "2",
        "state": state,
        "status": 0 if state == "completed" else -1000000000 if ended else 1,
        "revision": 3,
        "created_ms": created,
        "updated_ms": created + 900,
        "completed_ms": created + 900 + number * 130 if ended else None,
        "entity": "order",
        "parent": None,
        "error": None,
        "open": (),
    }
    return JobRow(**(fields | more))


ROWS = (
    _row(1, "running", "order.requested", 2, open=(("checkInventory", 1),)),
    _row(2, "waiting", "order.requested", 12, open=(("approve", 1),), key="order-2041"),
    _row(3, "running", "order.requested", 34, open=(("pack", 120), ("approve", 1)), key="bulk-7"),
    _row(4, "failed", "order.requested", 95, error={"code": 500, "message": "the warehouse is on fire", "activity": "checkInventory"}),
    _row(5, "completed", "order.requested", 240),
    _row(6, "paused", "invoice.created", 700, open=(("send", 1),)),
    _row(7, "completed", "invoice.created", 3_900),
    _row(8, "cancelled", "order.requested", 8_000, error={"code": 410, "message": "the customer left", "kind": "cancelled"}),
    _row(9, "interrupted", "invoice.created", 90_000, error={"code": 410, "message": "by hand", "kind": "interrupted"}),
    _row(10, "completed", "order.requested", 200_000, key="a-job-with-quite-a-long-id-that-has-to-be-cut-somewhere"),
)


def _instance(activity_id: str, dimension: str, kind: str, state: str, start: int, end: int, **more: Json) -> Instance:
    base = NOW_MS - 30_000
    fields: dict[str, Json] = {
        "activity_id": activity_id,
        "dimension": dimension,
        "kind": kind,
        "state": state,
        "created_ms": base + start,
        "updated_ms": base + end,
    }
    return Instance(**(fields | more))


def waiting_job() -> Execution:
    """An order that waits for its approval, after a check that needed three attempts."""
    base = NOW_MS - 30_000
    instances = (
        _instance("order", ",0", "trigger", "done", 0, 5, code=200, attempts=1, output={"itemId": "item-123", "requestedQty": 12}),
        _instance(
            "checkInventory",
            ",0,0",
            "worker",
            "done",
            5,
            9_000,
            code=200,
            attempts=3,
            input={"itemId": "item-123"},
            output={"available": 40, "shelf": {"row": 3, "bin": "C"}},
        ),
        _instance(
            "approve",
            ",0,0,0",
            "hook",
            "waiting",
            9_010,
            9_010,
            attempts=1,
            waits_for=(
                Wait(kind="signal", since_ms=base + 9_010, topic="order.approved", match={"{$hook.data.orderId}": "order-2041"}),
                Wait(kind="timer", since_ms=base + 9_010, due_ms=NOW_MS + 3_600_000),
            ),
        ),
        _instance(
            "pack",
            ",0,0,1",
            "worker",
            "failed",
            9_010,
            15_000,
            code=422,
            attempts=1,
            error={"code": 422, "message": "the box is too small"},
        ),
    )
    events = (
        Event(number=1, at_ms=base, kind="entered", activity_id="order", dimension=",0"),
        Event(number=2, at_ms=base + 5, kind="settled", activity_id="order", dimension=",0", code=200, data={"itemId": "item-123"}),
        Event(number=3, at_ms=base + 5, kind="entered", activity_id="checkInventory", dimension=",0,0"),
        Event(
            number=4, at_ms=base + 9_000, kind="settled", activity_id="checkInventory", dimension=",0,0", code=200, data={"available": 40}
        ),
        Event(number=5, at_ms=base + 9_010, kind="entered", activity_id="approve", dimension=",0,0,0"),
        Event(number=6, at_ms=base + 9_010, kind="entered", activity_id="pack", dimension=",0,0,1"),
        Event(number=7, at_ms=base + 15_000, kind="settled", activity_id="pack", dimension=",0,0,1", code=422),
    )
    edges = (
        Edge(source="order", source_dimension=",0", target="checkInventory", target_dimension=",0,0", at_ms=base + 5),
        Edge(source="checkInventory", source_dimension=",0,0", target="approve", target_dimension=",0,0,0", at_ms=base + 9_010),
        Edge(source="checkInventory", source_dimension=",0,0", target="pack", target_dimension=",0,0,1", at_ms=base + 9_010),
    )
    child = Child(id="c", job_id="invoice-77", topic="invoice.created", activity_id="pack", dimension=",0,0,1", state="running")
    return Execution(
        id="00000000-0000-7000-8000-000000000997",
        key="order-2041",
        app_id="shop",
        topic="order.requested",
        version="2",
        entity="order",
        state="waiting",
        status=1,
        revision=7,
        created_ms=base,
        updated_ms=base + 15_000,
        read_ms=NOW_MS,
        engines=2,
        data={"itemId": "item-123", "available": 40, "lines": [{"sku": "A-1", "qty": 2}, {"sku": "B-9", "qty": 10}]},
        instances=instances,
        edges=edges,
        events=events,
        skipped=("notifyBackorder",),
        children=(child,),
        parent=ParentJob(id="p", job_id="bulk-7", activity_id="each", dimension=",0,0"),
    )


def failed_job() -> Execution:
    """An order whose check failed."""
    whole = waiting_job()
    error = {"code": 500, "message": "the warehouse is on fire", "activity": "checkInventory"}
    failed = replace(whole.instances[1], state="failed", code=500, error=error)
    ended = Event(number=5, at_ms=NOW_MS - 20_000, kind="ended", code=500)
    return replace(
        whole,
        key="item-4",
        state="failed",
        status=-1_000_000_000,
        error=error,
        completed_ms=NOW_MS - 20_000,
        instances=(whole.instances[0], failed),
        edges=whole.edges[:1],
        events=(*whole.events[:4], ended),
        children=(),
        parent=None,
    )


def _member(number: int, topics: tuple[str, ...], now: datetime, done: int) -> Member:
    running = {topic: {"done": done, "failed": 1, "running": 2, "throttle_ms": 0} for topic in topics}
    profile: dict[str, Json] = {
        "guid": f"9f3c2a7e5b1d480{number}",
        "topics": running,
        "counts": {"jobs_done": 100 * number},
        "host": "mars",
        "pid": 4000 + number,
        "memory_bytes": 61_000_000,
        "started_at": (NOW - timedelta(hours=number)).isoformat(),
    }
    return Member(profile["guid"], topics, (), profile, now - timedelta(seconds=number * 4))


def _escalation(number: int, state: str, **more: Json) -> Escalation:
    fields: dict[str, Json] = {
        "id": f"e{number}",
        "job_row_id": "r",
        "job_id": f"order-{2040 + number}",
        "job_topic": "order.requested",
        "version": "2",
        "activity_id": "approve",
        "dimension": ",0,0,0",
        "role": "buyer",
        "type": "approval",
        "subtype": None,
        "entity": "order",
        "priority": number,
        "description": "Is this order all right?",
        "fields": {"role": "buyer", "description": "Is this order all right?", "metadata": {"amount": 1200 * number}},
        "topic": "order.approved",
        "key": "k",
        "assignee": None,
        "claimed_until": None,
        "created_at": NOW - timedelta(minutes=number * 7),
        "updated_at": NOW,
        "state": state,
    }
    return Escalation(**(fields | more))


class FakeClient:
    """What `Console` offers, without a database. `lost` makes every read fail."""

    app_id = "shop"

    def __init__(self, *, readonly: bool = False) -> None:
        self.readonly = readonly
        self.rows: tuple[JobRow, ...] = ROWS
        self.executions = {each.key: each for each in (waiting_job(), failed_job())}
        self.orders: list[tuple[Json, ...]] = []
        self.lost: BaseException | None = None
        self.refusal: Exception | None = None
        self.throttles = {"topic:mail.send": 250}
        self.active = "2"
        self.escalations = [_escalation(1, "pending"), _escalation(2, "claimed", assignee="ada", claimed_until=NOW + timedelta(minutes=5))]
        self.heard: Callable[[str], None] = lambda kind: None
        self.reads = 0
        self.moment, self.done = NOW, 9
        """When the members were heard of, and what each has done at each topic."""

    def listen(self, heard: Callable[[str], None]) -> None:
        self.heard = heard

    def _look(self) -> None:
        self.reads += 1
        if self.lost is not None:
            raise self.lost

    async def jobs(self, chosen: JobFilter = EVERYTHING, *, before: str | None = None, limit: int = 100) -> Page:
        self._look()
        older = [row for row in self.rows if before is None or row.id < before]
        found = [row for row in older if _matches(row, chosen)]
        next_ = found[limit - 1].id if len(found) > limit else None
        return Page(tuple(found[:limit]), next_, len(older), NOW_MS)

    async def tally(self) -> Tally:
        states: dict[str, int] = {}
        for row in self.rows:
            name = "open" if row.state in ("running", "waiting") else row.state
            states[name] = states.get(name, 0) + 1
        return Tally(len(self.rows), len(self.rows), states)

    async def read(self, job_id: str) -> Execution:
        self._look()
        if job_id not in self.executions:
            raise JobNotFound(f"there is no job {job_id!r} in shop; it may have expired")
        return self.executions[job_id]

    async def program(self, version: str) -> Program | None:
        return program(version)

    async def source(self, version: str) -> str | None:
        return source(version)

    async def versions(self) -> list[Version]:
        self._look()
        days = {"2": 1, "1": 9}
        return [Version(each, f"d{each}", NOW - timedelta(days=days[each]), NOW, each == self.active) for each in ("2", "1")]

    async def mesh(self) -> MeshView:
        self._look()
        topics = (("inventory.check", "inventory.pack"), ("mail.send",), ())
        members = tuple(_member(number + 1, each, self.moment, self.done) for number, each in enumerate(topics))
        return MeshView(members, self.throttles, self.active)

    async def queues(self) -> list[Queue]:
        self._look()
        return [
            Queue("", 0, 2, 14, 0, None, 3, 0),
            Queue("inventory.check", 12, 2, 1, 0, 0.4, 1, 0),
            Queue("inventory.pack", 0, 0, 0, 3, None, 1, 0),
            Queue("mail.send", 340, 1, 0, 0, 75.0, 1, 250),
            Queue("print.label", 5, 0, 0, 0, 640.0, 0, 0),
        ]

    async def dead(self) -> list[DeadLetter]:
        return [
            DeadLetter(
                "d1", "item-4", "order.requested", "checkInventory", ",0,0", {"code": 597, "message": "its process died 3 times"}, NOW
            )
        ]

    async def escalated(self, chosen: EscalationFilter | None = None) -> list[Escalation]:
        self._look()
        states = chosen.states if chosen else OPEN
        return [each for each in self.escalations if each.state in states]

    async def _order(self, *what: Json) -> None:
        await asyncio.sleep(0)
        if self.lost is not None:
            raise self.lost
        if self.refusal is not None:
            raise self.refusal
        self.orders.append(what)

    async def signal(self, topic: str, data: Json) -> None:
        await self._order("signal", topic, data)

    async def cancel(self, job_id: str, reason: str) -> None:
        await self._order("cancel", job_id, reason)

    async def interrupt(self, job_id: str, reason: str) -> None:
        await self._order("interrupt", job_id, reason)

    async def pause(self, job_id: str) -> None:
        await self._order("pause", job_id)

    async def resume(self, job_id: str) -> None:
        await self._order("resume", job_id)

    async def retry(self, job_id: str) -> None:
        await self._order("retry", job_id)

    async def rerun(self, job_id: str) -> str:
        await self._order("rerun", job_id)
        return "another"

    async def throttle(self, scope: str, ms: int) -> None:
        await self._order("throttle", scope, ms)

    async def activate(self, version: str) -> None:
        await self._order("activate", version)
        self.active = version

    async def resolve(self, id_: str, payload: Json, assignee: str) -> None:
        await self._order("resolve", id_, payload, assignee)
        self.escalations = [each._replace(state="resolved") if each.id == id_ else each for each in self.escalations]

    async def dismiss(self, id_: str, reason: str, assignee: str) -> None:
        await self._order("dismiss", id_, reason, assignee)

    async def claim(self, id_: str, assignee: str) -> None:
        if id_ == "e2":
            raise EscalationError("ada has claimed this escalation until 12:05:00 UTC.")
        await self._order("claim", id_, assignee)

    async def release(self, id_: str, assignee: str) -> None:
        await self._order("release", id_, assignee)


def _matches(row: JobRow, chosen: JobFilter) -> bool:
    import re

    topics = [re.compile(re.escape(like(topic)).replace("%", ".*")) for topic in chosen.topics]
    text = f"{row.key} {row.topic} {row.error}".lower()
    return (
        (not chosen.states or row.state in chosen.states)
        and (not topics or any(topic.fullmatch(row.topic) for topic in topics))
        and all(word.lower() in text for word in chosen.words)
        and (chosen.younger_s is None or NOW_MS - row.created_ms < chosen.younger_s * 1000)
    )
