"""Versions of an app: compiling, deploying, activating."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmesh.compile import compile_app
from hotmesh.errors import CompileError
from hotmesh.program import Program
from hotmesh.runtime.node import Node
from hotmesh.values import Json, dumps


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `deploy` and `plan` found: the compiled program and the warnings."""

    program: Program
    diagnostics: tuple[Any, ...]

    @property
    def app_id(self) -> str:
        return self.program.id

    @property
    def version(self) -> str:
        return self.program.version

    @property
    def digest(self) -> str:
        return self.program.digest


class Versions:
    """The part of `HotMesh` that deploys and activates."""

    app_id: str
    guid: str

    if TYPE_CHECKING:

        @property
        def node(self) -> Node:
            """The running part."""

    async def plan(self, source: str | Path | Mapping[str, Any]) -> Manifest:
        """Compile only. `source`: a path, a YAML text (anything with a newline) or a parsed mapping. Raises CompileError."""
        return compiled(source, self.app_id)[0]

    async def deploy(self, source: str | Path | Mapping[str, Any]) -> Manifest:
        """Compile and store a version. Raises CompileError with every finding, VersionError; then nothing was stored."""
        manifest, text = compiled(source, self.app_id)
        await self.node.mesh.deploy(manifest.program, text)
        await self.node.programs.keep(manifest.program)
        self.node.bus.say("changed")
        return manifest

    async def activate(self, version: str | int, delay_s: float | None = None) -> bool:
        """Give new jobs this version, in the same instant everywhere; whether all live members confirmed within `delay_s` (1) seconds.

        Raises VersionError when nobody deployed it.
        """
        node = self.node
        others = {member.guid for member in await node.mesh.members() if member.is_engine} - {self.guid}
        confirmed: set[str] = set()
        everyone = asyncio.Event()

        def listen(kind: str, body: Json, sender: str) -> None:
            if kind == "confirmed" and body["version"] == str(version):
                confirmed.add(sender)
                if others <= confirmed:
                    everyone.set()

        node.quorum_listeners.append(listen)
        try:
            await node.mesh.activate(str(version))
            await node.refresh()
            if not others:
                return True
            node.bus.say("changed")
            return await _within(everyone, 1.0 if delay_s is None else delay_s)
        finally:
            node.quorum_listeners.remove(listen)


def compiled(source: str | Path | Mapping[str, Any], app_id: str) -> tuple[Manifest, str | None]:
    """The program of a path, a YAML text or a parsed mapping, and its text. Raises CompileError, FileNotFoundError."""
    if isinstance(source, Mapping):
        text, file = dumps(source), None
    elif isinstance(source, str) and "\n" in source:
        text, file = source, None
    else:
        text, file = Path(source).read_text(encoding="utf-8"), str(source)
    result = compile_app(text, file=file, app_id=app_id)
    if result.program is None or any(each.is_error for each in result.diagnostics):
        raise CompileError(result.diagnostics)
    return Manifest(result.program, result.diagnostics), text


async def _within(event: asyncio.Event, delay_s: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), delay_s)
    except TimeoutError:
        return False
    return True
