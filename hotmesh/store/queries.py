"""The SQL: named paragraphs of sql/*.sql, with the schema's name as the only substitution."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def as_text(value: str) -> str:
    """A text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def in_schema(text: str, schema: str) -> str:
    """A statement with `{schema}` filled in (`{schema_text}`: as a text); a literal `{}` is written `{{}}`."""
    return text.replace("{schema_text}", as_text(schema)).replace("{schema}", quoted(schema)).replace("{{}}", "{}")


@cache
def paragraphs(name: str) -> dict[str, str]:
    """The statements of sql/<name>.sql by name."""
    parts = _NAME.split(files("hotmesh.store").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


class Queries:
    """The statements of one file for one schema: `queries["load"]`."""

    def __init__(self, name: str, schema: str) -> None:
        self._statements = {key: in_schema(text, schema) for key, text in paragraphs(name).items()}

    def __getitem__(self, name: str) -> str:
        return self._statements[name]
