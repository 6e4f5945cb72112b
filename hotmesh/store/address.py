"""Which Postgres: what is passed, `HOTMESH_DSN`, `DATABASE_URL`, the embedded one."""

from __future__ import annotations

import re

from hotmesh import settings
from hotmesh.errors import ConnectionError
from hotmesh.settings import Settings

_SCHEME = re.compile(r"^(postgres|postgresql)(\+\w+)?://")


def resolve_dsn(dsn: str | None = None, chosen: Settings | None = None) -> str:
    """The address of the Postgres to use: `dsn`, else the setting `dsn`, else the embedded server, which is started for it.

    Blocks while the embedded server starts (a second or two the very first time): call it in a thread from async code.
    Raises ConnectionError when the address isn't one of a Postgres, and when the embedded server isn't installed or can't start.
    """
    chosen = chosen or settings.load()
    given = dsn or chosen.dsn
    if given:
        return plain_dsn(given)
    from hotmesh.store import embedded

    return embedded.cluster(chosen).ensure()


def plain_dsn(text: str) -> str:
    """An address as asyncpg takes it: `postgres://` and SQLAlchemy's `postgresql+driver://` become `postgresql://`.

    Raises ConnectionError for anything else; the message never repeats the address, which may hold a password.
    """
    plain, found = _SCHEME.subn("postgresql://", text.strip())
    if not found:
        scheme, separator, _ = text.partition("://")
        what = f"one of {scheme!r}" if separator else "no URL"
        raise ConnectionError(
            f"HotMesh needs Postgres, but the address given is {what}: "
            "set HOTMESH_DSN to an address as postgresql://user:password@host:5432/database."
        )
    return plain
