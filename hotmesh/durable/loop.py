"""The deterministic event loop that a workflow function runs on.

It does no I/O, has no threads and no clock: its time is the time of the step that runs it, and a timer is handed to whoever made the
loop. So `asyncio.gather`, `wait`, `TaskGroup`, `timeout`, `shield`, `Event` and `Queue` work as they are, and the same events in the
same order give the same run, in every process.

Three things of asyncio's own depend on the process and are made deterministic here: the names of tasks (their path: the first child of
the root task is `1`, that one's second child `1.2`), and the order in which sets of tasks and futures are walked (their hash is the
order of their creation).

The loop runs nested in the engine's own running loop and thread: while it runs it is the thread's running loop, afterwards the
engine's is again.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sys
import zlib
from asyncio import events
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol, TypeVar

from hotmesh.errors import WorkflowViolation

T = TypeVar("T")

MAX_CALLBACKS = 5_000_000
"""Callbacks in one step; a workflow that needs more never comes to rest."""

SERIAL_BITS = 16
"""Below these bits a hash counts an execution's tasks and futures, so that small sets have them in order; above, it tells executions
apart."""

log = logging.getLogger("hotmesh.durable")


class Handle:
    """A callback that waits for its turn."""

    __slots__ = ("_arguments", "_callback", "_context", "_loop")

    def __init__(self, loop: WorkflowLoop, callback: Callable[..., object] | None, arguments: Any, context: contextvars.Context) -> None:
        self._loop = loop
        self._callback = callback
        self._arguments = arguments
        self._context = context

    def cancel(self) -> None:
        """The callback won't be called."""
        self._callback = None
        self._arguments = ()

    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._callback is None

    def run(self) -> None:
        """Call the callback; what it raises goes to the loop's exception handler."""
        if self._callback is None:
            return
        try:
            self._context.run(self._callback, *self._arguments)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as raised:
            self._loop.call_exception_handler({"message": f"a callback of the workflow raised: {raised!r}", "exception": raised})


class Timer(Handle):
    """A callback that waits for a time: the loop's host fires it with `run`."""

    __slots__ = ("_when", "operation")

    def __init__(
        self, loop: WorkflowLoop, when: float, callback: Callable[..., object], arguments: Any, context: contextvars.Context
    ) -> None:
        super().__init__(loop, callback, arguments, context)
        self._when = when
        self.operation: str | None = None
        """The host's name for it, until it has fired or was cancelled."""

    def when(self) -> float:
        """The loop time it is due at, in seconds."""
        return self._when

    @property
    def is_sleep(self) -> bool:
        """Whether `asyncio.sleep` waits for it; the others are limits, of `asyncio.timeout` and the like."""
        return self._callback is _END_OF_SLEEP

    def cancel(self) -> None:
        """The callback won't be called, and the host forgets the timer."""
        super().cancel()
        self._loop.host.cancel_timer(self)


_END_OF_SLEEP = asyncio.futures._set_result_unless_cancelled  # type: ignore[attr-defined]


class Host(Protocol):
    """What makes a loop's timers come true."""

    def set_timer(self, timer: Timer, seconds: float) -> None:
        """Fire `timer` after so many seconds."""

    def cancel_timer(self, timer: Timer) -> None:
        """Forget `timer`; it may have fired already."""


class WorkflowFuture(asyncio.Future[T]):
    """A future whose place in a set doesn't depend on the process."""

    def __init__(self, *, loop: WorkflowLoop) -> None:
        self.serial = loop.next_serial()
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self.serial


class WorkflowTask(asyncio.Task[T]):
    """A task with a path; a number for each durable call and each child it makes; and shields against cancellation."""

    def __init__(
        self, coro: Coroutine[Any, Any, T], *, loop: WorkflowLoop, path: str, name: str | None, context: contextvars.Context | None
    ) -> None:
        self.serial = loop.next_serial()
        self.path = path
        self.calls = 0
        self.children = 0
        self.shields = 0
        self.deferred: object = None
        """The message of a cancellation that waits for the last shield to go."""
        super().__init__(coro, loop=loop, name=name or f"task {path or 'main'}", context=context)

    def __hash__(self) -> int:
        return self.serial

    def cancel(self, msg: Any = None) -> bool:
        """Ask the task to end. Inside a shield the request waits, unless it comes from a timeout or a task group."""
        if self.shields and not self.done() and sys._getframe(1).f_code.co_name not in _OWN_CANCELLATIONS:
            self.deferred = msg or "cancelled"
            return True
        return super().cancel(msg)

    def leave_shield(self) -> None:
        """One shield less; with the last one goes what it held back."""
        self.shields -= 1
        if not self.shields and self.deferred is not None:
            message, self.deferred = self.deferred, None
            super().cancel(message)


_OWN_CANCELLATIONS = {"_on_timeout", "_on_task_done"}
"""Where `asyncio.timeout` and `asyncio.TaskGroup` cancel the task that they are entered in."""


