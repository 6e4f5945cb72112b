"""Child workflows."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from typing import Any, Generic, Literal, ParamSpec, TypedDict, TypeVar, Unpack, overload

from hotmesh.durable.activity_calls import retry_json
from hotmesh.durable.call import DurableCall, call
from hotmesh.durable.commands import Event, Withdrawal
from hotmesh.durable.definition import checked, name_of, start_payload
from hotmesh.durable.job_data import RESULT
from hotmesh.durable.remote import add_remote_traceback
from hotmesh.durable.running import current
from hotmesh.durable.values import decode, encode_call, result_type
from hotmesh.duration import Duration
from hotmesh.errors import ChildError, DuplicateJobError
from hotmesh.values import Json

P = ParamSpec("P")
R = TypeVar("R")

Cancellation = Literal["request", "abandon", "terminate"]


class ChildHandle(Generic[R]):
    """A child that was started. Awaiting it, or its `result()`, gives what the child returns; raises ChildError when it fails."""

    def __init__(self, workflow_id: str, ending: DurableCall[R]) -> None:
        self.workflow_id = workflow_id
        self._ending = ending

    def result(self) -> Coroutine[Any, Any, R]:
        """The child's result."""
        return self._ending

    def __await__(self) -> Generator[Any, Any, R]:
        return self._ending.__await__()

    def cancel(self) -> bool:
        """Wait no more; what becomes of the child is what `cancellation` said at its start."""
        return self._ending.cancel()


def _begin(name: str, function: Any, args: Sequence[Any], options: Mapping[str, Any]) -> ChildHandle[Any]:
    run = current(name)
    workflow = name_of(checked(function))
    queue = options["task_queue"] or getattr(function, "task_queue", None) or run.info.queue
    payload = start_payload(workflow, queue, encode_call(args, {}, workflow, function if callable(function) else None), options)
    expected = result_type(function)
    known = run.children.get(options["workflow_id"])
    if known is not None:
        return ChildHandle(options["workflow_id"], known)

    def read(event: Event) -> Any:
        if event.error is not None:
            raise _failed(workflow, str(fields["key"]), event.error)
        result = event.value.get(RESULT) if isinstance(event.value, dict) else None
        return decode(result, expected, f"the result of {workflow}")

    fields: dict[str, Json] = {"input": payload}
    fields["key"] = payload["id"] = options["workflow_id"] or f"{run.info.run_id}/{run.loop.peek_operation()}"
    ending = call(run, "child", workflow, fields, read)
    ending.withdrawal = _WITHDRAWALS[options["cancellation"]]
    run.children[str(fields["key"])] = ending
    return ChildHandle(str(fields["key"]), ending)


_WITHDRAWALS: dict[Cancellation, Withdrawal] = {"request": "request", "abandon": "abandon", "terminate": "terminate"}


def _failed(workflow: str, key: str, error: dict[str, Json]) -> Exception:
    if error["code"] == DuplicateJobError.code and "stack" not in error:
        return DuplicateJobError(f"the child {workflow} can't have the id {key!r}: {error['message']}")
    message = f"the child {workflow} {key}: {error['message']}"
    failure = ChildError(message, code=error["code"], type=error.get("type"), stack=error.get("stack"), cause=error)
    add_remote_traceback(failure, failure.stack)
    return failure


class ChildOptions(TypedDict, total=False):
    """How a child is started.

    `workflow_id`: by default the parent's id, `/` and the number of this call, the same in every replay. `cancellation`: what a cancelled
    wait does to the child. `retry`: the child's function is run again when it fails.
    """

    workflow_id: str
    task_queue: str
    retry: Mapping[str, Any]
    cancellation: Cancellation
    entity: str
    search: Mapping[str, Any]
    expire: Duration


def _options(given: ChildOptions) -> dict[str, Any]:
    unknown = given.keys() - ChildOptions.__annotations__.keys()
    if unknown:
        raise TypeError(f"a child has no option {sorted(unknown)[0]!r}; it has {', '.join(ChildOptions.__annotations__)}")
    cancellation = given.get("cancellation", "request")
    if cancellation not in _WITHDRAWALS:
        raise ValueError(f"cancellation is request, abandon or terminate, not {cancellation!r}")
    retry = retry_json(given["retry"]) if given.get("retry") else None
    return {"workflow_id": None, "task_queue": None, **given, "cancellation": cancellation, "retry": retry}


@overload
def start_child(
    workflow: Callable[..., Coroutine[Any, Any, R]], args: Sequence[Any] = ..., **options: Unpack[ChildOptions]
) -> ChildHandle[R]: ...
@overload
def start_child(workflow: str, args: Sequence[Any] = ..., **options: Unpack[ChildOptions]) -> ChildHandle[Any]: ...
def start_child(workflow: Callable[..., Any] | str, args: Sequence[Any] = (), **options: Unpack[ChildOptions]) -> ChildHandle[Any]:
    """Start a child and go on; its handle. Raises SerializationError for the arguments."""
    return _begin("start_child", workflow, args, _options(options))


@overload
def execute_child(
    workflow: Callable[..., Coroutine[Any, Any, R]], args: Sequence[Any] = ..., **options: Unpack[ChildOptions]
) -> Coroutine[Any, Any, R]: ...
@overload
def execute_child(workflow: str, args: Sequence[Any] = ..., **options: Unpack[ChildOptions]) -> Coroutine[Any, Any, Any]: ...
def execute_child(
    workflow: Callable[..., Any] | str, args: Sequence[Any] = (), **options: Unpack[ChildOptions]
) -> Coroutine[Any, Any, Any]:
    """Start a child and wait for its result. Raises ChildError, DuplicateJobError."""
    return _begin("execute_child", workflow, args, _options(options)).result()
