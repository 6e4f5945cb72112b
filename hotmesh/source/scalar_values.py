"""What a plain scalar means: the core schema of YAML 1.2, so `yes`, `on` and `2024-01-01` are texts."""

from __future__ import annotations

import re
from typing import Final

from hotmesh.values import Json

_WORDS: Final[dict[str, Json]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".nan": float("nan"), ".NaN": float("nan"), ".NAN": float("nan"),
    ".inf": float("inf"), ".Inf": float("inf"), ".INF": float("inf"),
    "+.inf": float("inf"), "+.Inf": float("inf"), "+.INF": float("inf"),
    "-.inf": float("-inf"), "-.Inf": float("-inf"), "-.INF": float("-inf"),
}  # fmt: skip

_NUMBER_START: Final = frozenset("0123456789+-.")
_DECIMAL: Final = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_LONGEST_NUMBER: Final = 400
"""Longer runs of digits stay texts: no double can tell them apart, and Python refuses to read 4,300 digits."""

TAGS: Final[dict[str, type | None]] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
    "tag:yaml.org,2002:bool": bool,
    "tag:yaml.org,2002:null": type(None),
    "tag:yaml.org,2002:map": dict,
    "tag:yaml.org,2002:seq": list,
    "!": str,
}
"""The tags that are known; `!` alone forbids a reading as anything but text."""


def plain_value(text: str) -> Json:
    """The value of an unquoted scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START or len(text) > _LONGEST_NUMBER:
        return text
    if _DECIMAL.match(text):
        return _whole(int(text), text)
    if text.startswith("0o"):
        return _based(text, 8)
    if text.startswith("0x"):
        return _based(text, 16)
    return float(text) if _FLOAT.match(text) else text


def _based(text: str, base: int) -> Json:
    digits = "01234567" if base == 8 else "0123456789abcdefABCDEF"
    body = text[2:]
    return _whole(int(body, base), text) if body and all(character in digits for character in body) else text


def _whole(number: int, text: str) -> Json:
    """A whole number, as a double when 64 bits don't hold it."""
    if -(2**63) <= number < 2**63:
        return number
    try:
        return float(number)
    except OverflowError:
        return float("-inf" if text.startswith("-") else "inf")


def tagged_value(text: str, tag: str) -> Json:
    """The value of a scalar with a tag of `TAGS`. Raises ValueError when the text is no such thing."""
    wanted = TAGS[tag]
    if wanted is str:
        return text
    value = plain_value(text)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if wanted is None or type(value) is not wanted:
        raise ValueError(text)
    return value
