"""`Durable.Client`: starts workflows and finds them again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from hotmesh import ids, settings
from hotmesh.client.filters import parse_filter
from hotmesh.client.hotmesh import HotMesh
from hotmesh.durable import meshes
from hotmesh.durable.activity_calls import activity_topic, retry_json
from hotmesh.durable.definition import (
    NAMESPACE,
    SIGNAL_TOPIC,
    START_TOPIC,
    checked,
    name_of,
    signal_payload,
    start_payload,
)
from hotmesh.durable.handle import Handle, Waiting
from hotmesh.durable.running import running
from hotmesh.durable.signals_out import send_to
from hotmesh.durable.values import encode_call, result_type
from hotmesh.errors import DuplicateJobError, JobNotFound, PayloadError, WorkflowViolation
from hotmesh.runtime.work import StartRequest
from hotmesh.store.listing import Listing, Page
from hotmesh.store.roles import Credentials, WorkerRole
from hotmesh.values import Json

R = TypeVar("R")
Workflow = Callable[..., Coroutine[Any, Any, R]]

OPTIONS = ("namespace", "entity", "search", "expire", "delay", "retry", "execution_timeout", "on_duplicate", "tx", "headers")
ON_DUPLICATE = ("reject", "attach", "replace_finished")
MAX_ID = 2_000


class Client:
    """A connection to the workflows of a namespace. Connects at the first call; `await client.close()`, or `async with`."""

    def __init__(self, connection: Any = None, *, namespace: str = NAMESPACE, **options: Any) -> None:
        """`connection`: a DSN, an asyncpg pool, or None (see Connections in the docs). `namespace`: the app and Postgres schema.

        `options`: any setting (`lease_s`, `poll_s`, `codec`, …), for the workers of this client too. Raises SettingsError.
        """
        settings.load(**options)
        self.connection = connection
        self.namespace = namespace
        self.workflow = WorkflowClient(self)
        self.options = options
        self._shared: meshes.Shared | None = None
        self._joining = asyncio.Lock()
        self._others: dict[str, Client] = {}

    async def mesh(self) -> HotMesh:
        """The mesh beneath. Raises ConnectionError, and WorkflowViolation inside of a workflow."""
        if running() is not None:
            raise WorkflowViolation(
                "a Durable.Client inside a workflow function is I/O, which a replay repeats: "
                "use Durable.workflow (execute_child, signal, …) or do it in an activity"
            )
        if self._shared is None:
            async with self._joining:
                if self._shared is None:
                    self._shared = await meshes.join(self.connection, self.namespace, **self.options)
        return self._shared.mesh

    def of(self, namespace: str | None) -> Client:
        """The client of another namespace on the same connection."""
        if namespace in (None, self.namespace):
            return self
        assert namespace is not None
        if namespace not in self._others:
            self._others[namespace] = Client(self.connection, namespace=namespace, **self.options)
        return self._others[namespace]

    async def close(self) -> None:
        """Leave. Idempotent."""
        for other in self._others.values():
            await other.close()
        shared, self._shared = self._shared, None
        if shared is not None:
            await meshes.leave(shared)

    async def __aenter__(self) -> Self:
        await self.mesh()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    @overload
    async def start(self, workflow: Workflow[R], *args: Any, id: str | None = ..., task_queue: str | None = ..., **o: Any) -> Handle[R]: ...
    @overload
    async def start(self, workflow: str, *args: Any, id: str | None = ..., task_queue: str | None = ..., **o: Any) -> Handle[Any]: ...
    async def start(
        self, workflow: Workflow[Any] | str, *args: Any, id: str | None = None, task_queue: str | None = None, **options: Any
    ) -> Handle[Any]:
        """Start a workflow: `await client.start(order_workflow, "item-123", 5, id="order-456", task_queue="orders")`.

        `options` as in `client.workflow.start`.
        """
        return await self.workflow.start(workflow, args=args, task_queue=task_queue, **{"workflow_id": id, **options})

    @overload
    async def execute(
        self, workflow: Workflow[R], *args: Any, id: str | None = ..., task_queue: str | None = ..., timeout: float | None = ..., **o: Any
    ) -> R: ...
    @overload
    async def execute(
        self, workflow: str, *args: Any, id: str | None = ..., task_queue: str | None = ..., timeout: float | None = ..., **o: Any
    ) -> Any: ...
    async def execute(
        self,
        workflow: Workflow[Any] | str,
        *args: Any,
        id: str | None = None,
        task_queue: str | None = None,
        timeout: float | None = None,
        **options: Any,
    ) -> Any:
        """Start a workflow and wait for its result. Raises what `start` and `Handle.result` raise."""
        handle = await self.start(workflow, *args, id=id, task_queue=task_queue, **options)
        return await handle.result(timeout)

    async def provision_worker_role(self, task_queues: Sequence[str], *, name: str | None = None) -> Credentials:
        """Make a Postgres role that can only run the activities of these queues: `Worker(…, worker_credentials=…)`.

        Raises ConnectionError when this connection may not create roles, RoleError when the name is another role's.
        """
        if isinstance(task_queues, str):
            raise TypeError(f"task_queues is a list of queues, not {task_queues!r}; one queue is a list of one")
        return await (await self.mesh()).provision_worker_role([activity_topic(queue) for queue in task_queues], name=name)

    async def rotate_worker_password(self, role: str) -> Credentials:
        """Give a worker role a new password. Raises RoleError."""
        return await (await self.mesh()).rotate_worker_password(role)

    async def revoke_worker_role(self, role: str) -> None:
        """Take a worker role away and end its sessions. Raises RoleError."""
        await (await self.mesh()).revoke_worker_role(role)

    async def list_worker_roles(self) -> list[WorkerRole]:
        """Every worker role of the namespace."""
        return await (await self.mesh()).list_worker_roles()

    def get_handle(self, workflow_id: str, workflow: Workflow[R] | None = None) -> Handle[R]:
        """A workflow by its id; with its function, its result is typed. Raises PayloadError for what can't be an id."""
        return Handle(self, _checked_id(workflow_id), result_type(workflow) if workflow is not None else Any)


