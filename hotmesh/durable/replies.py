"""Waiting for replies of running workflows.

A worker that lives on the same node tells of its replies once they are committed. Those of other processes are looked up: one look at a
workflow serves all who have asked it something from here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias
from weakref import WeakKeyDictionary

from hotmesh.durable.definition import DONE_TOPIC
from hotmesh.durable.handing_on import replies_of
from hotmesh.errors import JobError
from hotmesh.machine.job import JobState
from hotmesh.runtime.listening import Finished
from hotmesh.runtime.node import Node
from hotmesh.store.pool import LOST
from hotmesh.values import Json, copied

Reply: TypeAlias = "asyncio.Future[dict[str, Json]]"

_by_node: WeakKeyDictionary[Node, dict[str, Replies]] = WeakKeyDictionary()


class Replies:
    """The replies of one workflow that somebody on this node waits for."""

    def __init__(self, node: Node, row_id: str, workflow_id: str) -> None:
        self._node = node
        self._row_id = row_id
        self._workflow_id = workflow_id
        self._heard = asyncio.Event()
        self._here = False
        """A worker on this node has given the last reply: there is nothing to look up when the workflow says something."""
        self._waiting: dict[str, Reply] = {}
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def expected(self, request: str) -> Iterator[Reply]:
        """The future of a reply; make it before the request is sent, so that nothing is missed between."""
        if not self._waiting:
            self._node.listeners.setdefault(self._pattern, []).append(self._listen)
        reply: Reply = asyncio.get_running_loop().create_future()
        self._waiting[request] = reply
        try:
            yield reply
        finally:
            del self._waiting[request]
            if not self._waiting:
                self._close()

    @property
    def _pattern(self) -> str:
        return f"{DONE_TOPIC}.{self._workflow_id}"

    def _listen(self, _: Finished) -> None:
        if not self._here:
            self._heard.set()

    def _close(self) -> None:
        listeners = self._node.listeners[self._pattern]
        listeners.remove(self._listen)
        if not listeners:
            del self._node.listeners[self._pattern]
        _by_node[self._node].pop(self._row_id, None)
        if self._looking is not None:
            self._looking.cancel()

    def watch(self) -> None:
        """Look for the replies of other processes, from now on."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())

    def hand_out(self, replies: Iterable[dict[str, Json]], *, here: bool) -> None:
        """Give those who wait their replies. `here`: a worker on this node has committed them."""
        for reply in replies:
            waiting = self._waiting.get(reply["id"])
            if waiting is not None and not waiting.done():
                self._here = here
                waiting.set_result(copied(reply))

    async def _look(self) -> None:
        await self._node.announce()
        self._heard.set()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._heard.wait(), self._node.settings.poll_s)
            self._heard.clear()
            asked = list(self._waiting)
            try:
                job = (await self._node.states([self._row_id])).get(self._row_id)
            except LOST:
                continue
            except Exception as error:
                self._fail(asked, error)
            else:
                self._hand_out_of(job, asked)

    def _hand_out_of(self, job: JobState | None, asked: Iterable[str]) -> None:
        """What a look has found; those who had `asked` before it are told when there will be none."""
        self.hand_out(replies_of(job) if job is not None else (), here=False)
        if job is None or job.done:
            self._fail(asked, JobError(f"{self._workflow_id} ended before it replied", code=409, job_id=self._workflow_id))

    def _fail(self, asked: Iterable[str], error: Exception) -> None:
        for request in asked:
            waiting = self._waiting.get(request)
            if waiting is not None and not waiting.done():
                waiting.set_exception(error)


def replies_from(node: Node, row_id: str, workflow_id: str) -> Replies:
    """Where the replies of a workflow come in."""
    workflows = _by_node.setdefault(node, {})
    if row_id not in workflows:
        workflows[row_id] = Replies(node, row_id, workflow_id)
    return workflows[row_id]


def tell(node: Node, row_id: str, replies: Iterable[dict[str, Json]]) -> None:
    """A worker on this node has committed replies of a workflow."""
    asked = _by_node.get(node, {}).get(row_id)
    if asked is not None:
        asked.hand_out(replies, here=True)
