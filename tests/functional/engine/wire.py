"""A wire to a server that counts what a client asks: one round trip for each Query or Sync message that it sends."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

ENDS_A_REQUEST = b"QS"
"""The types of messages after which a client waits for the server."""


@dataclass
class Wire:
    """A server's address by way of this process, and how often it was asked there."""

    dsn: str
    round_trips: int = 0


@asynccontextmanager
async def wire_to(dsn: str) -> AsyncIterator[Wire]:
    """Stand between clients and the server of `dsn`."""
    parts = conninfo_to_dict(dsn)
    host, port = str(parts.get("host", "localhost")), int(parts.get("port") or 5432)
    wire = Wire("")
    open_: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if host.startswith("/"):
            from_server, to_server = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            from_server, to_server = await asyncio.open_connection(host, port)
        async with asyncio.TaskGroup() as group:
            group.create_task(_count(wire, reader, to_server))
            group.create_task(_copy(from_server, writer))

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        open_.add(task)
        task.add_done_callback(open_.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    user, password = quote(str(parts.get("user", ""))), quote(str(parts.get("password") or ""))
    at = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    wire.dsn = f"postgresql://{user}:{password}@{at}/{parts.get('dbname')}?sslmode=disable"
    yield wire
    server.close()
    for each in list(open_):
        each.cancel()
    await asyncio.gather(*open_, return_exceptions=True)


async def _count(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass a client's messages on, and count its requests; the first message has no type."""
    try:
        size = await reader.readexactly(4)
        writer.write(size + await reader.readexactly(struct.unpack("!I", size)[0] - 4))
        while True:
            head = await reader.readexactly(5)
            wire.round_trips += head[:1] in ENDS_A_REQUEST
            writer.write(head + await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()
