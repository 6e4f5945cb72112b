"""Logging: constant messages, fields beside them, one JSON object a line where asked for."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from hotmesh import logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    logger = logging.getLogger("hotmesh")
    before = (logger.handlers, logger.propagate, logger.level)
    yield
    logger.handlers, logger.propagate, level = before
    logger.setLevel(level)


def written(level: str, log_format: str) -> str:
    stream = io.StringIO()
    logs.configure(level, log_format, stream)
    logger = logging.getLogger("hotmesh.runtime.router")
    logger.debug("claimed")
    logger.info("step committed", extra={"job_id": "j 1", "steps": 3, "at": {"x": object}})
    try:
        raise ValueError("boom")
    except ValueError:
        logger.exception("step failed", extra={"job_id": "j2"})
    return stream.getvalue()


def test_text_shows_the_fields_behind_the_message() -> None:
    lines = written("info", "text").splitlines()
    assert "INFO hotmesh.runtime.router: step committed (job_id='j 1' steps=3 at=" in lines[0]
    assert "ERROR hotmesh.runtime.router: step failed (job_id=j2)" in lines[1]
    assert lines[-1] == "ValueError: boom"


def test_json_is_one_object_a_line() -> None:
    first, second = map(json.loads, written("info", "json").splitlines())
    assert {key: first[key] for key in ("level", "logger", "message", "job_id", "steps")} == {
        "level": "info",
        "logger": "hotmesh.runtime.router",
        "message": "step committed",
        "job_id": "j 1",
        "steps": 3,
    }
    assert second["traceback"].endswith("ValueError: boom")


@pytest.mark.parametrize(("level", "lines"), [("debug", 3), ("info", 2), ("warn", 1), ("error", 1), ("silent", 0)])
def test_levels(level: str, lines: int) -> None:
    assert written(level, "json").count("\n") == lines


def test_setting_it_up_again_replaces_it() -> None:
    assert written("info", "json").count("step committed") == 1
    assert written("info", "json").count("step committed") == 1
