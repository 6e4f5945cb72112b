"""How long the compiler and the linter take: `python -m benchmarks.compile` prints JSON.

Apps of 10 to 4,000 activities with maps, pipes and conditions, as a chain and as a tree; 100 small files; `hotmesh lint` as a process.
Each figure is the median of several runs, in milliseconds.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hotmesh.compile import compile_app

ORDER = Path(__file__).parents[1] / "graphs" / "order" / "order.yaml"
TARGETS_MS = {"10 activities": 30, "1,000 activities": 1500, "100 small files": 2000, "hotmesh lint, one file": 400}


def app(count: int, parent: Callable[[int], int]) -> str:
    """An app of `count` activities; `parent` says behind which one each hangs."""
    lines = ["app:", "  id: big", "  version: '1'", "  graphs:", "    - subscribes: big.start", "      activities:"]
    lines += ["        a0: {type: trigger}", *(line for n in range(1, count) for line in _activity(n, parent(n))), "      transitions:"]
    below: dict[int, list[int]] = {}
    for n in range(1, count):
        below.setdefault(parent(n), []).append(n)
    return "\n".join([*lines, *(line for source, targets in below.items() for line in _edges(source, targets))]) + "\n"


def _activity(n: int, above: int) -> list[str]:
    return [
        f"        a{n}:",
        "          type: worker",
        f"          topic: work.{n}",
        "          input:",
        "            maps:",
        f"              x: '{{a{above}.output.data.x}}'",
        "              y:",
        "                '@pipe':",
        f"                  - ['{{a{above}.output.data.y}}', 10]",
        "                  - ['{@math.add}']",
        f"          job: {{maps: {{r{n}: '{{$self.output.data.x}}'}}}}",
    ]


def _edges(source: int, targets: list[int]) -> list[str]:
    lines = [f"        a{source}:"]
    for target in targets:
        lines.append(f"          - to: a{target}")
        if target % 3 == 0:
            lines += ["            conditions:", f"              match: [{{expected: 1, actual: '{{a{source}.output.data.ok}}'}}]"]
    return lines


def median_ms(act: Callable[[], object], runs: int) -> float:
    """The median time of some runs, in milliseconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        act()
        times.append((time.perf_counter() - start) * 1000)
    return round(statistics.median(times), 1)


def compiling(text: str) -> Callable[[], object]:
    def act() -> object:
        compiled = compile_app(text)
        assert compiled.program is not None, compiled.diagnostics
        return compiled

    return act


def small_files(runs: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        for number in range(100):
            Path(folder, f"app{number}.yaml").write_bytes(ORDER.read_bytes())
        return median_ms(lambda: _run("lint", folder), runs)


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "hotmesh", *arguments], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Measures and prints."""
    chain = {f"{count:,} activities": median_ms(compiling(app(count, lambda n: n - 1)), runs) for count, runs in SIZES.items()}
    tree = {f"{count:,} activities": median_ms(compiling(app(count, lambda n: (n - 1) // 3)), runs) for count, runs in SIZES.items()}
    processes = {"100 small files": small_files(3), "hotmesh lint, one file": median_ms(lambda: _run("lint", str(ORDER)), 7)}
    report = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "targets_ms": TARGETS_MS,
        "chain_ms": chain,
        "tree_ms": tree,
        "processes_ms": processes,
    }
    print(json.dumps(report, indent=2))


SIZES = {10: 21, 100: 9, 1000: 5, 4000: 3}
"""How many activities, and how many runs of each."""

if __name__ == "__main__":
    main()
