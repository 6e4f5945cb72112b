"""The inline worker of a task queue: it keeps the suspended functions of this process, and answers `run` activities with their commands.

A resident belongs to one JobState object: as long as the engine keeps that object, the two have seen the same events. When the engine has
read the job anew, the resident is thrown away and the function replayed from the rows.
"""

from __future__ import annotations

import atexit
import logging
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hotmesh import codec
from hotmesh.durable.activity_calls import SCHEDULE_TO_START as LIMIT
from hotmesh.durable.activity_calls import overdue
from hotmesh.durable.commands import SILENT, Answer, Event
from hotmesh.durable.execution import execute
from hotmesh.durable.handing_on import handed_on
from hotmesh.durable.history import RUN, answered, commands_of, event_of, recorded, start_payload_of
from hotmesh.durable.interception import Interceptors
from hotmesh.durable.job_data import RESULT
from hotmesh.durable.retrying import AGAIN, reopened_places, reopening, run_again
from hotmesh.durable.run import Program, WorkflowInfo, WorkflowRun
from hotmesh.errors import NonDeterminismError
from hotmesh.machine.dimension import from_text
from hotmesh.machine.effects import Task
from hotmesh.machine.events import Aside, Deadline, Response
from hotmesh.machine.job import Instance, JobState, Key
from hotmesh.runtime.inline import PauseJob
from hotmesh.values import Json

log = logging.getLogger("hotmesh.durable")

PER_PAGE = 5_000
"""Commands that come back to one page; later ones turn it. With `inbox.ARRIVALS` they are fewer than the entries a page has."""


@dataclass(slots=True)
class Resident:
    """A function that stays suspended in this process."""

    run: WorkflowRun
    job: JobState
    steps: int = 0
    """How many events it has taken."""
    places: dict[str, Key] = field(default_factory=dict)
    """Where each operation that is waited for is carried out."""
    again: bool = False
    """The event that comes now is that of a step which failed the workflow: it was asked to try again."""
    per_page: dict[int, int] = field(default_factory=dict)
    """How many commands come back to each page."""

    def note(self, operation: str, key: Key) -> None:
        """Take down where an operation is carried out."""
        if key[0] not in SILENT:
            self.places[operation] = key
            page = key[1][1]
            self.per_page[page] = self.per_page.get(page, 0) + 1


@dataclass(slots=True)
class WorkerOptions:
    """How workflow functions are run in this process."""

    sticky: bool = True
    """Keep suspended functions between their steps."""
    tripwires: bool = False
    stuck_after_s: float | None = 2.0
    max_concurrent_workflows: int = 10_000
    """Suspended functions kept at once; what is beyond is replayed when it goes on."""
    interceptors: Interceptors = field(default_factory=Interceptors)


