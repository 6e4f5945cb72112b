"""The workers a command is given: `module`, `module:name`, `file.py` or `file.py:name`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from hotmesh.errors import HotMeshError

DEFAULT_NAME = "WORKERS"
Callbacks = dict[str, Callable[..., Any]]


class WorkersError(HotMeshError):
    """The workers named on the command line can't be had."""

    code = 422


def load_all(places: tuple[str, ...]) -> Callbacks:
    """The callbacks of several places, by topic. Raises WorkersError; two places with one topic are an error too."""
    found: Callbacks = {}
    for place in places:
        for topic, callback in load(place).items():
            if topic in found:
                raise WorkersError(f"two workers for the topic {topic!r}: {place} has one, and a --workers before it; keep one of them.")
            found[topic] = callback
    return found


def load(place: str) -> Callbacks:
    """The callbacks of a place, by topic: its mapping `WORKERS`, or the name after the colon. Raises WorkersError."""
    module_name, name = _split(place)
    module = _file(Path(module_name), place) if _is_file(module_name) else _module(module_name, place)
    if not hasattr(module, name):
        raise WorkersError(
            f"{module_name} has no {name}: it is to be a dict of topic → callback, as {name} = {{'inventory.check': check}}."
        )
    value = getattr(module, name)
    return _checked(value() if callable(value) and not isinstance(value, Mapping) else value, f"{module_name}:{name}")


def _split(place: str) -> tuple[str, str]:
    module, separator, name = place.rpartition(":")
    return (module, name) if separator and name.isidentifier() else (place, DEFAULT_NAME)


def _is_file(text: str) -> bool:
    return text.endswith(".py") or "/" in text or "\\" in text


def _file(path: Path, place: str) -> ModuleType:
    if not path.is_file():
        raise WorkersError(f"there is no file {path}; --workers takes a file as workers.py, or a module as package.workers.")
    name = path.stem if path.stem.isidentifier() else "workers"
    spec = importlib.util.spec_from_file_location(f"hotmesh_workers_{name}", path)
    if spec is None or spec.loader is None:
        raise WorkersError(f"{path} is no Python file; --workers takes a file as workers.py, or a module as package.workers.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    _beside(path.resolve().parent)
    _run(partial(spec.loader.exec_module, module), place)
    return module


def _module(name: str, place: str) -> ModuleType:
    _beside(Path.cwd())
    module: ModuleType = _run(lambda: importlib.import_module(name), place)
    return module


def _beside(folder: Path) -> None:
    """Let a module import what lies beside it."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _run(action: Callable[[], Any], place: str) -> Any:
    try:
        return action()
    except ModuleNotFoundError as error:
        raise WorkersError(f"{place} can't be imported: {error}.") from error
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{frame.filename}:{error.lineno}" if isinstance(error, SyntaxError) else f"{frame.filename}:{frame.lineno}"
        raise WorkersError(f"{place} can't be imported: {type(error).__name__}: {error} ({where}).") from error


def _checked(value: Any, place: str) -> Callbacks:
    if not isinstance(value, Mapping) or not value:
        raise WorkersError(f"{place} is {type(value).__name__}, not a dict of topic → callback.")
    for topic, callback in value.items():
        if not isinstance(topic, str) or not callable(callback):
            raise WorkersError(f"{place}[{topic!r}] is {type(callback).__name__}, not a callable that takes a task.")
    return dict(value)