class WorkflowClient:
    """`client.workflow`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @overload
    async def start(
        self, workflow: Workflow[R], *, args: Sequence[Any] = ..., task_queue: str | None = ..., workflow_id: str | None = ..., **o: Any
    ) -> Handle[R]: ...
    @overload
    async def start(
        self, workflow: str, *, args: Sequence[Any] = ..., task_queue: str | None = ..., workflow_id: str | None = ..., **o: Any
    ) -> Handle[Any]: ...
    async def start(
        self,
        workflow: Workflow[Any] | str,
        *,
        args: Sequence[Any] = (),
        task_queue: str | None = None,
        workflow_id: str | None = None,
        **options: Any,
    ) -> Handle[Any]:
        """Start a workflow; its handle.

        `workflow_id`: default a new guid. `entity`, `search` (fields to begin with), `expire` (kept so long when finished), `delay`,
        `execution_timeout`: durations. `retry`: run the function again when it fails. `on_duplicate`: `reject`, `attach`,
        `replace_finished`. `tx`: the caller's connection, in whose transaction it starts. `namespace`: another one.
        Raises DuplicateJobError, SerializationError, ValueError, ConnectionError; then nothing was stored.
        """
        unknown = options.keys() - set(OPTIONS)
        if unknown:
            have = f"it has {', '.join(OPTIONS)}; what the workflow takes goes before them, by position"
            raise TypeError(f"start() has no option {sorted(unknown)[0]!r}; {have}")
        client = self._client.of(options.pop("namespace", None))
        key = ids.make_id() if workflow_id is None else _checked_id(workflow_id)
        payload = {**_payload(workflow, task_queue, args, options), "id": key}
        tx, on_duplicate = options.get("tx"), options.get("on_duplicate", "reject")
        if on_duplicate not in ON_DUPLICATE:
            raise ValueError(f"on_duplicate is {', '.join(ON_DUPLICATE[:-1])} or {ON_DUPLICATE[-1]}, not {on_duplicate!r}")
        mesh = await client.mesh()
        expected = result_type(workflow) if callable(workflow) else Any
        if tx is not None:
            await mesh.pub(START_TOPIC, payload, job_id=key, on_duplicate=on_duplicate, tx=tx)
            return Handle(client, key, expected)
        return Handle(client, key, expected, await _start(mesh, key, payload, on_duplicate))

    async def start_and_wait(self, workflow: Workflow[R], *, args: Sequence[Any] = (), timeout: float | None = None, **options: Any) -> R:
        """Start a workflow and wait for its result; options as in `start`."""
        handle: Handle[R] = await self.start(workflow, args=args, **options)
        return await handle.result(timeout)

    execute = start_and_wait

    async def signal_with_start(
        self, workflow: Workflow[R], *, workflow_id: str, signal_id: str, data: Any = None, args: Sequence[Any] = (), **options: Any
    ) -> Handle[R]:
        """Send a signal to a workflow that is started when it doesn't run."""
        handle: Handle[R] = await self.start(workflow, args=args, workflow_id=workflow_id, on_duplicate="attach", **options)
        await handle.signal(signal_id, data)
        return handle

    async def signal(self, signal_id: str, data: Any = None, *, workflow_id: str | None = None, tx: Any = None) -> None:
        """Send a signal to the workflow with that id, or to whoever waits under `signal_id` in the namespace."""
        if workflow_id is not None and tx is None:
            await send_to(await self._client.mesh(), workflow_id, signal_id, data)
            return
        topic = SIGNAL_TOPIC if workflow_id is None else f"{SIGNAL_TOPIC}.job"
        payload = signal_payload(signal_id, data, workflow_id)
        await (await self._client.mesh()).signal(topic, payload, tx=tx)

    async def hook(
        self, function: Callable[..., Any] | str, args: Sequence[Any] = (), *, workflow_id: str, timeout: float | None = None
    ) -> Any:
        """Run another function inside a workflow; with `timeout`, wait for what it returns."""
        return await Handle(self._client, workflow_id).hook(function, args, timeout=timeout)

    async def get_handle(self, task_queue: str, workflow: Workflow[R] | str, workflow_id: str) -> Handle[R]:
        """A workflow by its id. Raises JobNotFound."""
        mesh = await self._client.mesh()
        if await mesh.node.jobs.find(_checked_id(workflow_id)) is None:
            raise JobNotFound(f"there is no workflow {workflow_id!r} in {self._client.namespace}; it may have expired")
        return Handle(self._client, workflow_id, result_type(workflow) if callable(workflow) else Any)

    async def search(self, sql: str, *params: Any) -> list[dict[str, Any]]:
        """Rows of a query over the namespace's tables (`jobs`, `jobs_attributes`, the views); parameters are `$1`, `$2`, …"""
        node = (await self._client.mesh()).node
        return await node.jobs.query(sql, *params)

    async def list(self, filter: str = "", *, before: str | None = None, limit: int = 100) -> Page:
        """A page of workflows, the newest first: `list("state:failed age<1h entity:order")`. Raises FilterError."""
        node = (await self._client.mesh()).node
        return await Listing(node.pool, node.schema).page(parse_filter(filter), before=before, limit=limit)


