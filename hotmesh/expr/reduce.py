"""`@reduce`: one round of the body per element of a list, a map or a string."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from hotmesh.expr.budget import CELL_LIMIT
from hotmesh.expr.calls import Evaluate, Fold, Part, Place
from hotmesh.expr.faults import Fault
from hotmesh.expr.paths import walk
from hotmesh.expr.scope import Frame
from hotmesh.expr.values import kind_of, own_items
from hotmesh.values import UNDEFINED

_COLLECTIONS: Final = (list, dict, str)


def reduction(collection: Evaluate, start: Evaluate, body: Part, size: int, place: Place) -> Part:
    """Folds the collection: the body receives the accumulator and gives the next one. `size` is the number of cells of a round."""
    fold = _folding(body.fold) if body.fold else _looping(body.run)

    def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
        items = collection(scope, prior)
        output = start(scope, prior)
        if not isinstance(items, _COLLECTIONS):
            items = _nothing(items, place)
        root = scope.root
        root.cells += size * len(items)
        if root.cells > CELL_LIMIT:
            raise place.error(f"the reduce passes the limit of {CELL_LIMIT:,} evaluated cells")
        try:
            return fold(scope, items, None if output is UNDEFINED else output)
        except Fault as fault:
            raise place.error(f"@reduce: {fault}") from None

    return Part(run)


def _nothing(items: Any, place: Place) -> list[Any]:
    """No elements, for what is missing. Raises PipeError for what is no collection."""
    if items is None or items is UNDEFINED:
        return []
    raise place.error(f"@reduce needs a list, a map or a string, not a {kind_of(items)}")


def _looping(step: Evaluate) -> Callable[[Any, Any, Any], Any]:
    """One frame for all rounds; the key of a list's element is its index."""

    def fold(scope: Any, items: Any, output: Any) -> Any:
        frame = Frame(scope, scope.root)
        frame.input = items
        elements = own_items(items) if isinstance(items, dict) else enumerate(items)
        for index, (key, item) in enumerate(elements):
            frame.index, frame.key, frame.item, frame.output = index, key, item, output
            output = step(frame, (output,))
        return output

    return fold


def _folding(body: Fold) -> Callable[[Any, Any, Any], Any]:
    """The most common body, as `add($output, $item.price)`, without a frame."""
    target, read, fail = body.function.call, _reader(body.path), body.fail
    at_once = body.function.fold or (lambda output, values: functools.reduce(target, values, output))

    def fold(scope: Any, items: Any, output: Any) -> Any:
        elements = [item for _, item in own_items(items)] if isinstance(items, dict) else items
        try:
            return at_once(output, read(elements))
        except Exception as error:
            fail(error)

    return fold


def _reader(path: tuple[str, ...]) -> Callable[[Iterable[Any]], list[Any]]:
    """What lies at a path in each of some elements."""
    if not path:
        return list
    if len(path) > 1:
        return lambda elements: [walk(item, path) for item in elements]
    (key,) = path

    def read(elements: Iterable[Any]) -> list[Any]:
        try:
            return [item[key] for item in elements]
        except (KeyError, TypeError):
            return [walk(item, path) for item in elements]

    return read
