"""Reading the data files of the pipe tests, and comparing values as precisely as ECMAScript tells them apart."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

from hotmesh.expr import Date, to_json
from hotmesh.values import UNDEFINED

CASES = Path(__file__).parent / "cases"
MARKS = {"undefined": UNDEFINED, "NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}
"""What `{"$": name}` stands for."""


def decode(value: Any) -> Any:
    """A value of a data file with its marks replaced."""
    if isinstance(value, dict):
        return MARKS[value["$"]] if set(value) == {"$"} else {key: decode(item) for key, item in value.items()}
    return [decode(item) for item in value] if isinstance(value, list) else value


def by_function(name: str) -> dict[str, list[dict[str, Any]]]:
    """The calls of a data file, by the function they call."""
    calls: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in (CASES / name).read_text(encoding="utf-8").rstrip("\n").split("\n"):
        call = json.loads(line)
        calls[call["fn"]].append(call)
    return calls


def alike(left: Any, right: Any, tolerance: float = 0.0) -> bool:
    """Whether two values are the same: NaN equals itself, −0 differs from 0, True from 1, 1 does not differ from 1.0."""
    if isinstance(left, Date):
        left = to_json(left)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return _alike_numbers(float(left), float(right), tolerance)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(alike(one, other, tolerance) for one, other in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(alike(left[key], right[key], tolerance) for key in left)
    return type(left) is type(right) and bool(left == right)


def _alike_numbers(left: float, right: float, tolerance: float) -> bool:
    if left != left or right != right:
        return left != left and right != right
    close = left == right or math.isclose(left, right, rel_tol=tolerance, abs_tol=0)
    return close and math.copysign(1, left) == math.copysign(1, right)
