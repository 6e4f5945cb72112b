"""Requests from outside to a running workflow: cancel, run a hook function, update, query. Each is an event and gets a reply."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from hotmesh.durable.commands import Event
from hotmesh.durable.ending import ContinueAsNew, failure_json
from hotmesh.durable.values import call_with, encode
from hotmesh.values import Json

if TYPE_CHECKING:
    from hotmesh.durable.run import WorkflowRun

Handler = Callable[..., Any]


class Requests:
    """The handlers of one run, and what it does with each request."""

    KINDS: ClassVar[frozenset[str]] = frozenset({"cancel", "hook", "update", "query"})

    def __init__(self, run: WorkflowRun) -> None:
        self._run = run
        self.handlers: dict[tuple[str, str], Handler] = {}
        """By kind (`update`, `query`) and name."""
        self._running: set[asyncio.Task[Any]] = set()
        self._paths: set[str] = set()

    @property
    def are_running(self) -> bool:
        """Whether an update or a hook has not ended yet."""
        return any(not task.done() for task in self._running)

    def take(self, event: Event) -> None:
        """Begin what the event asks for."""
        value = event.value or {}
        match event.kind:
            case "cancel":
                self._run.cancel(value.get("reason") or "cancelled")
            case "query":
                self._run.loop.call_soon(self._query, event.id, value)
            case _:
                self._begin(event.kind, event.id, value)

    def _query(self, request: str, value: dict[str, Json]) -> None:
        """Queries run at once and change nothing, so that asking leaves no trace in the function."""
        handler = self._find("query", value["name"], request)
        if handler is None:
            return
        self._run.read_only = True
        try:
            result = call_with(handler, value.get("args", []))
            if inspect.iscoroutine(result):
                result.close()
                raise TypeError(f"the query {value['name']!r} is async; a query answers at once, so make it a plain function")
            self._reply(request, result=encode(result, "the query's result"))
        except Exception as error:
            self._reply(request, error=error)
        finally:
            self._run.read_only = False

    def _begin(self, kind: str, request: str, value: dict[str, Json]) -> None:
        handler = self._find(kind, value["name"], request)
        if handler is not None:
            path = self._path(f"{kind[0]}{self._run.info.history_size}")
            task = self._run.loop.create_task(self._answer(handler, request, value.get("args", [])), path=path)
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def _path(self, path: str) -> str:
        """A path of its own for each task, also when several requests are taken in one step."""
        while path in self._paths:
            path += "'"
        self._paths.add(path)
        return path

    async def _answer(self, handler: Handler, request: str, arguments: Json) -> None:
        try:
            result = call_with(handler, arguments)
            if inspect.isawaitable(result):
                result = await result
            self._reply(request, result=encode(result, "the update's result"))
        except asyncio.CancelledError:
            raise
        except ContinueAsNew as again:
            self._reply(request)
            self._run.fail(again)
        except Exception as error:
            self._reply(request, error=error)

    def _find(self, kind: str, name: str, request: str) -> Handler | None:
        found = self._run.program.functions.get(name) if kind == "hook" else self.handlers.get((kind, name))
        if found is None:
            known = self._run.program.functions if kind == "hook" else [other for of, other in self.handlers if of == kind]
            self._reply(request, error=LookupError(f"this workflow has no {kind} {name!r}; it has {', '.join(known) or 'none'}"))
        return found

    def _reply(self, request: str, *, result: Json = None, error: BaseException | None = None) -> None:
        reply: dict[str, Json] = {"id": request}
        if error is None:
            reply["result"] = result
        else:
            reply["error"] = failure_json(error)
        self._run.answer.replies.append(reply)
