"""The feed: the only place that awaits the client. It reads what the screen in front wants whenever something has changed, never more
often than a reader can follow, and carries out orders.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from textual.message import Message

from hotmesh import clock
from hotmesh.client.console import MeshView
from hotmesh.client.facts import ESCALATION_STATES, DeadLetter, Escalation, EscalationFilter, JobFilter, Page, Queue, Tally, Version
from hotmesh.client.trouble import absence, sentence
from hotmesh.diagnostic import Diagnostic
from hotmesh.values import UNDEFINED, Json

from .core.orders import Order
from .core.views import (
    Seen,
    SeenEscalations,
    SeenGraphs,
    SeenJob,
    SeenJobs,
    SeenMesh,
    SeenQueues,
    Want,
    WantEscalations,
    WantGraphs,
    WantJob,
    WantJobs,
    WantMesh,
    WantQueues,
)
from .messages import Done, Found, Looked, Lost, Trouble

if TYPE_CHECKING:
    from hotmesh.export.execution import Execution
    from hotmesh.program import Program

BUSY_SHARE = 4
"""After a read that took t seconds, the next one begins 4 t later at the earliest."""


class Client(Protocol):
    """What the feed needs of `hotmesh.client.console.Console`."""

    app_id: str
    readonly: bool

    def listen(self, heard: Callable[[str], None]) -> None: ...
    async def jobs(self, chosen: JobFilter, *, before: str | None = None, limit: int = 100) -> Page: ...
    async def tally(self) -> Tally: ...
    async def read(self, job_id: str) -> Execution: ...
    async def program(self, version: str) -> Program | None: ...
    async def source(self, version: str) -> str | None: ...
    async def versions(self) -> list[Version]: ...
    async def mesh(self) -> MeshView: ...
    async def queues(self) -> list[Queue]: ...
    async def dead(self) -> list[DeadLetter]: ...
    async def escalated(self, chosen: EscalationFilter | None = None) -> list[Escalation]: ...
    async def signal(self, topic: str, data: Json) -> None: ...
    async def cancel(self, job_id: str, reason: str) -> None: ...
    async def interrupt(self, job_id: str, reason: str) -> None: ...
    async def pause(self, job_id: str) -> None: ...
    async def resume(self, job_id: str) -> None: ...
    async def retry(self, job_id: str) -> None: ...
    async def rerun(self, job_id: str) -> str: ...
    async def throttle(self, scope: str, ms: int) -> None: ...
    async def activate(self, version: str) -> None: ...
    async def resolve(self, id_: str, payload: Json, assignee: str) -> None: ...
    async def dismiss(self, id_: str, reason: str, assignee: str) -> None: ...
    async def claim(self, id_: str, assignee: str) -> None: ...
    async def release(self, id_: str, assignee: str) -> None: ...


class Feed:
    """Reads for one screen at a time."""

    def __init__(self, client: Client, tell: Callable[[Message], object], *, user: str, least_s: float = 0.2, retry_s: float = 0.5) -> None:
        self._client = client
        self._tell = tell
        self._user = user
        self._least_s = least_s
        self._retry_s = retry_s
        self._want: Want | None = None
        self._changed = asyncio.Event()
        self._lost = False
        self._programs: dict[str, Program] = {}
        self._findings: dict[str, tuple[Diagnostic, ...] | None] = {}
        self._tally: tuple[float, Tally] | None = None
        self.quiet = asyncio.Event()
        """Set while everything that was heard of has been read."""

    def want(self, want: Want | None) -> None:
        """Read this from now on."""
        self._want = want
        self.poke()

    def poke(self) -> None:
        """Look again soon."""
        self.quiet.clear()
        self._changed.set()

    def heard(self, kind: str) -> None:
        """Something has changed, or listening has begun or ended."""
        self.poke()

    # ---- reading

    async def run(self) -> None:
        """Read and tell, until cancelled."""
        self._client.listen(self.heard)
        while True:
            await self._change()
            began = time.monotonic()
            await self._look()
            took = time.monotonic() - began
            if not self._changed.is_set():
                self.quiet.set()
            await asyncio.sleep(max(self._least_s - took, took * BUSY_SHARE) if self._least_s else 0)

    async def _change(self) -> None:
        patience = self._retry_s if self._lost else _PATIENCE_S.get(type(self._want), 5.0)
        try:
            await asyncio.wait_for(self._changed.wait(), patience)
        except TimeoutError:
            return
        self._changed.clear()

    async def _look(self) -> None:
        want = self._want
        if want is None:
            return
        try:
            seen = await asyncio.wait_for(self._read(want), 30)
        except Exception as error:
            self._fault(want, error)
            return
        self._found()
        if want is self._want:
            self._tell(Looked(want, seen))

    def _fault(self, want: Want, error: Exception) -> None:
        """Tell what keeps the screen from being read. Raises what is neither the database's fault nor told by an error of ours."""
        gone, told = absence(error), sentence(error)
        if gone is not None:
            self._lost = True
            self._programs.clear()
            self._tell(Lost(gone))
        elif told is not None:
            self._found()
            self._tell(Trouble(want, told))
        else:
            raise error

    def _found(self) -> None:
        if self._lost:
            self._lost = False
            self._tell(Found())

    async def _read(self, want: Want) -> Seen:
        match want:
            case WantJobs():
                page = await self._client.jobs(want.chosen, before=want.before, limit=want.limit)
                return SeenJobs(page, await self._tallied())
            case WantJob():
                execution = await self._client.read(want.job_id)
                return SeenJob(execution, await self._program(execution.version))
            case WantGraphs():
                return await self._graphs(want)
            case WantMesh():
                return SeenMesh(await self._client.mesh(), _now_ms())
            case WantQueues():
                return await self._queues()
            case WantEscalations():
                return await self._escalations(want)

    async def _queues(self) -> SeenQueues:
        queues, dead, mesh = await self._client.queues(), await self._client.dead(), await self._client.mesh()
        program = await self._program(mesh.version) if mesh.version else None
        return SeenQueues(tuple(queues), tuple(dead), mesh.members, _graphs_by_topic(program), _now_ms())

    async def _tallied(self) -> Tally:
        """The counts; kept for a moment where counting takes long."""
        now = time.monotonic()
        if self._tally is None or now >= self._tally[0]:
            tally = await self._client.tally()
            self._tally = (now + 20 * (time.monotonic() - now), tally)
        return self._tally[1]

    async def _program(self, version: str) -> Program | None:
        if version not in self._programs:
            program = await self._client.program(version)
            if program is None:
                return None
            self._programs[version] = program
        return self._programs[version]

    async def _graphs(self, want: WantGraphs) -> SeenGraphs:
        versions = tuple(await self._client.versions())
        active = next((each.version for each in versions if each.active), versions[0].version if versions else None)
        chosen = want.version or active
        if chosen is None:
            return SeenGraphs(versions, None, None, None, None)
        digest = next((each.digest for each in versions if each.version == chosen), "")
        program = await self._client.program(chosen)
        old = await self._client.program(want.old) if want.old else None
        return SeenGraphs(versions, chosen, program, old, await self._lint(chosen, digest))

    async def _lint(self, version: str, digest: str) -> tuple[Diagnostic, ...] | None:
        if digest not in self._findings:
            text = await self._client.source(version)
            self._findings[digest] = None if text is None else await asyncio.to_thread(_linted, text, self._client.app_id)
        return self._findings[digest]

    async def _escalations(self, want: WantEscalations) -> SeenEscalations:
        from hotmesh.program import Hook

        found = await self._client.escalated(EscalationFilter(states=ESCALATION_STATES) if want.closed else None)
        schemas: dict[tuple[str, str], object] = {}
        for each in found:
            program = await self._program(each.version)
            graph = program.graphs.get(each.job_topic) if program else None
            activity = graph.activities.get(each.activity_id) if graph else None
            schemas[each.version, each.activity_id] = activity.hook_schema if isinstance(activity, Hook) else None
        return SeenEscalations(tuple(found), schemas, _now_ms())

    # ---- orders

    async def carry_out(self, order: Order) -> None:
        """Carry an order out, target by target, and tell what came of it."""
        done, errors = list[str](), list[str]()
        for target in order.targets:
            try:
                await self._carry_out(order, target)
                done.append(target)
            except Exception as error:
                gone = absence(error)
                told = gone or sentence(error)
                if told is None:
                    raise
                errors.append(told)
                if gone is not None:
                    break
        self._tell(Done(order, tuple(done), tuple(errors)))
        self.poke()

    async def _carry_out(self, order: Order, target: str) -> None:
        client, payload = self._client, {} if order.payload is UNDEFINED else order.payload
        match order.name:
            case "signal":
                await client.signal(target, payload)
            case "cancel":
                await client.cancel(target, order.reason or "cancelled")
            case "interrupt":
                await client.interrupt(target, order.reason or "interrupted")
            case "pause":
                await client.pause(target)
            case "resume":
                await client.resume(target)
            case "retry":
                await client.retry(target)
            case "rerun":
                await client.rerun(target)
            case "throttle" | "throttle_all":
                await client.throttle(target, order.ms)
            case "activate":
                await client.activate(target)
            case "claim":
                await client.claim(target, self._user)
            case "release":
                await client.release(target, self._user)
            case "resolve":
                await client.resolve(target, payload, self._user)
            case "dismiss":
                await client.dismiss(target, order.reason or "dismissed", self._user)


_PATIENCE_S: dict[type, float] = {WantMesh: 1.0, WantQueues: 1.0}
"""How long to wait for word of a change before looking anyway; what nobody announces is looked at more often."""


def _now_ms() -> int:
    return int(clock.now().timestamp() * 1000)


def _graphs_by_topic(program: Program | None) -> dict[str, tuple[str, ...]]:
    from hotmesh.program import Worker

    found: dict[str, tuple[str, ...]] = {}
    for topic, graph in program.graphs.items() if program else ():
        for activity in graph.activities.values():
            served = activity.topic if isinstance(activity, Worker) else None
            if isinstance(served, str) and topic not in found.get(served, ()):
                found[served] = (*found.get(served, ()), topic)
    return found


def _linted(text: str, app_id: str) -> tuple[Diagnostic, ...]:
    from hotmesh.compile import compile_app

    return compile_app(text, app_id=app_id).diagnostics


def problems(findings: Sequence[Diagnostic]) -> tuple[int, int]:
    """How many errors and warnings there are."""
    errors = sum(each.is_error for each in findings)
    return errors, len(findings) - errors
