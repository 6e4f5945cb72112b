"""One execution of a workflow function: events in, answers out. Purely synchronous, no I/O.

The function stays suspended between two events. When the coroutine is not at hand (another process, a restart, the cache full), a new run
replays the history: the same events in the same order, each answer compared with the recorded one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hotmesh.durable.call import DurableCall
from hotmesh.durable.commands import SILENT, Answer, Command, Event, Recorded, Withdrawal
from hotmesh.durable.ending import ContinueAsNew, continuation, failure_json
from hotmesh.durable.loop import Timer, WorkflowLoop
from hotmesh.durable.loose_ends import report_loose_ends
from hotmesh.durable.nondeterminism import compare, ended_early
from hotmesh.durable.requests import Requests
from hotmesh.durable.stuck import watched
from hotmesh.durable.tripwires import guarded
from hotmesh.errors import WorkflowViolation
from hotmesh.values import Json

MAX_WAITING = 20_000
"""Operations that one execution may wait for at once."""


@dataclass(slots=True)
class WorkflowInfo:
    """Who an execution is: `Durable.workflow.workflow_info()`."""

    id: str
    name: str
    queue: str
    namespace: str = "durable"
    attempt: int = 1
    parent: str | None = None
    origin: str | None = None
    seed: str = ""
    """Different for every execution: where its random numbers come from."""
    history_size: int = 0
    """Events so far."""
    is_replaying: bool = False
    continuation: int = 0
    """Different for every run of an execution that continues as new, 0 for its first."""

    @property
    def run_id(self) -> str:
        """The id, with the number of the run when it is not the first: what ids of children begin with."""
        return f"{self.id}+{self.continuation}" if self.continuation else self.id

    @property
    def chance(self) -> str:
        """Where this run's random numbers come from."""
        return f"{self.seed}+{self.continuation}" if self.continuation else self.seed


@dataclass(slots=True)
class Program:
    """What a run executes: `main` gives the result as JSON; `functions` are those that hooks may name."""

    main: Callable[[WorkflowRun], Coroutine[Any, Any, Json]]
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    inbound: tuple[Callable[..., Any], ...] = ()
    outbound: tuple[Callable[..., Any], ...] = ()
    tripwires: bool = False
    stuck_after_s: float | None = 2.0