class Residents:
    """See the head of the module. It is a `runtime.inline.InlineWorker`."""

    def __init__(self, queue: str, namespace: str, functions: Mapping[str, Callable[..., Any]], options: WorkerOptions) -> None:
        self._queue = queue
        self._namespace = namespace
        self.functions = dict(functions)
        self._options = options
        self._residents: dict[str, Resident] = {}
        self._unsaid: dict[str, list[Json]] = {}
        """Replies by job that are not committed yet."""
        self.on_replies: Callable[[str, list[Json]], None] = lambda job_id, replies: None
        _all.add(self)

    def __len__(self) -> int:
        return len(self._residents)

    # ---- the inline worker

    def call(self, job: JobState, task: Task) -> Response:
        """The function's next commands, or its end. Raises PauseJob when the code can't go on."""
        instance = job.instances[task.activity_id, task.dimension]
        event = event_of(job, instance)
        try:
            resident = self._resident(job, instance)
        except NonDeterminismError as error:
            raise PauseJob(codec.encoded_after("NonDeterminismError: ", str(error))) from error
        if resident.again:
            return self._again(resident, instance, event)
        answer = resident.run.start(event) if event.kind == "start" else resident.run.resume(event)
        return self._response(resident, instance, event, answer)

    def _again(self, resident: Resident, instance: Instance, event: Event) -> Response:
        """Take a step again that failed the workflow. Of an error the function hears nothing: what failed is done again instead."""
        if event.error is not None:
            resident.steps += 1
            answer = Answer()
            record: dict[str, Json] = {"n": resident.steps, AGAIN: True}
            response = Response(RUN, instance.dimension, "success", 202, record, retryable=False)
        else:
            answer = resident.run.start(event) if event.kind == "start" else resident.run.resume(event)
            response = self._response(resident, instance, event, answer)
        if answer.outcome == "waiting":
            again = reopening(resident.run, resident.places, resident.job, event.time)
            if again.reopened:
                aside = (response.aside or Aside())._replace(reopened=again.reopened, items=again.items)
                response = response._replace(status="success", aside=aside)
        self.drop(resident.job.id)
        return response

    def committed(self, job: JobState) -> None:
        """Tell of the replies. Let go of what has ended, and, when nothing is to stay, of everything."""
        if replies := self._unsaid.pop(job.id, None):
            self.on_replies(job.id, replies)
        if job.done or not self._options.sticky:
            self.drop(job.id)

    def drop(self, job_id: str) -> None:
        """Throw a suspended function away."""
        self._unsaid.pop(job_id, None)
        resident = self._residents.pop(job_id, None)
        if resident is not None:
            resident.run.evict()

    def clear(self) -> None:
        """Throw every suspended function away."""
        for job_id in list(self._residents):
            self.drop(job_id)

    # ---- residents

    def _resident(self, job: JobState, instance: Instance) -> Resident:
        resident = self._residents.get(job.id)
        if resident is not None and resident.job is job and not resident.run.loop.closed:
            return resident
        self.drop(job.id)
        if len(self._residents) >= self._options.max_concurrent_workflows:
            self.drop(next(iter(self._residents)))
        resident = self._replayed(job, instance)
        self._residents[job.id] = resident
        return resident

    def _replayed(self, job: JobState, instance: Instance) -> Resident:
        history = answered(job)
        first = next((each for each in history if event_of(job, each).kind == "start"), instance)
        payload = start_payload_of(job, first)
        resident = Resident(self._new_run(job, payload, first.dimension[1]), job, len(history))
        try:
            resident.run.replay(recorded(job, each) for each in history)
        except BaseException:
            resident.run.evict()
            raise
        for each in history:
            for command, key in commands_of(job, each):
                resident.note(command.id, key)
        resident.again = run_again(job, instance)
        resident.places |= reopened_places(job)
        return resident

    def _new_run(self, job: JobState, payload: dict[str, Json], continuation: int) -> WorkflowRun:
        name = payload["name"]
        function = self.functions.get(name)
        if function is None:
            known = ", ".join(sorted(self.functions)) or "none"
            raise PauseJob(f"no worker of the queue {self._queue} in this process knows the workflow {name!r}; it knows {known}")
        parent = None if job.parent is None else job.parent.job_key
        info = WorkflowInfo(job.key, name, payload["queue"], self._namespace, parent=parent, origin=job.origin, seed=job.id)
        info.continuation = continuation
        options = self._options
        program = Program(
            partial(execute, function, payload),
            self.functions,
            tuple(options.interceptors.inbound),
            tuple(options.interceptors.outbound),
            options.tripwires,
            options.stuck_after_s,
        )
        return WorkflowRun(program, info, payload.get("data"), payload.get("requests", ()))

    # ---- answers

    def _response(self, resident: Resident, instance: Instance, event: Event, answer: Answer) -> Response:
        resident.steps += 1
        if event.id:
            resident.places.pop(event.id, None)
        withdrawn, aside = _withdrawals(resident, answer)
        deadlines, moot = _deadlines(resident, instance, answer, withdrawn)
        if deadlines or moot:
            aside = (aside or Aside())._replace(deadlines=deadlines, moot=moot)
        if answer.outcome != "waiting":
            answer.commands = [command for command in answer.commands if command.kind in _OUTLIVING]
            if answer.commands:
                aside = (aside or Aside())._replace(spawns=True)
        record: dict[str, Json] = {"n": resident.steps, **answer.record()}
        if answer.commands:
            aside = (aside or Aside())._replace(transient=tuple(record["asks"]))
        if answer.replies:
            record["replied"] = True
            self._unsaid.setdefault(resident.job.id, []).extend(answer.replies)
        response = Response(RUN, instance.dimension, "success", 202, record, retryable=False, withdrawn=withdrawn, aside=aside)
        match answer.outcome:
            case "completed":
                record["fields"] = {**answer.fields, RESULT: answer.result}
                return response._replace(code=200, ends=True)
            case "failed":
                return response._replace(status="error", code=answer.error["code"], error=answer.error)
            case "continued":
                payload = {"args": answer.result, "data": resident.run.data, **handed_on(resident.job, instance, resident.run.kept, answer)}
                return response._replace(code=200, aside=(aside or Aside())._replace(restart=payload))
            case "waiting":
                return self._waiting(resident, instance, response, record)

    def _waiting(self, resident: Resident, instance: Instance, response: Response, record: dict[str, Json]) -> Response:
        _turn_pages(resident, instance, record)
        for kind in record.get("asks", ()):
            for number, item in enumerate(record[kind]):
                resident.note(item["id"], (kind, (*instance.dimension, number)))
        job = resident.job
        others = any(kind in record for kind in _LASTING) or len(job.open) > 1 + len(response.withdrawn) + _abandoned(response)
        return response if others else response._replace(status="pending")


