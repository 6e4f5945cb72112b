"""Annotations, resolved once."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from typing import Any, get_type_hints


@functools.lru_cache(maxsize=4096)
def hints_of(owner: Any) -> Mapping[str, Any]:
    """The resolved annotations of a class or function; what can't be resolved counts as not annotated."""
    try:
        return get_type_hints(owner)
    except (NameError, TypeError, AttributeError):
        return _hints_one_by_one(owner)


def _hints_one_by_one(owner: Any) -> Mapping[str, Any]:
    names = vars(sys.modules[owner.__module__]) if getattr(owner, "__module__", None) in sys.modules else {}
    found: dict[str, Any] = {}
    for name, annotation in getattr(owner, "__annotations__", {}).items():
        try:
            found[name] = eval(annotation, dict(names)) if isinstance(annotation, str) else annotation
        except Exception:
            found[name] = Any
    return found
