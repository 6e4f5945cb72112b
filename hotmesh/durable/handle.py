"""`Handle`: one workflow, seen from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from hotmesh.durable import requests_out
from hotmesh.durable.definition import START_TOPIC, checked, name_of
from hotmesh.durable.job_data import RESULT
from hotmesh.durable.patience import patient, reason
from hotmesh.durable.remote import add_remote_traceback
from hotmesh.durable.signals_out import send_to
from hotmesh.durable.values import decode, encode_call
from hotmesh.errors import JobError, JobTimeout, WorkflowCancelled, WorkflowError, WorkflowTerminated, WorkflowTimeout
from hotmesh.export.sections import JobExport
from hotmesh.machine.job import JobState
from hotmesh.values import Json

if TYPE_CHECKING:
    from hotmesh.client.hotmesh import HotMesh
    from hotmesh.client.output import JobOutput
    from hotmesh.durable.client import Client

R = TypeVar("R")

Status = Literal["running", "completed", "failed"]


class Waiting:
    """Who waits for a job that this process has started: the engine tells without a question to the database."""

    def __init__(self, mesh: HotMesh, row_id: str) -> None:
        self.row_id = row_id
        self.future: asyncio.Future[JobState | None] = mesh.node.expect_end(row_id)


class Handle(Generic[R]):
    """A workflow. `await handle.result()` gives what its function returns."""

    def __init__(self, client: Client, workflow_id: str, result_type: Any = Any, waiting: Waiting | None = None) -> None:
        self.workflow_id = workflow_id
        self._client = client
        self._type = result_type
        self._waiting = waiting

    @property
    def id(self) -> str:
        """The workflow's id."""
        return self.workflow_id

    async def result(self, timeout: float | None = None) -> R:
        """Wait for the end; what the function returned.

        Raises WorkflowError (WorkflowCancelled, WorkflowTerminated, WorkflowTimeout) with code and cause when it failed, JobTimeout (504)
        when `timeout` seconds are over, JobNotFound.
        """
        _check_timeout(timeout)
        mesh = await self._client.mesh()
        try:
            data = await self._end(mesh, timeout)
        except JobError as error:
            raise _failure(error) from None
        result: R = decode(data.get(RESULT), self._type, f"the result of {self.workflow_id}")
        return result

    async def _end(self, mesh: HotMesh, timeout: float | None) -> dict[str, Json]:
        waiting, self._waiting = self._waiting, None
        try:
            with patient(mesh, self.workflow_id):
                if waiting is None:
                    return (await mesh.result(self.workflow_id, timeout=timeout)).data
                async with asyncio.timeout(timeout):
                    ended = await mesh.node.ended(waiting.row_id, waiting.future)
        except (TimeoutError, JobTimeout):
            said = await reason(mesh, self.workflow_id)
            raise JobTimeout(f"the workflow {self.workflow_id} has not ended within {timeout:g} s; it was not stopped. {said}") from None
        if ended is None:
            return (await mesh.result(self.workflow_id)).data
        if ended.error is not None:
            error = ended.error
            raise JobError(error["message"], code=error["code"], job_id=ended.key, stack=error.get("stack"), error=error)
        return ended.data

    async def signal(self, signal_id: str, data: Any = None) -> None:
        """Send a signal to this workflow; it is kept until `condition(signal_id)` waits for it.

        Raises JobNotFound; JobError (409) when the workflow has ended, so that nobody would ever take it.
        """
        await send_to(await self._client.mesh(), self.workflow_id, signal_id, data)

    async def state(self, metadata: bool = False) -> Any:
        """The job's data so far; with `metadata`, the whole JobOutput. Raises JobNotFound."""
        output: JobOutput = await (await self._client.mesh()).get_state(START_TOPIC, self.workflow_id)
        return output if metadata else output.data

    async def status(self) -> int:
        """How much the workflow has open: 0 = completed, below 0 = failed or ended from outside. Raises JobNotFound."""
        return await (await self._client.mesh()).get_status(self.workflow_id)

    async def query_state(self, fields: Iterable[str]) -> dict[str, Json]:
        """Some of the searchable fields. Raises JobNotFound."""
        if isinstance(fields, str):
            raise TypeError(f"fields is a list of names, not {fields!r}; one name is a list of one")
        data = await self.state()
        return {name: data.get(name) for name in fields}

    async def cancel(self, reason: str = "cancelled") -> None:
        """Ask it to end: CancelledFailure is raised where the function waits. Raises JobNotFound."""
        await (await self._client.mesh()).cancel(self.workflow_id, reason=reason)

    async def terminate(self, reason: str = "terminated", *, code: int = 410, descend: bool = False) -> None:
        """End it now, without asking; `descend`: its children too. Raises JobNotFound."""
        mesh = await self._client.mesh()
        await mesh.interrupt(START_TOPIC, self.workflow_id, reason=reason, code=code, descend=descend)

    async def retry(self) -> None:
        """Have a failed workflow try again: what failed is done again, what the failure has ended goes on. A paused one goes on.

        Raises JobNotFound; WorkflowError when it has not failed.
        """
        try:
            await (await self._client.mesh()).retry(self.workflow_id)
        except JobError as error:
            raise _failure(error) from None

    async def pause(self) -> None:
        """Stop it where it is. Raises JobNotFound."""
        await (await self._client.mesh()).pause(self.workflow_id)

    async def resume(self) -> None:
        """Let it go on. Raises JobNotFound."""
        await (await self._client.mesh()).resume(self.workflow_id)

    async def update(self, name: str | Callable[..., Any], *args: Any, timeout: float | None = 30.0) -> Any:
        """Have the workflow's update handler do something; what it returns. Raises WorkflowError with its error, JobTimeout."""
        return await self._request("update", name, args, timeout)

    async def query(self, name: str | Callable[..., Any], *args: Any, timeout: float | None = 30.0) -> Any:
        """Ask the workflow's query handler. Raises WorkflowError with its error, JobTimeout."""
        return await self._request("query", name, args, timeout)

    async def hook(self, function: Callable[..., Any] | str, args: Sequence[Any] = (), *, timeout: float | None = None) -> Any:
        """Run another function of the worker inside this workflow. With `timeout`, wait for what it returns."""
        _check_timeout(timeout)
        checked(function)
        known = function if callable(function) else None
        payload = {"kind": "hook", "name": name_of(function), "args": encode_call(args, {}, name_of(function), known)}
        return await requests_out.ask(await self._client.mesh(), self.workflow_id, payload, timeout, wait=timeout is not None)

    async def _request(self, kind: str, handler: str | Callable[..., Any], args: Sequence[Any], timeout: float | None) -> Any:
        _check_timeout(timeout)
        name = handler if isinstance(handler, str) else getattr(handler, "__name__", "")
        if not name:
            raise TypeError(f"the {kind} of a workflow has the name of its function, a text, not {handler!r}")
        payload = {"kind": kind, "name": name, "args": encode_call(args, {}, name)}
        return await requests_out.ask(await self._client.mesh(), self.workflow_id, payload, timeout)

    async def export(self, *, allow: Iterable[str] | None = None, block: Iterable[str] = (), values: bool = True) -> JobExport:
        """The job as sections: `data`, `state`, `status`, `timeline`, `transitions`. Raises JobNotFound."""
        return await (await self._client.mesh()).export(self.workflow_id, allow=allow, block=block, values=values)

    async def export_execution(self, mode: Literal["sparse", "verbose"] = "sparse") -> Json:
        """The event history: what happened, in order, as a list of events. `verbose`: with payloads. Raises JobNotFound."""
        from hotmesh.durable.event_history import event_history

        return await event_history(await self._client.mesh(), self.workflow_id, mode)


def _check_timeout(timeout: object) -> None:
    if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, (int, float))):
        raise TypeError(f"timeout is a number of seconds, not {timeout!r}")


def _failure(error: JobError) -> WorkflowError:
    """The error of a workflow as its class."""
    detail = error.error if isinstance(error.error, dict) else {}
    kind = _KINDS.get(detail.get("type", ""), WorkflowError)
    if kind is WorkflowError and "type" not in detail and error.code == 410:
        kind = WorkflowTerminated
    failure = kind(
        error.message,
        code=error.code,
        job_id=error.job_id,
        stack=error.stack,
        data=error.data,
        type=detail.get("type"),
        cause=detail.get("cause"),
    )
    add_remote_traceback(failure, error.stack)
    return failure


_KINDS: dict[str, type[WorkflowError]] = {"CancelledFailure": WorkflowCancelled, "ExecutionTimeout": WorkflowTimeout}
