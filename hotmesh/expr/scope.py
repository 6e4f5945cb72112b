"""What an evaluation reads from: the `Scope` of the caller, and the `Frame` that counts, draws and binds `$item` inside a reduce."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from hotmesh import clock
from hotmesh.expr.paths import walk
from hotmesh.values import UNDEFINED, Json

if TYPE_CHECKING:
    import random

Value: TypeAlias = Any
"""A value of the language: JSON, UNDEFINED, a `Date`, or a number that JSON lacks (NaN, ±Infinity, −0)."""

BOUND: Final = ("$item", "$key", "$index", "$input", "$output")
"""The names that an @reduce binds; they shadow those of the scope."""


class Scope(Protocol):
    """What a template is evaluated against. `now` and `seed` stay the same for one step, so a retried step computes the same."""

    @property
    def now(self) -> datetime:
        """The moment of the step, aware."""

    @property
    def seed(self) -> int:
        """The seed of `math.random`."""

    def resolve(self, root: str, path: tuple[str, ...]) -> Value:
        """The value at `path` below `root` ('a', '$self', '$job', …), UNDEFINED when there is none."""


class DataScope:
    """A scope over a plain mapping: `{x.y}` reads `data['x']['y']`."""

    __slots__ = ("_now", "data", "seed")

    def __init__(self, data: Mapping[str, Json] | None = None, *, now: datetime | None = None, seed: int = 0) -> None:
        self.data = {} if data is None else data
        self.seed = seed
        self._now = now

    @property
    def now(self) -> datetime:
        if self._now is None:
            self._now = clock.now()
        return self._now

    def resolve(self, root: str, path: tuple[str, ...]) -> Value:
        return walk(self.data.get(root, UNDEFINED), path)


class Tally:
    """What one evaluation has used up: evaluated cells, and the numbers drawn from its seed."""

    __slots__ = ("_random", "_salt", "_seed", "cells")

    def __init__(self, seed: int, salt: str) -> None:
        self.cells = 0
        self._seed = seed
        self._salt = salt
        self._random: random.Random | None = None

    def draw(self) -> float:
        """The next pseudo-random number in [0, 1)."""
        if self._random is None:
            import random

            self._random = random.Random(f"{self._seed}:{self._salt}")
        return self._random.random()


class Frame:
    """A scope with a tally, and inside a reduce with the names the reduce binds. One object serves all rounds of a reduce."""

    __slots__ = ("index", "input", "item", "key", "outer", "output", "resolve", "tally")

    def __init__(self, outer: Scope, tally: Tally) -> None:
        self.outer = outer
        self.tally = tally
        self.resolve = outer.resolve
        self.item: Value = UNDEFINED
        self.key: Value = UNDEFINED
        self.index: Value = UNDEFINED
        self.input: Value = UNDEFINED
        self.output: Value = UNDEFINED

    @property
    def now(self) -> datetime:
        return self.outer.now
