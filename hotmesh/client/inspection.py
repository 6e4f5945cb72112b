"""The part of `HotMesh` that looks at jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hotmesh.client.views import Views
from hotmesh.export.execution import Execution
from hotmesh.export.sections import JobExport
from hotmesh.runtime.node import Node


class Inspection:
    """Looking at jobs."""

    _views: tuple[Node, Views] | None = None

    if TYPE_CHECKING:

        @property
        def node(self) -> Node:
            """The running part."""

    @property
    def views(self) -> Views:
        """What the app's rows say: jobs page by page, queues, dead letters, members, versions."""
        node = self.node
        if self._views is None or self._views[0] is not node:
            self._views = node, Views(node.pool, node.schema, node.app_id)
        return self._views[1]

    async def execution(self, job_id: str, *, history: bool = True) -> Execution:
        """Everything about a job: its instances, what they wait for, the edges it took, what happened when.

        `history` false leaves out edges and events, which cost the most. Raises JobNotFound.
        """
        return await self.views.execution(job_id, history=history)

    async def export(self, job_id: str, *, allow: Iterable[str] | None = None, block: Iterable[str] = (), values: bool = True) -> JobExport:
        """A job as plain sections: `data`, `state`, `status`, `timeline`, `transitions`.

        `allow`: only these; `block`: not these; `values` false: without what was sent and returned.
        Raises JobNotFound; ValueError for a section there is none of.
        """
        return await self.views.export(job_id, allow=allow, block=block, values=values)

    async def ended(self, row_id: str) -> None:
        """Wait for the end of the job whose row has this id (`Execution.id`)."""
        await self.node.ended(row_id, self.node.expect_end(row_id))
