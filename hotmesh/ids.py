"""Fresh ids: UUID version 7 (RFC 9562), so that rows made together lie together; and lease tokens nobody can guess."""

from __future__ import annotations

import os
import secrets
import time
from itertools import count
from random import SystemRandom

_random = SystemRandom()
_counter = count()


class _Process:
    """The part of the ids that is this process's own; a forked child draws its own."""

    tail = f"{_random.getrandbits(48):012x}"

    @classmethod
    def draw(cls) -> None:
        cls.tail = f"{_random.getrandbits(48):012x}"


os.register_at_fork(after_in_child=_Process.draw)


def make_id() -> str:
    """A UUIDv7 text: 48 bits of milliseconds, 26 of a counter, 48 random ones that are this process's own."""
    number = next(_counter)
    moment = f"{time.time_ns() // 1_000_000:012x}"
    return f"{moment[:8]}-{moment[8:]}-7{number >> 14 & 0xFFF:03x}-{0x8000 | number & 0x3FFF:04x}-{_Process.tail}"


def make_guid() -> str:
    """A short random name for a process."""
    return secrets.token_hex(8)


def make_token() -> int:
    """A random positive 63-bit number."""
    return _random.getrandbits(63)