def _payload(workflow: Workflow[Any] | str, task_queue: str | None, args: Sequence[Any], options: Mapping[str, Any]) -> dict[str, Json]:
    name = name_of(checked(workflow))
    queue = task_queue or getattr(workflow, "task_queue", None)
    if not queue:
        raise ValueError("name the queue whose workers know the workflow: task_queue=…")
    given = dict(options)
    retry = given.get("retry") or getattr(workflow, "workflow_retry", None)
    given["retry"] = retry_json(retry) if retry else None
    return start_payload(name, queue, encode_call(args, {}, name, workflow if callable(workflow) else None), given)


def _checked_id(workflow_id: object) -> str:
    if not isinstance(workflow_id, str) or not workflow_id or "\0" in workflow_id or len(workflow_id) > MAX_ID:
        raise PayloadError(f"a workflow's id is a text of 1 to {MAX_ID:,} characters without NUL, not {workflow_id!r:.80}")
    return workflow_id


async def _start(mesh: HotMesh, key: str, payload: dict[str, Json], on_duplicate: str) -> Waiting | None:
    """Start the job, and be told of its end. None when it ran already."""
    request = StartRequest(START_TOPIC, payload, ids.make_id(), key, origin=mesh.guid, on_duplicate=on_duplicate)
    waiting = Waiting(mesh, request.job_id)
    try:
        await mesh.node.engine.submit(request.job_id, request)
    except BaseException as error:
        mesh.node.expect_no_more(waiting.row_id, waiting.future)
        if not isinstance(error, DuplicateJobError):
            raise
        if on_duplicate == "attach":
            return None
        raise DuplicateJobError(
            f"{_DUPLICATE[on_duplicate].format(key)}; start it under another id, or with {_INSTEAD[on_duplicate]}"
        ) from None
    return waiting


_DUPLICATE = {"reject": "there is a workflow {!r} already", "replace_finished": "the workflow {!r} has not finished"}
_INSTEAD = {
    "reject": "on_duplicate='attach' (its handle) or 'replace_finished' (once it has ended)",
    "replace_finished": "on_duplicate='attach' (its handle)",
}
