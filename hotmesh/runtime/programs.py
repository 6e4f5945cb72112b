"""The programs an engine runs: the plan of every version it has met, and which one is active."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime

from hotmesh.errors import NotActive, VersionError
from hotmesh.expr import to_json
from hotmesh.machine.plan import Plan
from hotmesh.machine.scope import SignalScope
from hotmesh.program import Program
from hotmesh.store.mesh import Mesh
from hotmesh.values import UNDEFINED, Json


class Programs:
    """Plans by version."""

    def __init__(self, mesh: Mesh, app_id: str) -> None:
        self._mesh = mesh
        self._app_id = app_id
        self._plans: dict[str, Plan] = {}
        self.active: str | None = None
        self.epoch = -1
        self._reading = asyncio.Lock()
        self.outdated = False
        """The database has said that the active version is another one."""

    async def refresh(self) -> None:
        """Read which version is active, and forget plans whose version was deployed anew. Others find what was known until all is there."""
        async with self._reading:
            await self._refresh()

    async def _refresh(self) -> None:
        state = await self._mesh.state()
        digests = {each.version: each.digest for each in await self._mesh.versions()}
        plans = {version: plan for version, plan in self._plans.items() if plan.program.digest == digests.get(version)}
        for version in digests.keys() - plans.keys():
            if (program := await self._mesh.program(version)) is not None:
                plans[version] = Plan(program)
        self._plans, self.active, self.epoch, self.outdated = plans, state.version, state.epoch, False

    async def want(self, versions: Iterable[str]) -> None:
        """Load the plans of these versions, and of the active one when it has changed. Raises VersionError for one that is not stored."""
        if self.outdated:
            await self.refresh()
        await self._load(versions)

    async def _load(self, versions: Iterable[str]) -> None:
        for version in versions:
            if version not in self._plans:
                program = await self._mesh.program(version)
                if program is None:
                    raise VersionError(f"version {version} of {self._app_id} is not stored")
                self._plans[version] = Plan(program)

    async def keep(self, program: Program) -> None:
        """Know a program that was just deployed."""
        async with self._reading:
            self._plans[program.version] = Plan(program)

    def plan(self, version: str | None = None) -> Plan:
        """The plan of a version, None = the active one. Raises NotActive when there is none."""
        chosen = version or self.active
        if chosen is None or chosen not in self._plans:
            raise NotActive(f"the app {self._app_id} has no active version: deploy one and activate it.")
        return self._plans[chosen]

    def has_rule(self, topic: str) -> bool:
        """Whether a hook of the active version waits on a topic."""
        return self.active is not None and topic in self.plan().rules

    def signal_keys(self, topic: str, data: Json, now: datetime) -> list[str]:
        """The keys under which hooks of any version would wait for this signal."""
        keys: dict[str, None] = {}
        scope = SignalScope(data, now)
        for plan in self._plans.values():
            for rule in plan.rules.get(topic, ()):
                values = [actual(scope) for _, actual in rule.match]
                keys[rule.key([{"$": "undefined"} if value is UNDEFINED else to_json(value) for value in values])] = None
        return list(keys)
