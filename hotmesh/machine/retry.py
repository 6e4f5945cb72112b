"""When another attempt is made: the worker's own policy, else the activity's `retry` by code."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hotmesh.duration import parse_duration
from hotmesh.errors import Fatal, Retryable

CODE_DELAYS_S = (0.01, 0.1, 1.0, 10.0)
"""The pauses of `retry: {code: [n]}`: after 10, 100, 1,000, then each 10,000 ms."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A worker's own policy. The pause before attempt k + 1 is min(initial x coefficient^k, maximum), in seconds."""

    maximum_attempts: int = 3
    backoff_coefficient: float = 10.0
    maximum_interval_s: float = 120.0
    initial_interval_s: float = 1.0
    jitter: bool = False
    on_exhausted: Literal["fail", "pause"] = "fail"

    @staticmethod
    def parse(value: RetryPolicy | Mapping[str, object] | None) -> RetryPolicy | None:
        """A policy from its dict form (`maximum_attempts`, `maximum_interval: "60s"`, …). Raises ValueError naming the field."""
        if value is None or isinstance(value, RetryPolicy):
            return value
        unknown = set(value) - _FIELDS.keys()
        if unknown:
            raise ValueError(f"retry has no field {sorted(unknown)[0]!r}; it has {', '.join(_FIELDS)}")
        return RetryPolicy(**{_FIELDS[name]: _read(name, item) for name, item in value.items()})

    def to_json(self) -> dict[str, Any]:
        """The dict form, which `parse` reads."""
        return {name: getattr(self, field) for name, field in _FIELDS.items()}

    def delay_s(self, attempt: int, seed: int) -> float:
        """The pause after the attempt of this number, the first being 1."""
        delay = min(self.initial_interval_s * self.backoff_coefficient**attempt, self.maximum_interval_s)
        return delay * random.Random(seed).uniform(0.5, 1.0) if self.jitter else delay


_FIELDS = {
    "maximum_attempts": "maximum_attempts",
    "backoff_coefficient": "backoff_coefficient",
    "maximum_interval": "maximum_interval_s",
    "initial_interval": "initial_interval_s",
    "jitter": "jitter",
    "on_exhausted": "on_exhausted",
}


def _read(name: str, value: object) -> Any:
    if name.endswith("_interval"):
        return parse_duration(value)
    if name == "maximum_attempts" and (not isinstance(value, int) or value < 1):
        raise ValueError(f"retry.maximum_attempts is a whole number from 1, not {value!r}")
    if name == "on_exhausted" and value not in ("fail", "pause"):
        raise ValueError(f"retry.on_exhausted is 'fail' or 'pause', not {value!r}")
    return value


DEFAULT = RetryPolicy()


def next_delay_s(by_code: Mapping[str, Sequence[int]], policy: RetryPolicy | None, code: int, attempt: int, seed: int) -> float | None:
    """Seconds until the attempt after number `attempt`, or None when the error stands."""
    if code == Fatal.code:
        return None
    if policy is None and code == Retryable.code:
        policy = DEFAULT
    if policy is not None:
        return policy.delay_s(attempt, seed) if attempt < policy.maximum_attempts else None
    retries = by_code.get(str(code), (0,))[0]
    return CODE_DELAYS_S[min(attempt, len(CODE_DELAYS_S)) - 1] if attempt <= retries else None