class WorkflowRun:
    """See the head of the module."""

    def __init__(self, program: Program, info: WorkflowInfo, data: dict[str, Json] | None = None, kept: Sequence[Json] = ()) -> None:
        """`data`: what the job's data is at the start; `kept`: requests that the run before this one has left to it."""
        self.program = program
        self.info = info
        self.loop = WorkflowLoop(self, info.seed)  # type: ignore[abstract]
        self.data: dict[str, Json] = dict(data or {})
        self.requests = Requests(self)
        self.patches: dict[str, bool] = {}
        self.children: dict[str, DurableCall[Any]] = {}
        """The children of this execution by id: one that is asked for again is attached to."""
        self.cancel_requested: str | None = None
        self.read_only = False
        self.answer = Answer()
        self._waiting: dict[str, DurableCall[Any] | Timer] = {}
        self._recorded: Recorded | None = None
        self._main: asyncio.Task[Json] | None = None
        self._failure: BaseException | None = None
        self._early: list[Event] = []
        self._left: Sequence[Json] = kept
        self.kept: list[Json] = []
        """Requests that are left to the next run: they came while this one was about to continue as new."""

    # ---- driving

    def start(self, event: Event) -> Answer:
        """Run the function up to its first wait; then give it the requests that came before it began."""
        self._main = self.loop.create_task(self.program.main(self), path="")
        self.answer = Answer()
        self._run_loop(event.time)
        for early in [*(Event(each["kind"], each["id"], event.time, each) for each in self._left), *self._early]:
            self.requests.take(early)
        return self._advance(event)

    def resume(self, event: Event) -> Answer:
        """Give the function an event and run it up to its next wait."""
        self.answer = Answer()
        if self._main is None:
            self._early.append(event)
            self.info.history_size += 1
            return self.answer
        waiting = self._waiting.pop(event.id, None) if event.kind not in Requests.KINDS else None
        if event.kind in Requests.KINDS and isinstance(self._failure, ContinueAsNew):
            self.kept.append(event.value)
        elif event.kind in Requests.KINDS:
            self.requests.take(event)
        elif isinstance(waiting, Timer):
            waiting.operation = None
            self.loop.ready(waiting)
        elif waiting is not None:
            waiting.settle(event)
        return self._advance(event)

    def replay(self, history: Iterable[Recorded]) -> None:
        """Bring a new run to where its history ends. Raises NonDeterminismError when the code no longer does what it did."""
        self._replaying(True)
        try:
            for number, recorded in enumerate(history, start=1):
                self._recorded = recorded
                event = recorded.event
                answer = self.start(event) if event.kind == "start" else self.resume(event)
                compare(self.info.name, number, recorded, answer.commands)
                if answer.outcome != "waiting":
                    raise ended_early(self.info.name, number, "ends")
        finally:
            self._recorded = None
            self._replaying(False)

    def _replaying(self, replaying: bool) -> None:
        self.info.is_replaying = self.loop.replaying = replaying

    def evict(self) -> None:
        """Throw the function away; its `finally` blocks do nothing durable."""
        self.loop.close()
        self._waiting.clear()

    def operations(self) -> list[str]:
        """The operations that the function waits for."""
        return list(self._waiting)

    def is_sleep(self, operation: str) -> bool:
        """Whether the function waits for this operation in a sleep, not for a limit to run out."""
        waiting = self._waiting.get(operation)
        return isinstance(waiting, Timer) and waiting.is_sleep

    @property
    def waits_for(self) -> int:
        """How many operations the function has asked for that have not ended."""
        return len(self._waiting)

    def _advance(self, event: Event) -> Answer:
        self.info.history_size += 1
        self._run_loop(event.time)
        answer = self.answer
        _forget_undone(answer)
        self._conclude(answer)
        return answer

    def _run_loop(self, time: float) -> None:
        try:
            with watched(self.info, self.program.stuck_after_s), guarded(self.program.tripwires):
                self.loop.run(time)
        except (WorkflowViolation, SystemExit) as end:
            self._failure = end

    def _conclude(self, answer: Answer) -> None:
        main = self._main
        assert main is not None
        failure = self._failure
        if main.done():
            ended = asyncio.CancelledError(self.cancel_requested or "cancelled") if main.cancelled() else main.exception()
            failure = failure or ended
            if failure is None:
                answer.outcome, answer.result = "completed", main.result()
        again = continuation(failure)
        if again is not None:
            self._continue(again, answer)
        elif failure is not None:
            answer.outcome, answer.error = "failed", failure_json(failure)
        if answer.outcome != "waiting":
            if not self.info.is_replaying:
                report_loose_ends(self.info, answer.outcome, self.loop, self._waiting.values())
            self.evict()

    def _continue(self, again: ContinueAsNew, answer: Answer) -> None:
        """Begin afresh, once the updates and hooks that run have been answered: what they do to the arguments counts."""
        self._failure = again
        if not self.requests.are_running:
            try:
                answer.outcome, answer.result = "continued", again.payload()
            except Exception as error:
                answer.outcome, answer.error = "failed", failure_json(error)

    def fail(self, error: BaseException) -> None:
        """End the execution with an error, whatever the function is doing."""
        self._failure = self._failure or error

    # ---- what the in-workflow API calls

    def check_commands(self) -> None:
        """Raises GeneratorExit in a run that was thrown away, WorkflowViolation in a query."""
        self.loop.check_open()
        if self.read_only:
            raise WorkflowViolation("a query only reads: make it an update to change something or to wait")
        if len(self._waiting) >= MAX_WAITING:
            raise WorkflowViolation(f"this workflow waits for {MAX_WAITING:,} operations at once; work them off in portions")

    def ask(self, command: Command, waiting: DurableCall[Any] | Timer) -> None:
        """Put a command into the step's answer."""
        self.answer.commands.append(command)
        if command.kind not in SILENT:
            self._waiting[command.id] = waiting

    def withdraw(self, command: Command, *, how: Withdrawal = "release") -> None:
        """Wait no more for an operation."""
        if self._waiting.pop(command.id, None) is None or self.loop.closed:
            return
        self.answer.withdrawn.append((command.id, how))

    def set_timer(self, timer: Timer, seconds: float) -> None:
        """The loop's timers are durable timers."""
        from hotmesh.durable.call import place_of_caller

        self.check_commands()
        timer.operation = self.loop.next_operation()
        self.ask(Command(timer.operation, "timer", "", {"seconds": seconds}, place_of_caller()), timer)

    def cancel_timer(self, timer: Timer) -> None:
        """A timer is not needed any more."""
        if timer.operation is not None:
            operation, timer.operation = timer.operation, None
            self.withdraw(Command(operation, "timer", "", {}))

    def set_fields(self, fields: Mapping[str, Json]) -> None:
        """Change the job's data."""
        self.check_commands()
        self.data.update(fields)
        self.answer.fields.update(fields)

    def is_patched(self, change_id: str) -> bool:
        """Whether this execution takes the new way; decided, and recorded, at the first question."""
        if change_id not in self.patches:
            recorded = self._recorded
            self.patches[change_id] = change_id in recorded.patches if recorded is not None else True
        if self.patches[change_id] and change_id not in self.answer.patches and self._recorded is None:
            self.answer.patches.append(change_id)
        return self.patches[change_id]

    def cancel(self, reason: str) -> None:
        """Raise CancelledError where the function waits now."""
        self.cancel_requested = reason
        if self._main is not None:
            self._main.cancel(reason)


def _forget_undone(answer: Answer) -> None:
    """What was asked for and taken back in one step never happened."""
    dropped = {operation for operation, how in answer.withdrawn if how != "abandon"}
    if dropped:
        undone = dropped & {command.id for command in answer.commands}
        answer.commands = [command for command in answer.commands if command.id not in undone]
        answer.withdrawn = [each for each in answer.withdrawn if each[0] not in undone]
