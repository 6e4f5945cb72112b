"""The coroutine around a workflow function: its arguments read, interceptors, the delay before it, retries, its time limit."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from hotmesh.durable.ending import ContinueAsNew
from hotmesh.durable.interception import InboundCall, around
from hotmesh.durable.run import WorkflowRun
from hotmesh.durable.values import decode_call, encode
from hotmesh.errors import Fatal, HotMeshError
from hotmesh.machine.retry import RetryPolicy
from hotmesh.values import Json


class ExecutionTimeout(HotMeshError):
    """The workflow did not end within its execution_timeout."""

    code = 596


async def execute(function: Callable[..., Any], payload: dict[str, Json], run: WorkflowRun) -> Json:
    """Run a workflow function as its start payload says; its result as JSON."""
    limit_s = payload.get("execution_timeout")
    if limit_s is not None:
        message = f"{run.info.name} has not ended within its execution_timeout of {limit_s:g} s"
        run.loop.call_later(limit_s, partial(run.fail, ExecutionTimeout(message)))
    if payload.get("delay"):
        await asyncio.sleep(payload["delay"])
    result = await _with_retries(function, payload, run)
    return encode(result, f"the result of {run.info.name}")


async def _with_retries(function: Callable[..., Any], payload: dict[str, Json], run: WorkflowRun) -> Any:
    retry = dict(payload.get("retry") or {})
    final = set(retry.pop("non_retryable", ()))
    policy = RetryPolicy.parse(retry) if payload.get("retry") else None
    while True:
        try:
            return await _once(function, payload, run)
        except (Fatal, ContinueAsNew):
            raise
        except Exception as error:
            attempt = run.info.attempt
            if policy is None or attempt >= policy.maximum_attempts or type(error).__name__ in final:
                raise
            await asyncio.sleep(policy.delay_s(attempt, attempt))
            run.info.attempt += 1


def _once(function: Callable[..., Any], payload: dict[str, Json], run: WorkflowRun) -> Coroutine[Any, Any, Any]:
    positional, keywords = decode_call(function, payload.get("args") or [])
    call = InboundCall(run.info.name, tuple(positional), keywords, payload.get("headers") or {})

    async def core(given: InboundCall) -> Any:
        result = function(*given.args, **given.keywords)
        return await result if inspect.isawaitable(result) else result

    return around(run.program.inbound, call, core)