class WorkflowLoop(asyncio.AbstractEventLoop):
    """See the head of the module."""

    def __init__(self, host: Host, seed: str = "") -> None:
        """`seed`: different for every execution. asyncio keeps the tasks of all of them in one set, where those of one hash would crowd."""
        self.host = host
        self.closed = False
        self.replaying = False
        self._time = 0.0
        self._ready: deque[Handle] = deque()
        self._tasks: list[WorkflowTask[Any]] = []
        self._crowd = 256
        self._serial = zlib.crc32(seed.encode()) << SERIAL_BITS
        self._orphans = 0
        self._calls = 0
        self._context = contextvars.Context()

    # ---- running

    def run(self, now: float) -> None:
        """Run what is ready until nothing is. `now`: the step's time in epoch seconds; time never goes back.

        Raises WorkflowViolation after five million callbacks.
        """
        self._time = max(self._time, now)
        ready = self._ready
        with self._nested():
            for _ in range(MAX_CALLBACKS):
                if not ready:
                    return
                ready.popleft().run()
        raise WorkflowViolation("the workflow never comes to rest: a loop in it awaits nothing that takes time")

    @contextmanager
    def _nested(self) -> Iterator[None]:
        """This loop is the thread's running loop for a while."""
        outer, hooks = events._get_running_loop(), sys.get_asyncgen_hooks()
        outer_task = _swap_task(outer, None)
        events._set_running_loop(self)
        sys.set_asyncgen_hooks(firstiter=None, finalizer=self._finalize)
        try:
            yield
        finally:
            sys.set_asyncgen_hooks(*hooks)
            events._set_running_loop(outer)
            _swap_task(outer, outer_task)

    def close(self) -> None:
        """Close every coroutine where it stands. Durable calls in their `finally` blocks end them without doing anything."""
        if self.closed:
            return
        self.closed = True
        self._ready.clear()
        with self._nested():
            for task in self._tasks:
                if not task.done():
                    _close(task)
        self._tasks.clear()

    def check_open(self) -> None:
        """Raises GeneratorExit once the loop is closed: the coroutine that calls is being thrown away."""
        if self.closed:
            raise GeneratorExit

    def _finalize(self, generator: AsyncGenerator[Any, Any]) -> None:
        """An asynchronous generator was dropped half way: end it without durable calls, since the moment depends on the process."""
        closed, self.closed = self.closed, True
        try:
            generator.aclose().__await__().send(None)
        except (StopIteration, RuntimeError, GeneratorExit):
            return
        finally:
            self.closed = closed

    def ready(self, handle: Handle) -> None:
        """Run a handle in this step: a timer whose time has come."""
        self._ready.append(handle)

    # ---- identity

    def next_serial(self) -> int:
        """A number for each task and future, by order of creation, the same in a replay; sets are ordered by it."""
        self._serial += 1
        return self._serial

    def next_operation(self) -> str:
        """The identity of a durable call made now: the path of the running task and the call's number in it."""
        task = events_current_task(self)
        if task is None:
            self._calls += 1
            return f"~/{self._calls}"
        task.calls += 1
        return f"{task.path}/{task.calls}" if task.path else str(task.calls)

    def peek_operation(self) -> str:
        """The identity that the next durable call will have."""
        task = events_current_task(self)
        if task is None:
            return f"~/{self._calls + 1}"
        return f"{task.path}/{task.calls + 1}" if task.path else str(task.calls + 1)

    def _next_path(self) -> str:
        parent = events_current_task(self)
        if parent is None:
            self._orphans += 1
            return f"~{self._orphans}"
        parent.children += 1
        return f"{parent.path}.{parent.children}" if parent.path else str(parent.children)

    # ---- what asyncio asks of a loop

    def time(self) -> float:
        """The step's time, in epoch seconds."""
        return self._time

    def call_soon(self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None) -> Handle:  # type: ignore[override]
        """Call `callback` in this step."""
        handle = Handle(self, callback, args, context or contextvars.copy_context())
        if not self.closed:
            self._ready.append(handle)
        return handle

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None) -> Timer:  # type: ignore[override]
        """Call `callback` after `delay` seconds: a durable timer."""
        self.check_open()
        timer = Timer(self, self._time + delay, callback, args, context or contextvars.copy_context())
        if delay <= 0:
            self._ready.append(timer)
        else:
            self.host.set_timer(timer, delay)
        return timer

    def call_at(self, when: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None) -> Timer:  # type: ignore[override]
        """Call `callback` at a loop time: a durable timer."""
        return self.call_later(round(when - self._time, 6), callback, *args, context=context)

    def create_future(self) -> WorkflowFuture[Any]:
        """A future of this loop."""
        self.check_open()
        return WorkflowFuture(loop=self)

    def create_task(
        self, coro: Any, *, name: str | None = None, context: contextvars.Context | None = None, path: str | None = None, **options: Any
    ) -> WorkflowTask[Any]:
        """Run a coroutine beside the others; its path follows from the running task."""
        if self.closed:
            coro.close()
        self.check_open()
        _refuse_arbitrary_order(sys._getframe(1))
        path = self._next_path() if path is None else path
        future = coro if asyncio.isfuture(coro) else None
        if future is not None:
            coro = _awaited(future)
        if context is None and events_current_task(self) is None:
            context = self._context.copy()
        task = WorkflowTask(coro, loop=self, path=path, name=name, context=context)
        self._keep(task)
        if future is not None:
            task.add_done_callback(lambda ended: future.cancel() if ended.cancelled() else None)
        return task

    def _keep(self, task: WorkflowTask[Any]) -> None:
        """Hold on to a task until it is done: one that only waits would be collected as garbage, sooner here and later there."""
        self._tasks.append(task)
        if len(self._tasks) > self._crowd:
            self._tasks = [each for each in self._tasks if not each.done()]
            self._crowd = max(256, 2 * len(self._tasks))

    def unseen(self) -> Iterator[WorkflowTask[Any]]:
        """The tasks that ended with an error which nobody has looked at."""
        return (each for each in self._tasks if each.done() and not each.cancelled() and each._log_traceback)

    def get_task_factory(self) -> None:
        """None: tasks are always this loop's own."""

    def get_debug(self) -> bool:
        """False: asyncio's debug mode would look at clocks."""
        return False

    def is_running(self) -> bool:
        """Whether it is the thread's running loop."""
        return events._get_running_loop() is self

    def is_closed(self) -> bool:
        """Whether the workflow was thrown away."""
        return self.closed

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Log what nobody has caught, once per execution."""
        if not self.closed and not self.replaying:
            log.error("workflow: %s", context.get("message"), exc_info=context.get("exception"))

    default_exception_handler = call_exception_handler

    def _timer_handle_cancelled(self, timer: Timer) -> None:
        """Nothing to do: timers tell their host themselves."""


def _refused(name: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise WorkflowViolation(f"loop.{name}() is I/O or a thread, which a workflow can't replay: do it in an activity")

    return refuse


_REFUSED = (
    "call_soon_threadsafe run_in_executor set_default_executor getaddrinfo getnameinfo create_connection create_server start_tls sendfile "
    "create_unix_connection create_unix_server connect_accepted_socket create_datagram_endpoint connect_read_pipe connect_write_pipe "
    "subprocess_shell subprocess_exec add_reader remove_reader add_writer remove_writer sock_recv sock_recv_into sock_recvfrom "
    "sock_recvfrom_into sock_sendall sock_sendto sock_connect sock_accept sock_sendfile add_signal_handler remove_signal_handler "
    "run_forever run_until_complete stop set_task_factory set_debug set_exception_handler"
)
for _name in _REFUSED.split():
    setattr(WorkflowLoop, _name, _refused(_name))


async def _awaited(future: asyncio.Future[T]) -> T:
    """A durable call as the coroutine of a task."""
    return await future


def events_current_task(loop: WorkflowLoop) -> WorkflowTask[Any] | None:
    """The task that runs on `loop` now."""
    return asyncio.current_task(loop)  # type: ignore[return-value]


def _swap_task(loop: asyncio.AbstractEventLoop | None, task: asyncio.Task[Any] | None) -> asyncio.Task[Any] | None:
    """Put `task` in the place of the outer loop's current one. Before 3.12 each loop keeps its own, and nothing is to be done."""
    swap = getattr(asyncio.tasks, "_swap_current_task", None)
    if loop is None or swap is None:
        return None
    former: asyncio.Task[Any] | None = swap(loop, task)
    return former


def _close(task: WorkflowTask[Any]) -> None:
    """End a task's coroutine where it stands, without a word."""
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    coroutine: Generator[Any, Any, Any] = task.get_coro()  # type: ignore[assignment]
    try:
        coroutine.close()
    except BaseException as raised:
        log.debug("workflow: a coroutine resisted its end: %r", raised)


def _refuse_arbitrary_order(frame: FrameType | None) -> None:
    """`asyncio.as_completed` makes tasks of bare coroutines in the order of their addresses, which differs in every process."""
    for _ in range(4):
        if frame is None or frame.f_globals.get("__name__") != "asyncio.tasks":
            return
        if frame.f_code.co_name == "as_completed" or isinstance(frame.f_locals.get("self"), _AS_COMPLETED):
            raise WorkflowViolation(
                "asyncio.as_completed() starts bare coroutines in arbitrary order, which a replay can't repeat: "
                "make tasks of them first, [asyncio.create_task(c) for c in coroutines]"
            )
        frame = frame.f_back


_AS_COMPLETED: tuple[type, ...] = tuple(filter(None, [getattr(asyncio.tasks, "_AsCompletedIterator", None)]))
