"""Calling activities from a workflow: options, typed proxies, and what becomes of an answer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, Generic, ParamSpec, TypedDict, TypeVar, Unpack, overload

from hotmesh.durable.call import call
from hotmesh.durable.commands import Event
from hotmesh.durable.interception import OutboundCall, around
from hotmesh.durable.remote import add_remote_traceback
from hotmesh.durable.running import current
from hotmesh.durable.values import decode, encode, encode_call, result_type
from hotmesh.duration import Duration, parse_duration
from hotmesh.errors import ActivityError, ActivityTimeout
from hotmesh.machine.retry import RetryPolicy
from hotmesh.values import Json

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

TIMEOUT_CODE = 596
SCHEDULE_TO_START = "schedule_to_start_timeout"


def activity_topic(queue: str) -> str:
    """The topic that a task queue's activities are worked off on."""
    return f"{queue}-activity"


@dataclass(frozen=True)
class ActivityOptions:
    """How an activity is called: where, how often, how long. Times in seconds or any duration text."""

    task_queue: str | None = None
    retry: Mapping[str, Any] | RetryPolicy | None = None
    start_to_close_timeout: Duration | None = None
    schedule_to_start_timeout: Duration | None = None
    heartbeat_timeout: Duration | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(options: Mapping[str, Any], changed: ActivityOptions | None = None) -> ActivityOptions:
        """The options of a call, `options` above those of `changed`. Raises TypeError for unknown ones, ValueError for senseless ones."""
        unknown = options.keys() - ProxyOptions.__annotations__.keys()
        if unknown:
            raise TypeError(f"an activity has no option {sorted(unknown)[0]!r}; it has {', '.join(ProxyOptions.__annotations__)}")
        chosen = replace(changed or ActivityOptions(), **options)
        chosen.to_json()
        return chosen

    @functools.cached_property
    def told(self) -> dict[str, Json]:
        """`to_json`, once."""
        return self.to_json()

    def to_json(self) -> dict[str, Json]:
        """What the worker is told. Raises ValueError naming an option that makes no sense."""
        told: dict[str, Json] = {}
        if not isinstance(self.task_queue, (str, type(None))):
            raise TypeError(f"a task queue is a text, not {self.task_queue!r}")
        for name in ("start_to_close_timeout", "schedule_to_start_timeout", "heartbeat_timeout"):
            value = getattr(self, name)
            if value is not None:
                told[name] = _positive(name, value)
        if self.retry is not None:
            told["retry"] = retry_json(self.retry)
        if self.headers:
            told["headers"] = encode(dict(self.headers), "headers")
        return told


def _positive(name: str, value: Duration) -> float:
    try:
        seconds = parse_duration(value, bare=False)
    except ValueError as reason:
        raise ValueError(f"{name}: {reason}") from None
    if seconds <= 0:
        raise ValueError(f"{name} must be longer than zero, not {value!r}")
    return seconds


def retry_json(retry: Mapping[str, Any] | RetryPolicy) -> dict[str, Json]:
    """A retry policy as JSON. Raises ValueError naming a field that makes no sense."""
    if isinstance(retry, RetryPolicy):
        return {name: getattr(retry, attribute) for name, attribute in _POLICY.items()}
    named = dict(retry)
    unknown = named.keys() - {*_POLICY, "non_retryable"}
    if unknown:
        raise ValueError(f"retry has no field {sorted(unknown)[0]!r}; it has {', '.join(_POLICY)}, non_retryable")
    non_retryable = [each if isinstance(each, str) else each.__name__ for each in named.pop("non_retryable", ())]
    policy = RetryPolicy.parse(named)
    assert policy is not None
    told: dict[str, Json] = {name: getattr(policy, _POLICY[name]) for name in named}
    return told | ({"non_retryable": non_retryable} if non_retryable else {})


_POLICY = {
    "maximum_attempts": "maximum_attempts",
    "backoff_coefficient": "backoff_coefficient",
    "maximum_interval": "maximum_interval_s",
    "initial_interval": "initial_interval_s",
    "jitter": "jitter",
    "on_exhausted": "on_exhausted",
}


def call_activity(
    name: str, arguments: Sequence[object], keywords: Mapping[str, object], options: ActivityOptions, function: Any = None
) -> Coroutine[Any, Any, Any]:
    """Have an activity run by a worker; what it returns, read by `function`'s annotations when there is one.

    Awaiting it raises ActivityError when the activity has failed for good, ActivityTimeout when it took too long.
    """
    run = current(f"proxy_activities(…).{name}")

    def schedule(given: OutboundCall) -> Coroutine[Any, Any, Any]:
        chosen = given.options
        fields = {
            "topic": activity_topic(chosen.task_queue or run.info.queue),
            "args": encode_call(given.args, given.keywords, given.name, function),
            **chosen.told,
        }
        expected = result_type(function)

        def read(event: Event) -> Any:
            if event.error is not None:
                raise _failed(given.name, event.error)
            return decode(event.value, expected, f"the result of {given.name}")

        return call(run, "activity", given.name, fields, read)

    return around(run.program.outbound, OutboundCall(name, tuple(arguments), dict(keywords), options), schedule)


