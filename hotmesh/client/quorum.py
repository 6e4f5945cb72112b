"""The quorum: who takes part, brakes, messages between members."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from hotmesh import codec
from hotmesh.ids import make_token
from hotmesh.runtime.node import Node
from hotmesh.runtime.profile import profile
from hotmesh.values import Json

QuorumListener = Callable[[str, Json], Awaitable[None] | None]


class Quorum:
    """The part of `HotMesh` that speaks to the other members."""

    guid: str
    _quorum: dict[QuorumListener, Any]

    if TYPE_CHECKING:

        @property
        def node(self) -> Node:
            """The running part."""

    async def roll_call(self, delay_s: float = 0.25) -> list[Json]:
        """The profiles of those who answer within `delay_s` seconds, this process first."""
        node, nonce = self.node, make_token()
        profiles: dict[str, Json] = {self.guid: profile(node)}
        others = {member.guid for member in await node.mesh.members()} - {self.guid}
        everyone = asyncio.Event()

        def listen(kind: str, body: Json, sender: str) -> None:
            if kind == "pong" and body["nonce"] == nonce:
                profiles[sender] = body["profile"]
                if others <= profiles.keys():
                    everyone.set()

        node.quorum_listeners.append(listen)
        try:
            if others:
                node.bus.say("ping", nonce)
                await asyncio.wait_for(everyone.wait(), delay_s)
        except TimeoutError:
            return list(profiles.values())
        finally:
            node.quorum_listeners.remove(listen)
        return list(profiles.values())

    async def throttle(self, ms: int, *, guid: str | None = None, topic: str | None = None) -> None:
        """Brake: milliseconds per message for all, one topic or one process; -1 pauses, 0 lets go. Stored, so that new processes obey.

        Raises ValueError for less than -1, or when both `guid` and `topic` are given.
        """
        if ms < -1 or (guid is not None and topic is not None):
            raise ValueError("throttle takes milliseconds from -1 (pause), and a guid or a topic, not both")
        scope = f"guid:{guid}" if guid else f"topic:{topic}" if topic else "all"
        await self.node.mesh.throttle(scope, ms)
        await self.node.refresh()
        self.node.bus.say("changed")

    async def sub_quorum(self, callback: QuorumListener) -> None:
        """Hear what members say to each other: `callback(kind, body)`, async or not; one that raises disturbs nobody else."""

        async def tell(kind: str, body: Json) -> None:
            told = callback(kind, {**body, "message": codec.decoded(body["message"])} if kind == "user" else body)
            if told is not None:
                await told

        def listen(kind: str, body: Json, _sender: str) -> None:
            self.node.spawn(tell(kind, body))

        self._listeners()[callback] = listen
        self.node.quorum_listeners.append(listen)

    async def unsub_quorum(self, callback: QuorumListener) -> None:
        """Hear it no more."""
        listen = self._listeners().pop(callback, None)
        if listen is not None:
            self.node.quorum_listeners.remove(listen)

    async def pub_quorum(self, topic: str, message: Json) -> None:
        """Say something to all other members: their listeners get ("user", {"topic", "message"})."""
        self.node.bus.say("user", {"topic": topic, "message": codec.encoded(message)})

    def _listeners(self) -> dict[QuorumListener, Any]:
        if not hasattr(self, "_quorum"):
            self._quorum = {}
        return self._quorum
