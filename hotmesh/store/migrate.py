"""Numbered, forward-only migrations with checksums: under one lock, no work when current."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import asyncpg

from hotmesh.errors import ConnectionError, SchemaError
from hotmesh.store.queries import as_text, in_schema, paragraphs

SHARED = "hotmesh"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the tables' history."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def shared(self) -> bool:
        """Whether it is for the schema that all apps share."""
        return self.name.startswith("shared")


def schema_of(app_id: str) -> str:
    """The schema of an app: its id in lower case with `-` as `_`. Raises SchemaError for an id that gives none."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,62}", app_id):
        raise SchemaError(f"{app_id!r} can't be an app's id: a letter, then at most 62 letters, digits, - and _.")
    schema = app_id.lower().replace("-", "_")
    if schema in (SHARED, "public", "information_schema") or schema.startswith("pg_"):
        raise SchemaError(f"{app_id!r} can't be an app's id: the schema {schema} belongs to others; choose another id.")
    return schema


@cache
def migrations() -> tuple[Migration, ...]:
    """All of them, in order."""
    found = []
    for file in files("hotmesh.store").joinpath("migrations").iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name)
        if match:
            found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    return tuple(sorted(found, key=lambda each: each.number))


def script(app_id: str) -> str:
    """Everything as one SQL script, for people whose DBA runs it."""
    schema = schema_of(app_id)
    parts = ["BEGIN;", f"{in_schema(_sql('create_schema'), schema)};"]
    for each in migrations():
        parts += [in_schema(each.text, schema), _recording(SHARED if each.shared else schema, each)]
    apps = in_schema(_sql("script_app").replace("{app}", as_text(app_id)), schema)
    return "\n".join([*parts, apps, "COMMIT;", ""])


def _recording(target: str, each: Migration) -> str:
    values = {"target": as_text(target), "number": str(each.number), "name": as_text(each.name), "checksum": as_text(each.checksum)}
    line = _sql("script_record")
    for name, value in values.items():
        line = line.replace(f"{{{name}}}", value)
    return line


def _sql(name: str) -> str:
    """A statement of sql/migrations.sql, without its comment."""
    return "\n".join(line for line in paragraphs("migrations")[name].splitlines() if not line.startswith("--"))


async def migrate(connection: Any, app_id: str) -> int:
    """Bring an app's schema and the shared one up to date; how many migrations ran.

    Raises ConnectionError when the role may not, SchemaError when a stored checksum differs or the schema is another app's.
    """
    schema = schema_of(app_id)
    if not await missing(connection, app_id):
        return 0
    try:
        async with connection.transaction():
            await connection.execute(paragraphs("migrations")["lock"])
            return await _run(connection, app_id, schema)
    except asyncpg.InsufficientPrivilegeError as error:
        raise ConnectionError(
            f"the role may not create the schema {schema} ({error}): GRANT CREATE ON DATABASE to it, "
            f"or have a DBA run the output of `hotmesh db migrate --app {app_id} --dump-sql`."
        ) from error


async def missing(connection: Any, app_id: str) -> int:
    """How many migrations an app lacks. Raises SchemaError when its schema is another app's or was written by another HotMesh."""
    schema = schema_of(app_id)
    if not await connection.fetchval(paragraphs("migrations")["has_table"]):
        return len(migrations())
    owner = await connection.fetchval(paragraphs("migrations")["schema_owner"], schema)
    if owner is not None and owner != app_id:
        raise SchemaError(f"the schema {schema} belongs to the app {owner!r}; give {app_id!r} another id.")
    applied = {shared: await _applied(connection, shared, schema) for shared in (True, False)}
    return sum(each.number not in applied[each.shared] for each in migrations()) + (owner is None)


async def _applied(connection: Any, shared: bool, schema: str) -> dict[int, str]:
    rows = await connection.fetch(paragraphs("migrations")["applied"], SHARED if shared else schema)
    for row in rows:
        known = next((each for each in migrations() if each.number == row["number"]), None)
        if known is None:
            raise SchemaError(f"the schema {schema} was written by a newer HotMesh (migration {row['number']}); upgrade this one.")
        if known.checksum != row["checksum"]:
            raise SchemaError(
                f"migration {known.number} of the schema {schema} differs from this HotMesh's; install the version that wrote it."
            )
    return {row["number"]: row["checksum"] for row in rows}


async def _run(connection: Any, app_id: str, schema: str) -> int:
    ran = 0
    await connection.execute(in_schema(_sql("create_schema"), schema))
    for each in migrations():
        present = await connection.fetchval(paragraphs("migrations")["has_table"])
        if present and each.number in await _applied(connection, each.shared, schema):
            continue
        await connection.execute(in_schema(each.text, schema))
        await connection.execute(
            paragraphs("migrations")["record"], SHARED if each.shared else schema, each.number, each.name, each.checksum
        )
        ran += 1
    await connection.execute(paragraphs("migrations")["register_app"], app_id, schema)
    return ran
