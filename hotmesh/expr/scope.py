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


class Frame:
    """A scope that knows what its pipe has used up, and inside a reduce what the reduce binds; one frame serves all rounds of a reduce."""

    __slots__ = ("_random", "_salt", "cells", "index", "input", "item", "key", "outer", "output", "resolve", "root")

    item: Value
    key: Value
    index: int
    input: Value
    output: Value

    def __init__(self, outer: Scope, root: Frame | None = None, salt: str = "") -> None:
        """`root` is the frame of the whole pipe: it counts the evaluated cells and draws the random numbers."""
        self.outer = outer
        self.resolve = outer.resolve
        if root is not None:
            self.root = root
            return
        self.root = self
        self.cells = 0
        self._salt = salt
        self._random: random.Random | None = None

    @property
    def now(self) -> datetime:
        return self.outer.now

    @property
    def seed(self) -> int:
        return self.outer.seed

    def draw(self) -> float:
        """The next pseudo-random number in [0, 1); the root's."""
        if self._random is None:
            import random

            self._random = random.Random(f"{self.seed}:{self._salt}")
        return self._random.random()
