"""Asking the members of a mesh how it goes, as one who is no member."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hotmesh.ids import make_guid
from hotmesh.runtime.bus import Bus
from hotmesh.store.mesh import Member
from hotmesh.store.pool import Pool
from hotmesh.values import Json


async def asked(pool: Pool, schema: str, members: Sequence[Member], delay_s: float = 0.5) -> list[Member]:
    """The members with the profiles they give now; who doesn't answer within `delay_s` seconds keeps what it said last."""
    if not members:
        return []
    profiles: dict[str, Json] = {}
    everyone = asyncio.Event()
    ear = Bus(pool, schema, make_guid())

    async def take(kind: str, body: Json, sender: str) -> None:
        if kind == "pong":
            profiles[sender] = body["profile"]
            if len(profiles) >= len(members):
                everyone.set()

    async def ask() -> None:
        ear.say("ping")

    ear.on_message, ear.on_connected = take, ask
    all_told = asyncio.create_task(everyone.wait())
    ear.start()
    try:
        await asyncio.wait([all_told], timeout=delay_s)
        all_told.cancel()
    finally:
        await ear.stop()
    return [member._replace(profile=profiles.get(member.guid, member.profile)) for member in members]