def overdue(name: str, limit_s: float) -> dict[str, Json]:
    """The error of an activity that no worker has taken in time."""
    message = f"{name} has waited for a worker longer than its {SCHEDULE_TO_START} of {limit_s:g} s"
    return {"code": TIMEOUT_CODE, "message": message, "type": ActivityTimeout.__name__}


def _failed(name: str, error: dict[str, Json]) -> ActivityError:
    kind = ActivityTimeout if error["code"] == TIMEOUT_CODE else ActivityError
    failure = kind(
        f"{name}: {error['message']}", code=error["code"], type=error.get("type"), stack=error.get("stack"), cause=error.get("cause")
    )
    add_remote_traceback(failure, failure.stack)
    return failure


class ActivityProxy(Generic[P, R]):
    """An activity as a workflow calls it: `await check_inventory(item_id)`."""

    def __init__(self, name: str, options: ActivityOptions, function: Any = None) -> None:
        self._name = name
        self._options = options
        self._function = function
        if callable(function):
            functools.update_wrapper(self, function, updated=())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:
        """Call the activity."""
        if self._function is not None and not callable(self._function):
            raise TypeError(f"{self._name} is a {type(self._function).__name__}, not an activity")
        return call_activity(self._name, args, kwargs, self._options, self._function)

    def options(self, **options: Unpack[ProxyOptions]) -> ActivityProxy[P, R]:
        """The same activity with other options (`retry=…`, `task_queue=…`, timeouts, headers)."""
        return ActivityProxy(self._name, ActivityOptions.of(options, self._options), self._function)


class ActivityProxies:
    """The activities of a module, a mapping or a Protocol, as a workflow calls them."""

    def __init__(self, source: Any, options: ActivityOptions) -> None:
        self._source = source
        self._options = options

    def __getattr__(self, name: str) -> ActivityProxy[Any, Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        source = self._source
        found = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
        if found is None:
            raise AttributeError(f"there is no activity {name!r} in {_title(source)}")
        function = getattr(found, "function", found)
        return ActivityProxy(getattr(found, "activity_name", name), self._options, function)

    def __getitem__(self, name: str) -> ActivityProxy[Any, Any]:
        return self.__getattr__(name)


def _title(source: Any) -> str:
    if isinstance(source, Mapping):
        return f"what proxy_activities(…) was given; it has {', '.join(sorted(source)) or 'none'}"
    return str(getattr(source, "__name__", source))


class ProxyOptions(TypedDict, total=False):
    """The options of `proxy_activities`; times in seconds or any duration text."""

    task_queue: str | None
    retry: Mapping[str, Any] | RetryPolicy | None
    start_to_close_timeout: Duration | None
    schedule_to_start_timeout: Duration | None
    heartbeat_timeout: Duration | None
    headers: Mapping[str, Any]


@overload
def proxy_activities(source: ModuleType, **options: Unpack[ProxyOptions]) -> Any: ...
@overload
def proxy_activities(source: Mapping[str, Any], **options: Unpack[ProxyOptions]) -> Any: ...
@overload
def proxy_activities(source: Callable[..., T], **options: Unpack[ProxyOptions]) -> T: ...
def proxy_activities(source: Any, **options: Unpack[ProxyOptions]) -> Any:
    """Activities to be called as durable steps, typed as their source: a module, a mapping of functions, or a Protocol.

    With a Protocol nothing of the implementation is imported. `task_queue`: the workflow's own by default. `retry`: `maximum_attempts` (3),
    `backoff_coefficient` (10), `initial_interval` (1 s), `maximum_interval` (120 s), `non_retryable=[ValueError, "TypeName"]`.
    Raises ValueError for options that make no sense.
    """
    return ActivityProxies(source, ActivityOptions.of(options))


def execute_activity(name: str | Callable[..., Any], *arguments: Any, **options: Unpack[ProxyOptions]) -> Coroutine[Any, Any, Any]:
    """Call one activity by its name or function."""
    called = name if isinstance(name, str) else getattr(name, "activity_name", name.__name__)
    return call_activity(called, arguments, {}, ActivityOptions.of(options), None if isinstance(name, str) else name)
