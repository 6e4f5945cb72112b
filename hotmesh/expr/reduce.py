"""`@reduce`: one round of the body per element of a list, a map or a string."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hotmesh.expr.budget import CELL_LIMIT
from hotmesh.expr.calls import Evaluate, Part, Place
from hotmesh.expr.scope import Frame
from hotmesh.expr.values import kind_of, own_items
from hotmesh.values import UNDEFINED


def reduction(collection: Evaluate, start: Evaluate, step: Evaluate, size: int, place: Place) -> Part:
    """Folds the collection: `step` receives the accumulator and gives the next one. `size` is the number of cells of a round."""

    def run(scope: Any, prior: Sequence[Any] = ()) -> Any:
        items = collection(scope, prior)
        value = start(scope, prior)
        frame = Frame(scope, scope.tally)
        frame.input, frame.output = items, None if value is UNDEFINED else value
        for frame.index, (frame.key, frame.item) in enumerate(_elements(items, place)):
            frame.tally.cells += size
            if frame.tally.cells > CELL_LIMIT:
                raise place.error(f"the reduce passes the limit of {CELL_LIMIT:,} evaluated cells")
            frame.output = step(frame, (frame.output,))
        return frame.output

    return Part(run)


def _elements(collection: Any, place: Place) -> Iterable[tuple[Any, Any]]:
    """The keys and values of a collection; the key of a list's element is its index."""
    if isinstance(collection, (list, str)):
        return enumerate(collection)
    if isinstance(collection, dict):
        return own_items(collection)
    if collection is None or collection is UNDEFINED:
        return ()
    raise place.error(f"@reduce needs a list, a map or a string, not a {kind_of(collection)}")
