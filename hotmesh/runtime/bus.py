"""The bus: what members tell each other through LISTEN and NOTIFY. Losing it costs latency, never correctness."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from hotmesh.ids import make_id
from hotmesh.runtime.service import Service
from hotmesh.store.pool import LOST, Pool
from hotmesh.store.queries import paragraphs
from hotmesh.values import Json, dumps, loads

logger = logging.getLogger("hotmesh.bus")

MAX_PAYLOAD = 7_500
"""Bytes of one notification; Postgres takes 8,000."""
PART = 5_000
"""Bytes of a longer message that go into one; as text they are a third more."""


def channel_of(schema: str) -> str:
    """The channel of an app's mesh; Postgres' names end at 63 bytes."""
    name = f"hotmesh:{schema}"
    return name if len(name) <= 63 else f"hotmesh:{hashlib.sha256(schema.encode()).hexdigest()[:40]}"


class Bus(Service):
    """The connection that listens, and the queue of what is to be said.

    `on_message(kind, body, sender)` gets every message of others; `on_connected` is called whenever listening has (re)begun, for what was
    missed meanwhile.
    """

    def __init__(self, pool: Pool, schema: str, guid: str) -> None:
        super().__init__("bus")
        self._pool = pool
        self._channel = channel_of(schema)
        self._guid = guid
        self._outbox: list[str] = []
        self._sending: asyncio.Task[None] | None = None
        self._inbox: asyncio.Queue[str] = asyncio.Queue()
        self._pieces: dict[str, list[bytes]] = {}
        """Messages of which only a part has come, by name."""
        self.listening = asyncio.Event()
        self._settled = asyncio.Event()
        """Set once this listens, or it is known that there is nothing to listen with."""
        self.on_message: Callable[[str, Json, str], Awaitable[None]]
        self.on_connected: Callable[[], Awaitable[None]]

    async def run(self) -> None:
        """Listen until the connection is lost, then again."""
        connection = await self._pool.listener()
        if connection is None:
            self._settled.set()
            return
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(self._channel, self._heard)
            self._pieces.clear()
            self.listening.set()
            self._settled.set()
            await self.on_connected()
            await self._listen(lost)
        finally:
            self.listening.clear()
            await self._let_go(connection)
        raise ConnectionResetError("the listening connection was lost")

    async def begun(self, at_most_s: float = 5.0) -> None:
        """Wait until what others say is heard; when that takes long, go on without."""
        try:
            await asyncio.wait_for(self._settled.wait(), at_most_s)
        except TimeoutError:
            logger.warning("nobody is heard yet after %g s; until then this process polls", at_most_s)

    async def _listen(self, lost: asyncio.Event) -> None:
        gone = asyncio.create_task(lost.wait())
        heard: asyncio.Task[str] | None = None
        try:
            while not gone.done():
                heard = asyncio.create_task(self._inbox.get())
                await asyncio.wait([heard, gone], return_when=asyncio.FIRST_COMPLETED)
                if heard.done():
                    await self._receive(heard.result())
        finally:
            gone.cancel()
            if heard is not None:
                heard.cancel()

    async def _let_go(self, connection: Any) -> None:
        try:
            if not connection.is_closed():
                await connection.remove_listener(self._channel, self._heard)
                await self._pool.release_listener(connection)
        except LOST as error:
            logger.debug("the listening connection could not be given back: %s", error)

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        self._inbox.put_nowait(str(payload))

    async def _receive(self, payload: str) -> None:
        try:
            message = loads(payload)
            kind, body, sender = message["kind"], message.get("body"), message.get("from", "")
        except (ValueError, TypeError, KeyError):
            logger.warning("a notification on %s is none of ours: %.200s", self._channel, payload)
            return
        if sender == self._guid:
            return
        if kind == "part":
            await self._gather(*body)
        else:
            await self.on_message(kind, body, sender)

    async def _gather(self, name: str, number: int, count: int, piece: str) -> None:
        """Parts of a message come in their order; one whose beginning nobody heard is dropped."""
        if number == 1:
            self._pieces[name] = []
        pieces = self._pieces.get(name)
        if pieces is None or len(pieces) != number - 1:
            self._pieces.pop(name, None)
            return
        pieces.append(b64decode(piece))
        if number == count:
            await self._receive(b"".join(self._pieces.pop(name)).decode())

    def say(self, kind: str, body: Json = None) -> None:
        """Tell the other members, soon; what is said meanwhile goes along in the same round trip."""
        payload = dumps({"kind": kind, "from": self._guid, "body": body})
        self._outbox.extend([payload] if len(payload.encode()) <= MAX_PAYLOAD else self._parts(payload.encode()))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    def _parts(self, payload: bytes) -> Iterator[str]:
        """A message too long for one notification as several."""
        name = make_id()
        pieces = [payload[start : start + PART] for start in range(0, len(payload), PART)]
        for number, piece in enumerate(pieces, 1):
            body = [name, number, len(pieces), b64encode(piece).decode()]
            yield dumps({"kind": "part", "from": self._guid, "body": body})

    async def _send(self) -> None:
        while self._outbox:
            payloads, self._outbox = self._outbox, []
            try:
                async with self._pool.acquire() as connection:
                    await connection.execute(paragraphs("connection")["notify"], self._channel, payloads)
            except LOST as error:
                logger.debug("notifications were lost: %s", error)
                return

    async def flush(self) -> None:
        """Wait until what was said is sent."""
        if self._sending is not None:
            await asyncio.wait([self._sending])
