"""How fast pipes are: `python -m benchmarks.pipes` prints JSON.

Each case is a pipe over an order and the same question in JMESPath and JSONata, compiled once and evaluated many times on one core; the
results are compared before anything is measured. The three take turns, so that a busy machine slows all of them; figures are medians of
the rounds. Peers: `pip install 'hotmesh[bench]'`; those that are missing are left out.
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hotmesh.expr import DataScope, compile_template, to_json

ROUNDS = 9
ROUND_S = 0.06
TARGET_PER_S = 200_000
"""Evaluations per second of the pipe of four rows."""
TARGET_RATIO = 5
"""How many times faster than each peer."""

ORDER = {
    "order": {
        "first": "Jane",
        "last": "Doe",
        "status": "paid",
        "customer": {"address": {"city": "Lisbon"}},
        "tags": ["red", "green", "blue"],
        "items": [{"sku": f"s{number}", "quantity": number, "price": 2.5} for number in range(12)],
    }
}


@dataclass(frozen=True)
class Case:
    """One question in three languages; None where a language can't ask it."""

    name: str
    pipe: Any
    jmespath: str | None
    jsonata: str


CASES = (
    Case(
        "four rows: first letter, joined, lower case",
        {"@pipe": [["{order.first}", 0], ["{@string.charAt}", "{order.last}"], ["{@string.concat}"], ["{@string.toLowerCase}"]]},
        None,
        "$lowercase($substring(order.first, 0, 1) & order.last)",
    ),
    Case(
        "four rows: count, compare, choose",
        {"@pipe": [["{order.items}"], ["{@array.length}", 10], ["{@conditional.gt}", "many", "few"], ["{@conditional.ternary}"]]},
        "length(order.items) > `10` && 'many' || 'few'",
        "$count(order.items) > 10 ? 'many' : 'few'",
    ),
    Case(
        "four rows: join, test, choose",
        {
            "@pipe": [
                ["{order.tags}", " "],
                ["{@array.join}", "green"],
                ["{@string.includes}", "yes", "no"],
                ["{@conditional.ternary}"],
            ]
        },
        "contains(join(' ', order.tags), 'green') && 'yes' || 'no'",
        "$contains($join(order.tags, ' '), 'green') ? 'yes' : 'no'",
    ),
    Case(
        "two texts joined",
        {"@pipe": [["{order.first}", " ", "{order.last}"], ["{@string.concat}"]]},
        "join(' ', [order.first, order.last])",
        "order.first & ' ' & order.last",
    ),
    Case(
        "condition: equal",
        {"@pipe": [["{order.status}", "paid"], ["{@conditional.strict_equality}"]]},
        "order.status == 'paid'",
        "order.status = 'paid'",
    ),
    Case("reference", "{order.customer.address.city}", "order.customer.address.city", "order.customer.address.city"),
    Case(
        "map of three values",
        {"city": "{order.customer.address.city}", "name": "{order.last}", "first": "{order.items.0.sku}"},
        "{city: order.customer.address.city, name: order.last, first: order.items[0].sku}",
        "{'city': order.customer.address.city, 'name': order.last, 'first': order.items[0].sku}",
    ),
    Case(
        "sort and join",
        {"@pipe": [["{order.tags}"], ["{@array.sort}", ", "], ["{@array.join}"]]},
        "join(', ', sort(order.tags))",
        "$join($sort(order.tags), ', ')",
    ),
    Case(
        "reduce: sum of twelve",
        {"@pipe": [["{order.items}", 0], {"@reduce": [["{$output}", "{$item.quantity}"], ["{@math.add}"]]}]},
        "sum(order.items[].quantity)",
        "$sum(order.items.quantity)",
    ),
)


def evaluators(case: Case) -> dict[str, Callable[[], Any]]:
    """The case, ready to be evaluated, by engine."""
    template, scope = compile_template(case.pipe), DataScope(ORDER)
    found: dict[str, Callable[[], Any]] = {"hotmesh": lambda: template(scope)}
    return found | _jmespath(case) | _jsonata(case)


def _jmespath(case: Case) -> dict[str, Callable[[], Any]]:
    try:
        import jmespath
    except ImportError:
        return {}
    if case.jmespath is None:
        return {}
    expression = jmespath.compile(case.jmespath)
    return {"jmespath": lambda: expression.search(ORDER)}


def _jsonata(case: Case) -> dict[str, Callable[[], Any]]:
    try:
        import jsonata
    except ImportError:
        return {}
    expression = jsonata.Jsonata(case.jsonata)
    return {"jsonata": lambda: expression.evaluate(ORDER)}


def measure(case: Case) -> dict[str, Any]:
    """Evaluations per second by engine, and how many times faster hotmesh is. Raises ValueError when the engines disagree."""
    engines = evaluators(case)
    results = {name: to_json(act()) for name, act in engines.items()}
    if len({json.dumps(result, sort_keys=True) for result in results.values()}) > 1:
        raise ValueError(f"{case.name}: {results}")
    counts = {name: _count_for(act) for name, act in engines.items()}
    rounds = [{name: _seconds(act, counts[name]) for name, act in engines.items()} for _ in range(ROUNDS)]
    rates = {name: round(statistics.median(counts[name] / times[name] for times in rounds)) for name in engines}
    ratios = {
        name: round(statistics.median((times[name] / counts[name]) / (times["hotmesh"] / counts["hotmesh"]) for times in rounds), 1)
        for name in engines
        if name != "hotmesh"
    }
    return {"case": case.name, "per_s": rates, "times_faster_than": ratios}


def _count_for(act: Callable[[], Any]) -> int:
    """How many evaluations fill a round."""
    count = 1
    while (seconds := _seconds(act, count)) < ROUND_S / 4:
        count *= 2
    return max(1, int(count * ROUND_S / seconds))


def _seconds(act: Callable[[], Any], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        act()
    return time.perf_counter() - start


def main() -> None:
    """Prints the figures of all cases."""
    figures = [measure(case) for case in CASES]
    four_rows = [figure["per_s"]["hotmesh"] for figure in figures if figure["case"].startswith("four rows")]
    ratios = [ratio for figure in figures for ratio in figure["times_faster_than"].values()]
    machine = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    summary = {
        "four_rows_per_s": {"least": min(four_rows), "target": TARGET_PER_S},
        "times_faster_than_peers": {"least": min(ratios, default=None), "median": statistics.median(ratios or [0]), "target": TARGET_RATIO},
    }
    json.dump({"benchmark": "pipes", **machine, "cases": figures, "summary": summary}, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
