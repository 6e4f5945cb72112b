"""What a workflow is called, the app it runs in, and the payload that starts it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, overload

from hotmesh.durable.job_data import search_json
from hotmesh.durable.values import encode
from hotmesh.duration import parse_duration
from hotmesh.values import Json

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])

NAMESPACE = "durable"
"""The app (and Postgres schema) of workflows, unless a namespace is chosen."""

START_TOPIC = "durable.start"
SIGNAL_TOPIC = "durable.signal"
"""Signals to whoever waits under an id in the namespace."""

SIGNAL_JOB_TOPIC = "durable.signal.job"
"""Signals to one job."""

DONE_TOPIC = "durable.done"

KEEP_SIGNAL_S = 7 * 86_400.0
"""How long a signal to one job is kept while that job does not wait for it."""


@overload
def define(function: F, /) -> F: ...
@overload
def define(
    function: None = ..., /, *, name: str | None = ..., task_queue: str | None = ..., retry: Mapping[str, Any] | None = ...
) -> Callable[[F], F]: ...
def define(
    function: F | None = None, /, *, name: str | None = None, task_queue: str | None = None, retry: Mapping[str, Any] | None = None
) -> Any:
    """Give a workflow function its name, queue and defaults. Plain async functions are welcome without."""

    def decorate(decorated: F) -> F:
        for attribute, value in (("workflow_name", name), ("task_queue", task_queue), ("workflow_retry", retry)):
            if value is not None:
                setattr(decorated, attribute, value)
        return decorated

    return decorate if function is None else decorate(function)


def name_of(function: Callable[..., Any] | str) -> str:
    """The name a workflow is stored under."""
    return function if isinstance(function, str) else str(getattr(function, "workflow_name", getattr(function, "__name__", "")))


def checked(workflow: object) -> Callable[..., Any] | str:
    """A workflow, as its function or its name. Raises TypeError for what can't be one, saying what it takes."""
    if isinstance(workflow, str) and workflow:
        return workflow
    if inspect.iscoroutine(workflow):
        workflow.close()
        name = workflow.__name__
        raise TypeError(f"{name}(…) was called here: pass the function, {name} without brackets, and its arguments beside it")
    if hasattr(workflow, "activity_name"):
        raise TypeError(
            f"{workflow.activity_name} is an activity, not a workflow: call it inside a workflow, and give it to a worker as activities=…"
        )
    if not callable(workflow):
        raise TypeError(f"a workflow is an async function, or the name of one, not a {type(workflow).__name__}")
    if name_of(workflow) in ("", "<lambda>"):
        raise TypeError("a workflow needs a name by which every process finds it again: write it as `async def`")
    if not _is_async(workflow):
        raise TypeError(f"{name_of(workflow)} is no async function: a workflow is written `async def {name_of(workflow)}(…)`")
    return workflow


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(inspect.unwrap(function)) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def start_payload(name: str, queue: str, args: Sequence[Json], options: Mapping[str, Any]) -> dict[str, Json]:
    """The payload of `durable.start`. `options` that are None are left out. Raises ValueError naming one that makes no sense."""
    if not isinstance(queue, str):
        raise TypeError(f"a task queue is a text, not {queue!r}")
    payload: dict[str, Json] = {"name": name, "queue": queue, "args": list(args), "entity": options.get("entity") or name}
    if options.get("search"):
        payload["data"] = search_json(options["search"])
    for option in ("expire", "delay", "execution_timeout"):
        if options.get(option) is not None:
            payload[option] = _seconds(option, options[option])
    for option in ("retry", "headers"):
        if options.get(option):
            payload[option] = options[option]
    return payload


def _seconds(option: str, value: Any) -> float:
    try:
        seconds = parse_duration(value, bare=False)
    except ValueError as reason:
        raise ValueError(f"{option}: {reason}") from None
    if seconds < 0 or (option == "execution_timeout" and seconds == 0):
        raise ValueError(f"{option}: {value!r} is no time to come")
    return seconds


def signal_payload(signal_id: str, data: object, job: str | None) -> dict[str, Json]:
    """What a signal carries: the id it is waited for under, the job when it is for one, and the payload."""
    if not isinstance(signal_id, str) or not signal_id:
        raise TypeError(f"a signal's id is a text, not {signal_id!r}")
    payload: dict[str, Json] = {"id": signal_id, "data": encode(data, f"the data of the signal {signal_id}")}
    return payload if job is None else {**payload, "job": job, "$expire": KEEP_SIGNAL_S}
