"""Logging of the whole product: stdlib loggers under `hotmesh`, with structured fields.

Code logs as `log = logging.getLogger(__name__)` and `log.info("job started", extra={"job_id": …, "app_id": …})`: the message is
constant, what varies is a field. A library sets nothing up; `configure` is called by the command line and by whoever wants it.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from hotmesh.values import Json

LEVELS: dict[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "silent": logging.CRITICAL + 10,
}
"""The log levels of the settings."""

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; all else on it is a field."""


def configure(level: str = "warn", log_format: str = "text", stream: TextIO | None = None) -> None:
    """Send the product's log to `stream` (stderr unless given) from `level` on, as `text` or as `json` lines; again is harmless."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    root = logging.getLogger("hotmesh")
    root.handlers = [handler]
    root.propagate = False
    root.setLevel(LEVELS[level])


class TextFormatter(logging.Formatter):
    """`12:00:00.123 INFO hotmesh.runtime.router: step committed (job_id=… steps=3)`"""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]
        pairs = " ".join(f"{name}={_shown(value)}" for name, value in fields(record).items())
        line = f"{moment} {record.levelname} {record.name}: {record.getMessage()}" + (f" ({pairs})" if pairs else "")
        return line + (f"\n{self.formatException(record.exc_info)}" if record.exc_info else "")


def _shown(value: Json) -> str:
    """A field as text, in quotes where it would not stand alone."""
    text = str(value)
    return repr(text) if " " in text or not text else text


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time`, `level`, `logger`, `message`, the fields, and `traceback` when there is one."""

    def format(self, record: logging.LogRecord) -> str:
        import orjson

        line: dict[str, Json] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def fields(record: logging.LogRecord) -> dict[str, Json]:
    """The structured fields of a record: what its `extra` brought."""
    return {name: value for name, value in vars(record).items() if name not in _OWN}
