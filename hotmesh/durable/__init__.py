"""Durable: workflows as plain async functions, on the same engine, tables and tools as YAML apps.

`from hotmesh import Durable`: `Durable.Client` starts workflows, `Durable.Worker` runs them and their activities, `Durable.workflow` is
what a workflow function calls, `Durable.activity` marks functions that do the work.

The order of the data: definition and client start a job of graphs/durable.yaml · residents answer its `run` activity · run drives the
function on loop · call and commands are what it asks for · history replays it from the rows · activity_worker does the work · handle waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hotmesh.durable import workflow as workflow
from hotmesh.durable.activity import activity as activity
from hotmesh.durable.activity_worker import functions_of as _functions_of
from hotmesh.durable.client import Client as Client
from hotmesh.durable.client import WorkflowClient as WorkflowClient
from hotmesh.durable.definition import define as define
from hotmesh.durable.handle import Handle as Handle
from hotmesh.durable.interception import ActivityCall as ActivityCall
from hotmesh.durable.interception import InboundCall as InboundCall
from hotmesh.durable.interception import Interceptor
from hotmesh.durable.interception import Interceptors as Interceptors
from hotmesh.durable.interception import OutboundCall as OutboundCall
from hotmesh.durable.interception import defaults as _defaults
from hotmesh.durable.running import current as _current
from hotmesh.durable.worker import Worker as Worker
from hotmesh.errors import ActivityError as ActivityError
from hotmesh.errors import ActivityTimeout as ActivityTimeout
from hotmesh.errors import ChildError as ChildError
from hotmesh.errors import DuplicateJobError as DuplicateJobError
from hotmesh.errors import EscalationCancelled as EscalationCancelled
from hotmesh.errors import NonDeterminismError as NonDeterminismError
from hotmesh.errors import NonRetryable as NonRetryable
from hotmesh.errors import SerializationError as SerializationError
from hotmesh.errors import WorkflowCancelled as WorkflowCancelled
from hotmesh.errors import WorkflowError as WorkflowError
from hotmesh.errors import WorkflowTerminated as WorkflowTerminated
from hotmesh.errors import WorkflowTimeout as WorkflowTimeout
from hotmesh.errors import WorkflowViolation as WorkflowViolation

_F = TypeVar("_F", bound=Callable[..., Any])
_I = TypeVar("_I", bound=Interceptor)


def update(handler: _F) -> _F:
    """Inside a workflow function: `handle.update(<name>, …)` calls this nested function."""
    _current("@Durable.update").requests.handlers["update", handler.__name__] = handler
    return handler


def query(handler: _F) -> _F:
    """Inside a workflow function: `handle.query(<name>, …)` calls this nested function, which only reads."""
    _current("@Durable.query").requests.handlers["query", handler.__name__] = handler
    return handler


def register_inbound_interceptor(interceptor: _I) -> _I:
    """Put `async def intercept(call, proceed)` around the workflow functions of the workers made from now on; the first is outermost."""
    _defaults.inbound.append(interceptor)
    return interceptor


def register_outbound_interceptor(interceptor: _I) -> _I:
    """Put `async def intercept(call, proceed)` around each activity call of workflows, inside the workflow."""
    _defaults.outbound.append(interceptor)
    return interceptor


def register_activity_interceptor(interceptor: _I) -> _I:
    """Put `async def intercept(call, proceed)` around each execution of an activity, on its worker."""
    _defaults.activity.append(interceptor)
    return interceptor


def clear_interceptors() -> None:
    """Forget the registered interceptors; workers that exist keep theirs."""
    for registered in (_defaults.inbound, _defaults.outbound, _defaults.activity):
        registered.clear()


async def register_activity_worker(config: dict[str, Any], activities: Any, task_queue: str) -> Worker:
    """A worker for activities only. `config`: `connection`, `namespace` and other options of `Worker.create`."""
    _functions_of(activities)
    return await Worker.create(task_queue=task_queue, activities=activities, **config)


def register_codec(chosen: Any) -> None:
    """Encode every payload that this process stores, and decode those it reads; None = plain JSON."""
    from hotmesh import codec

    codec.register(chosen)


async def shutdown() -> None:
    """Stop every mesh of this process: clients and workers."""
    from hotmesh.client.hotmesh import HotMesh
    from hotmesh.durable import meshes
    from hotmesh.durable.residents import clear_all

    meshes.forget()
    await HotMesh.stop_all()
    clear_all()
