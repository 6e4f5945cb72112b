"""The ledger: one integer of 15 decimal digits per activity instance that only grows, and what each growth proves.

| digit from the left | weight | meaning |
|---|---|---|
| 1 | 10^14 | 1 = open, 3 = closed: no answer, timer or signal is accepted any more |
| 2-3 | 10^12 | dispatches (attempts) of leg 1, at most 99 |
| 4 | 10^11 | leg 1 done: sent, registered or passed through |
| 5-7 | 10^8 | reserved, zero |
| 8-15 | 1 | answers taken by leg 2 |

The same rules stand as a CHECK on `jobs_attributes.ledger`; a test compares the two.
"""

from __future__ import annotations

OPEN = 1 * 10**14
CLOSE = 2 * 10**14
DISPATCH = 10**12
DONE = 10**11
ANSWER = 1

MAX_DISPATCHES = 99
MAX_ANSWERS = 10**8 - 1


class LedgerError(Exception):
    """A change that the rules forbid: a counter would overflow, or the digits would tell a story that can't be."""


def is_open(ledger: int) -> bool:
    """Whether the instance still takes answers, timers and signals."""
    return ledger < OPEN + CLOSE


def dispatches(ledger: int) -> int:
    """How often leg 1 has been dispatched: the attempts."""
    return ledger // DISPATCH % 100


def has_begun(ledger: int) -> bool:
    """Whether leg 1 is done."""
    return ledger // DONE % 10 == 1


def answers(ledger: int) -> int:
    """How many answers leg 2 has taken."""
    return ledger % 10**8


def dispatch(ledger: int) -> int:
    """The ledger after one more dispatch of leg 1. Raises LedgerError when closed or after the 99th."""
    if not is_open(ledger) or dispatches(ledger) == MAX_DISPATCHES:
        raise LedgerError(f"{ledger} can't be dispatched again")
    return ledger + DISPATCH + (0 if has_begun(ledger) else DONE)


def answer(ledger: int, *, final: bool) -> int:
    """The ledger after an answer; a final one closes. Raises LedgerError unless leg 1 is done and the instance open."""
    if not is_open(ledger) or not has_begun(ledger) or answers(ledger) == MAX_ANSWERS:
        raise LedgerError(f"{ledger} takes no answer")
    return ledger + ANSWER + (CLOSE if final else 0)


def close(ledger: int) -> int:
    """The ledger of an instance that ends without an answer, with its job. Raises LedgerError when closed already."""
    if not is_open(ledger):
        raise LedgerError(f"{ledger} is closed")
    return ledger + CLOSE


def is_valid(ledger: int) -> bool:
    """Whether the digits can come from the rules above."""
    return (
        ledger // OPEN in (1, 3)
        and ledger // DONE % 10 in (0, 1)
        and ledger // 10**8 % 1000 == 0
        and (has_begun(ledger) or answers(ledger) == 0)
        and has_begun(ledger) == (dispatches(ledger) > 0)
    )
