"""`Durable.Worker`: runs workflow functions and activities of a task queue in this process."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from hotmesh import settings
from hotmesh.client.restricted import RestrictedWorker
from hotmesh.client.worker import Worker as TopicWorker
from hotmesh.durable import meshes
from hotmesh.durable.activity_calls import activity_topic
from hotmesh.durable.activity_worker import ActivityWorker, functions_of
from hotmesh.durable.definition import NAMESPACE, checked, name_of
from hotmesh.durable.interception import Interceptors, defaults
from hotmesh.durable.replies import tell
from hotmesh.durable.residents import Residents, WorkerOptions
from hotmesh.errors import RoleError
from hotmesh.runtime.router import Consumer
from hotmesh.runtime.stream import StreamData

if TYPE_CHECKING:
    from hotmesh.durable.client import Client

Workflows: TypeAlias = Callable[..., Any] | Sequence[Callable[..., Any]] | Mapping[str, Callable[..., Any]] | ModuleType | None

WAITING_FOR_CODE = ("NonDeterminismError: ", "no worker of the queue ")
"""How the reasons begin for which a job waits until other code is deployed."""


class Worker:
    """A worker of one task queue. `await Worker.create(…)` and `await worker.run()`, or `async with Worker(client, …)`."""

    def __init__(
        self,
        client: Client | None = None,
        *,
        task_queue: str | None = None,
        workflows: Workflows = None,
        activities: Any = None,
        connection: Any = None,
        namespace: str | None = None,
        max_concurrent_workflows: int = 10_000,
        max_concurrent_activities: int = 100,
        worker_credentials: Any = None,
        interceptors: Interceptors | None = None,
        sticky: bool = True,
        tripwires: bool | None = None,
        stuck_after_s: float | None = 2.0,
        **options: Any,
    ) -> None:
        """`client`: its connection, namespace and settings are the worker's, unless others are given. `task_queue`: by default the one that
        `@Durable.define(task_queue=…)` names. `workflows`, `activities`: functions, modules, mappings, lists of them. `worker_credentials`:
        of a role that may only work off activities (`provision_worker_role`). `sticky`: keep suspended functions in memory. `tripwires`:
        have clocks, chance and I/O in workflow code raise (default: in tests and in Python's development mode). `stuck_after_s`: report a
        workflow that blocks the process longer. `options`: any setting (`lease_s`, `poll_s`, …).

        Raises ValueError for two functions of one name, no function or no queue; TypeError for what is no function; SettingsError.
        """
        if client is not None and not hasattr(client, "workflow"):
            raise TypeError(f"a worker's first argument is a Durable.Client, not a {type(client).__name__}; a DSN goes to connection=…")
        options = {**({} if client is None else client.options), **options}
        settings.load(**options)
        self.workflows = workflows_of(workflows)
        self.activities = functions_of(activities)
        if not self.workflows and not self.activities:
            raise ValueError("the worker has nothing to do: give it workflows=… or activities=…")
        self.task_queue = task_queue or _queue_of(self.workflows)
        self._connection = client.connection if client is not None and connection is None else connection
        self.namespace = namespace or (NAMESPACE if client is None else client.namespace)
        self._concurrency = max_concurrent_activities
        self._credentials = worker_credentials
        self._options = options
        self._interceptors = interceptors or defaults.copy()
        armed = in_development() if tripwires is None else tripwires
        self._how = WorkerOptions(sticky, armed, stuck_after_s, max_concurrent_workflows, self._interceptors)
        self._shared: meshes.Shared | None = None
        self._restricted: RestrictedWorker | None = None
        self._stopping = asyncio.Event()
        self.residents = Residents(self.task_queue, self.namespace, self.workflows, self._how)

    @classmethod
    async def create(
        cls,
        *,
        connection: Any = None,
        task_queue: str | None = None,
        workflow: Workflows = None,
        activities: Any = None,
        **options: Any,
    ) -> Self:
        """A worker that has begun. Options as in `Worker(…)`. Raises ConnectionError, and what `Worker(…)` raises."""
        worker = cls(connection=connection, task_queue=task_queue, workflows=workflow, activities=activities, **options)
        await worker.start()
        return worker

    # ---- life

    async def start(self) -> None:
        """Join the mesh and serve the queue."""
        if self._credentials is not None:
            await self._start_restricted()
            return
        topics = tuple(topic for topic, wanted in ((self.task_queue, self.workflows), (self._topic, self.activities)) if wanted)
        self._shared = await meshes.join(self._connection, self.namespace, topics=topics, **self._options)
        node = self._shared.mesh.node
        if self.workflows:
            self.residents.on_replies = partial(tell, node)
            node.engine.inline[self.task_queue] = self.residents
            await node.serve(Consumer(self.task_queue, _inline, concurrency=self._how.max_concurrent_workflows, inline=True))
            await self._resume_waiting()
        if self.activities:
            worker = ActivityWorker(self.activities, self._interceptors.activity)
            await node.serve(Consumer(self._topic, worker, concurrency=self._concurrency, transactional=worker.transactional))

    @property
    def _topic(self) -> str:
        return activity_topic(self.task_queue)

    async def _start_restricted(self) -> None:
        if self.workflows:
            raise ValueError("a worker with credentials of a worker role runs activities only: workflow functions need an engine")
        transactional = [name for name, each in self.activities.items() if getattr(each, "transactional", False)]
        if transactional:
            raise ValueError(f"{transactional[0]} is transactional, which a worker role can't be: it may not write the workflow's rows")
        self._check_role()
        callback = ActivityWorker(self.activities, self._interceptors.activity)
        worker = TopicWorker(topic=self._topic, callback=callback, concurrency=self._concurrency)
        self._restricted = RestrictedWorker(
            app_id=self.namespace, connection=self._connection, credentials=self._credentials, workers=[worker], **self._options
        )
        await self._restricted.start()

    def _check_role(self) -> None:
        """Raises RoleError when the credentials are for other queues."""
        topics = getattr(self._credentials, "topics", (self._topic,))
        if self._topic not in topics:
            queues = ", ".join(topic.removesuffix(activity_topic("")) for topic in topics)
            raise RoleError(f"the role {self._credentials.role} may work for {queues}, not for {self.task_queue}")

    async def _resume_waiting(self) -> None:
        """Give jobs that wait for other code another try."""
        assert self._shared is not None
        node = self._shared.mesh.node
        waiting = [job_id for reason in WAITING_FOR_CODE for job_id in await node.jobs.paused_for(reason)]
        for job_id in waiting:
            await node.jobs.act("resume", job_id)
        if waiting:
            node.message_claims.alarm.ring()
            node.task_claims.alarm.ring()

    async def run(self) -> None:
        """Work until SIGTERM, SIGINT or `stop()`; then drain."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        try:
            await self._stopping.wait()
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
            await self.stop()

    async def stop(self, grace_s: float = 10.0) -> None:
        """Take no more, let running activities finish (at most `grace_s` seconds), leave. Idempotent."""
        self._stopping.set()
        shared, self._shared = self._shared, None
        restricted, self._restricted = self._restricted, None
        if restricted is not None:
            await restricted.stop(grace_s)
        if shared is not None:
            if shared.users > 1:
                await self._withdraw(shared, grace_s)
            await meshes.leave(shared, grace_s)
            self.residents.clear()

    async def _withdraw(self, shared: meshes.Shared, grace_s: float) -> None:
        """Stop serving the queue while others of this process go on with the mesh. What the last answers lead to is done before."""
        node = shared.mesh.node
        served = [node.router.consumers[topic] for topic in (self.task_queue, self._topic) if topic in node.router.consumers]
        for consumer in served:
            consumer.throttle_ms = -1
        deadline = asyncio.get_running_loop().time() + grace_s
        while any(consumer.running for consumer in served) and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await node.engine.drain()
        node.engine.inline.pop(self.task_queue, None)
        for consumer in served:
            del node.router.consumers[consumer.topic]
        await node.announce()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()


async def _inline(data: StreamData) -> None:
    """Never called: the queue's tasks are answered in the engine's step loop."""


def workflows_of(source: Workflows) -> dict[str, Callable[..., Any]]:
    """Workflow functions by name. Raises ValueError for two of one name, TypeError for what is no function."""
    if source is None:
        return {}
    if isinstance(source, Mapping):
        return {name: _function(function) for name, function in source.items()}
    if isinstance(source, ModuleType):
        own = [each for name, each in vars(source).items() if not name.startswith("_") and _is_workflow_of(source, each)]
        return workflows_of(own)
    functions = [source] if callable(source) or isinstance(source, str) else list(source)
    found: dict[str, Callable[..., Any]] = {}
    for function in map(_function, functions):
        if found.setdefault(name_of(function), function) is not function:
            raise ValueError(f"two workflows are named {name_of(function)!r}; name one by @Durable.define(name=…)")
    return found


def _function(workflow: object) -> Callable[..., Any]:
    function = checked(workflow)
    if isinstance(function, str):
        raise TypeError(f"a worker runs functions: pass the workflow {function} itself, not its name")
    return function


def _is_workflow_of(module: ModuleType, value: Any) -> bool:
    return inspect.iscoroutinefunction(value) and getattr(value, "__module__", None) == module.__name__


def _queue_of(workflows: Mapping[str, Callable[..., Any]]) -> str:
    queues = {queue for each in workflows.values() if (queue := getattr(each, "task_queue", None))}
    if len(queues) != 1:
        raise ValueError("name the worker's queue: task_queue=…")
    return str(queues.pop())


def in_development() -> bool:
    """Whether this is a test run or Python's development mode."""
    return sys.flags.dev_mode or "PYTEST_CURRENT_TEST" in os.environ or os.environ.get("HOTMESH_DEV", "") not in ("", "0")
