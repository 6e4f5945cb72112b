"""Templates to closures: literals are prebuilt, references and pipes become calls, and evaluation sees no syntax."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, assert_never

from hotmesh.errors import PipeError
from hotmesh.expr.budget import TEMPLATE_DEPTH_LIMIT
from hotmesh.expr.calls import Evaluate, Part, Place, call, constant
from hotmesh.expr.functions import FUNCTIONS
from hotmesh.expr.paths import walk
from hotmesh.expr.rows import Pipe
from hotmesh.expr.scope import BOUND, Frame, Scope
from hotmesh.expr.signature import Function
from hotmesh.expr.syntax import FunctionName, Literal, Malformed, Reference, parse_text
from hotmesh.values import UNDEFINED, Json


def compile_template(template: Json) -> Callable[[Scope], object]:
    """One closure for a tree of literals, references and pipes: called with a scope it gives the value.

    The closure may be called any number of times, from any thread; what it returns must not be changed in place. Raises PipeError
    now for what can never work (an unknown function, a malformed row), and when called for what goes wrong with the values.
    """
    return Compiler(template).part(template, "").run


class Compiler:
    """The compilation of one template."""

    def __init__(self, template: Json) -> None:
        self.cells = 0
        """How many cells were compiled so far."""
        self.reduces = 0
        """How many reduces are open around the part in hand."""
        self.counts = False
        """Whether the pipe in hand counts cells while it runs, or draws random numbers."""
        self._template = template
        self._depth = 0
        self._pipes = 0
        self._draws = False

    def in_frame(self, part: Part, path: str) -> Part:
        """The part with a frame of its own, when it needs one."""
        if not self.counts:
            return part
        run, salt = part.run, f"{path}:{self._template!r}" if self._draws else ""
        self.counts = self._draws = False

        def run_in_frame(scope: Any, prior: Sequence[Any] = ()) -> Any:
            return run(Frame(scope, None, salt), prior)

        return Part(run_in_frame)

    def part(self, template: Json, path: str) -> Part:
        """A template, or a piece of one, compiled."""
        if isinstance(template, str):
            return self.text(template, Place(path, None, None))
        if not isinstance(template, (dict, list, tuple)):
            return constant(template)
        with self.level(path):
            return self._map(template, path) if isinstance(template, dict) else self._list(template, path)

    @contextmanager
    def level(self, path: str) -> Iterator[None]:
        """One level deeper in the template. Raises PipeError when it is too deep."""
        if self._depth == TEMPLATE_DEPTH_LIMIT:
            raise PipeError(f"the template is nested more than {TEMPLATE_DEPTH_LIMIT} levels deep", path=path)
        self._depth += 1
        yield
        self._depth -= 1

    def _list(self, items: Sequence[Json], path: str) -> Part:
        parts = [self.part(item, _below(path, index)) for index, item in enumerate(items)]
        if all(part.constant for part in parts):
            return constant([part.run(None) for part in parts])
        return Part(_list_of([part.run for part in parts]), harmless=all(part.harmless for part in parts))

    def _map(self, members: dict[str, Json], path: str) -> Part:
        if "@pipe" in members:
            return self._pipe(members, path)
        if "@reduce" in members:
            raise PipeError("@reduce stands outside of a pipe: it is a row of one, after the row with the collection", path=path)
        parts = {key: self.part(item, _below(path, key)) for key, item in members.items()}
        run = _map_of([(key, part.run) for key, part in parts.items()])
        if all(part.constant for part in parts.values()):
            return constant(run(None))
        return Part(run, harmless=all(part.harmless for part in parts.values()))

    def _pipe(self, members: dict[str, Json], path: str) -> Part:
        if len(members) > 1:
            raise PipeError("@pipe must be the only key of its map", path=path)
        self._pipes += 1
        part = Pipe(self, path).outermost(members["@pipe"])
        self._pipes -= 1
        return part if self._pipes else self.in_frame(part, path)

    def text(self, text: str, place: Place) -> Part:
        """A string that stands for itself, a reference, or a function that is called without arguments."""
        parsed = parse_text(text)
        match parsed:
            case Literal(literal):
                return constant(literal)
            case Reference(root, path):
                return self._reference(root, path)
            case FunctionName() as name:
                part = self.call(self.function(name, place), (), place)
                return part if self._pipes else self.in_frame(part, place.path)
            case Malformed(problem, help_):
                raise place.error(f"{problem}; {help_}")
            case _:
                assert_never(parsed)

    def function(self, name: FunctionName, place: Place) -> Function:
        """The function of this name. Raises PipeError when there is none."""
        function = FUNCTIONS.get(name.full)
        if function is None:
            raise place.error(f"there is no function {name.full}", name.full)
        return function

    def call(self, function: Function, arguments: Sequence[Part], place: Place) -> Part:
        """A call of a function."""
        if function.full_name == "math.random":
            self.counts = self._draws = True
        return call(function, arguments, place)

    def _reference(self, root: str, path: tuple[str, ...]) -> Part:
        if self.reduces and root in BOUND:
            return Part(_bound(root[1:], path), harmless=True, bound=(root, path))

        def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
            return scope.resolve(root, path)

        return Part(run, harmless=True)


def _bound(name: str, path: tuple[str, ...]) -> Evaluate:
    """A reference to what the innermost reduce binds."""
    read = attrgetter(name)

    def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
        return walk(read(scope), path)

    def run_whole(scope: Any, prior: Sequence[Any] = ()) -> Any:
        return read(scope)

    return run if path else run_whole


def _below(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _list_of(runs: list[Evaluate]) -> Evaluate:
    def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
        return [item(scope, prior) for item in runs]

    return run


def _map_of(members: list[tuple[str, Evaluate]]) -> Evaluate:
    def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
        return {key: value for key, item in members if (value := item(scope, prior)) is not UNDEFINED}

    return run