_OUTLIVING = ("child", "signal", "order")
"""Commands that count even when the function ends with them; nobody waits for the others any more."""

_LASTING = ("activity", "timer", "wait", "task", "child")


def _abandoned(response: Response) -> int:
    return len(response.aside.abandoned) if response.aside is not None else 0


def _turn_pages(resident: Resident, instance: Instance, record: dict[str, Json]) -> None:
    """Mark the commands that are to come back by way of the next page."""
    room = PER_PAGE - resident.per_page.get(instance.dimension[1], 0)
    for kind in _LASTING:
        items = record.get(kind, ())
        for item in items[max(room, 0) :]:
            item["turn"] = True
        room -= len(items)


def _withdrawals(resident: Resident, answer: Answer) -> tuple[tuple[Key, ...], Aside | None]:
    """The instances to be closed, and what goes on beside: children that are told, events that are published."""
    released: list[Key] = []
    abandoned: list[Key] = []
    messages: list[tuple[str, dict[str, Json]]] = []
    for operation, how in answer.withdrawn:
        key = resident.places.pop(operation, None)
        if key is None:
            continue
        (abandoned if how == "abandon" else released).append(key)
        if how in ("request", "terminate"):
            child = {"key": resident.job.instances[key].item["key"], "reason": f"its parent {resident.job.key} waits for it no more"}
            messages.append(("cancel" if how == "request" else "interrupt", child))
    if not (abandoned or messages or answer.emissions or answer.trace):
        return tuple(released), None
    return tuple(released), Aside(answer.emissions, tuple(messages), tuple(abandoned), answer.trace)


def _deadlines(
    resident: Resident, instance: Instance, answer: Answer, withdrawn: tuple[Key, ...]
) -> tuple[tuple[Deadline, ...], tuple[Key, ...]]:
    """When the activities that are asked for now must have been taken by a worker; and whose deadlines count no more."""
    made: list[Deadline] = []
    if answer.outcome == "waiting":
        asked = [command for command in answer.commands if command.kind == "activity"]
        for number, command in enumerate(asked):
            limit = command.fields.get(LIMIT)
            if limit is not None:
                made.append(Deadline(("activity", (*instance.dimension, number)), limit, overdue(command.name, limit)))
    job, given = resident.job, instance.input if isinstance(instance.input, dict) else {}
    over = [("activity", from_text(given["at"]))] if given.get("of") == "activity" else []
    ended = resident.places.values() if answer.outcome != "waiting" else ()
    moot = [key for key in (*over, *withdrawn, *ended) if key[0] == "activity" and LIMIT in job.instances[key].item]
    return tuple(made), tuple(moot)


_all: weakref.WeakSet[Residents] = weakref.WeakSet()


@atexit.register
def clear_all() -> None:
    """Throw every suspended function of this process away, also when it ends, so that their `finally` blocks do nothing durable."""
    for residents in list(_all):
        residents.clear()
