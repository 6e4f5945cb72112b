"""The settings: one frozen dataclass, read once (schemas/settings.schema.json).

Where a value comes from, the first that is there: an argument of `load`, the environment (`HOTMESH_<NAME>`, then its older name in
`OLDER_NAMES`), `[tool.hotmesh]` in the nearest pyproject.toml, the default here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from hotmesh.errors import SettingsError

LogLevel = Literal["debug", "info", "warn", "error", "silent"]
LogFormat = Literal["text", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting with its default."""

    dsn: str | None = None
    """The address of Postgres; None = the embedded one."""
    listen_dsn: str | None = None
    """The address to LISTEN at, past a pooler that can't; None = the same as `dsn`."""
    prepared_statements: bool = True
    """Whether statements are kept prepared; false behind a pooler in transaction mode."""
    home: Path | None = None
    """Where the embedded Postgres keeps its data; None = the user's data folder."""
    postgres_bin: Path | None = None
    """The folder of `initdb` and `postgres` for the embedded Postgres; None = those of the wheel."""
    expire_s: int = 86_400
    """Seconds a finished job is kept when its graph doesn't say, -1 for ever."""
    lease_s: float = 30.0
    """Seconds a claimed message belongs to its consumer before another one may claim it."""
    poll_s: float = 1.0
    """Seconds between two looks at a stream that nobody announced anything on."""
    concurrency: int = 100
    """Callbacks of one worker that run at once."""
    group_commit: int = 256
    """Steps that may share one transaction."""
    cache_bytes: int = 64 * 1024 * 1024
    """Bytes of job states an engine keeps in memory."""
    log_level: LogLevel = "warn"
    log_format: LogFormat = "text"
    telemetry: bool = False
    """Whether spans and metrics are emitted."""
    codec: str | None = None
    """Where the codec of all payloads is, as `module:name`: an object or a class with `encode` and `decode`; None = plain JSON."""


OLDER_NAMES: dict[str, str] = {"dsn": "DATABASE_URL", "log_level": "HMSH_LOGLEVEL", "telemetry": "HMSH_TELEMETRY"}
"""What else is looked up in the environment, after `HOTMESH_<NAME>`."""


def load(**arguments: Any) -> Settings:
    """The settings, with `arguments` (None = not given) above the environment above pyproject.toml.

    Raises SettingsError, which names the setting, where it was read and what it takes.
    """
    outside = _outside(Path.cwd(), tuple(sorted(_from_environment(os.environ).items())))
    given = {name: _read(name, value, "the argument") for name, value in arguments.items() if value is not None}
    return replace(outside, **given)


@cache
def _outside(folder: Path, environment: tuple[tuple[str, tuple[str, str]], ...]) -> Settings:
    """What the environment and pyproject.toml say."""
    values = _from_pyproject(folder)
    values |= {name: _read(name, text, f"the environment variable {variable}") for name, (variable, text) in environment}
    return Settings(**values)


def _from_environment(environment: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The variable and the text of every setting the environment has; an empty text counts as not set."""
    found = {}
    for field in fields(Settings):
        for variable in (f"HOTMESH_{field.name.upper()}", OLDER_NAMES.get(field.name, "")):
            if environment.get(variable):
                found[field.name] = (variable, environment[variable])
                break
    return found


def _from_pyproject(folder: Path) -> dict[str, Any]:
    file = next((path / "pyproject.toml" for path in (folder, *folder.parents) if (path / "pyproject.toml").is_file()), None)
    if file is None:
        return {}
    import tomllib

    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("hotmesh", {})
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file} can't be read: {error}") from error
    return {name: _read(name, value, f"[tool.hotmesh] of {file}") for name, value in table.items()}


def _read(name: str, value: object, place: str) -> Any:
    """A value from outside as its setting's type. Raises SettingsError."""
    if name not in _READERS:
        raise SettingsError(f"{place} has no setting {name!r}; {_nearest(name)}")
    reader, takes = _READERS[name]
    try:
        return reader(value)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{name} is {value!r} in {place}; it takes {takes}") from error


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, _READERS, n=1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(_READERS)}"


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(value)
    return value


def _place(value: object) -> str:
    module, _, name = _text(value).partition(":")
    if not module or not name.isidentifier():
        raise ValueError(value)
    return f"{module}:{name}"


def _path(value: object) -> Path:
    return (value if isinstance(value, Path) else Path(_text(value))).expanduser().absolute()


def _number(least: float, *, whole: bool = False, strict: bool = False) -> Callable[[object], float]:
    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise TypeError(value)
        number = int(value) if whole else float(value)
        if not (number > least if strict else number >= least) or (whole and float(value) != number):
            raise ValueError(value)
        return number

    return read


def _choice(*allowed: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        text = _text(value).lower()
        if text not in allowed:
            raise ValueError(value)
        return text

    return read


_FLAGS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def _flag(value: object) -> bool:
    return value if isinstance(value, bool) else _FLAGS[_choice(*_FLAGS)(value)]


_READERS: dict[str, tuple[Callable[[object], Any], str]] = {
    "dsn": (_text, "the address of a Postgres, as postgresql://user:password@host:5432/database"),
    "listen_dsn": (_text, "the address of a Postgres, as postgresql://user:password@host:5432/database"),
    "prepared_statements": (_flag, "true or false"),
    "home": (_path, "a folder"),
    "postgres_bin": (_path, "a folder"),
    "expire_s": (_number(-1, whole=True), "a whole number of seconds, or -1 for ever"),
    "lease_s": (_number(0, strict=True), "a number of seconds above 0"),
    "poll_s": (_number(0, strict=True), "a number of seconds above 0"),
    "concurrency": (_number(1, whole=True), "a whole number from 1"),
    "group_commit": (_number(1, whole=True), "a whole number from 1"),
    "cache_bytes": (_number(0, whole=True), "a whole number of bytes from 0"),
    "log_level": (_choice("debug", "info", "warn", "error", "silent"), "debug, info, warn, error or silent"),
    "log_format": (_choice("text", "json"), "text or json"),
    "telemetry": (_flag, "true or false"),
    "codec": (_place, "the place of a codec, as module:name"),
}
"""How every setting is read from a text or a TOML value, and what it takes, in words."""
