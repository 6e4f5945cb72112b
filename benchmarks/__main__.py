"""`python -m benchmarks [w1 w2 …] [--forms yaml,durable,…] [--scale 1] [--json FILE]`: run workloads, print a table and JSON."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks import deploying, growth, killing
from benchmarks.measure import Counters, Json, calibrate, surroundings, tell
from benchmarks.workloads import WORKLOADS, w8
from hotmesh.store.address import resolve_dsn

FORMS = {
    "yaml": "benchmarks.yaml_form:YamlForm",
    "durable": "benchmarks.durable_form:DurableForm",
    "dbos": "benchmarks.peers.dbos_form:DbosForm",
}
"""Where each form lives; a form whose packages are not installed is left out, and said to be."""

WARM_UP = 30
EVERYTHING = [*WORKLOADS, "w7", "w8", "w9", "growth"]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("workloads", nargs="*", default=EVERYTHING, help=f"of {', '.join(EVERYTHING)}; all when none is named")
    parser.add_argument("--forms", default="yaml,durable,dbos", help=f"of {', '.join(FORMS)} (default: all)")
    parser.add_argument("--scale", type=float, default=1.0, help="a factor on how much is run, as 0.1 for a quick look")
    parser.add_argument("--dsn", help="the Postgres to use (default: HOTMESH_DSN, DATABASE_URL, the embedded one)")
    parser.add_argument("--json", type=Path, help="also write the JSON there")
    arguments = parser.parse_args()
    unknown = [*({*arguments.workloads} - {*EVERYTHING}), *({*arguments.forms.split(",")} - FORMS.keys())]
    if unknown:
        parser.error(f"there is no {unknown[0]!r}; there is {', '.join([*EVERYTHING, *FORMS])}")
    result = asyncio.run(run(arguments, resolve_dsn(arguments.dsn)))
    text = json.dumps(result, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n")


async def run(arguments: argparse.Namespace, dsn: str) -> Json:
    """Calibrate, then every form's workloads, then calibrate again: what counts is the ratio."""
    result: Json = {"surroundings": await surroundings(dsn), "calibration": [await calibrate(dsn)], "forms": {}}
    for name in arguments.forms.split(","):
        form = load(name)
        if form is None:
            tell(f"{name}: left out, its packages are not installed")
            continue
        result["forms"][name] = await run_form(name, form, arguments, dsn)
    result["calibration"].append(await calibrate(dsn))
    for line in table(result):
        tell(line)
    return result


def load(name: str) -> Any:
    """A form's class, None when its packages are not there."""
    module, _, attribute = FORMS[name].partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith(("benchmarks", "hotmesh")):
            raise
        return None


async def run_form(name: str, form_class: Any, arguments: argparse.Namespace, dsn: str) -> Json:
    """One form's workloads."""
    results: Json = {}
    async with form_class.open(dsn) as form:
        for number in range(WARM_UP):
            await form.steps(1, number)
        for workload in arguments.workloads:
            if workload in WORKLOADS:
                results[workload] = await WORKLOADS[workload](form, arguments.scale)
                tell(f"{name} {workload}: {results[workload]}")
        if "w8" in arguments.workloads:
            connection = await asyncpg.connect(dsn)
            results["w8"] = await w8(form, arguments.scale, Counters(connection))
            await connection.close()
            tell(f"{name} w8: {results['w8']}")
    if name == "yaml":
        for workload, measure in (("w7", deploying.w7), ("w9", killing.w9), ("growth", growth.growth)):
            if workload in arguments.workloads:
                results[workload] = await measure(dsn, arguments.scale)
                tell(f"{name} {workload}: {results[workload]}")
    return results


def table(result: Json) -> list[str]:
    """The results as a Markdown table, a row a workload."""
    forms = result["forms"]
    rows = [f"| workload | {' | '.join(forms)} |", f"|---|{'---|' * len(forms)}"]
    for workload in EVERYTHING:
        cells = [", ".join(f"{key} {value}" for key, value in forms[form].get(workload, {}).items()) or "–" for form in forms]
        if any(cell != "–" for cell in cells):
            rows.append(f"| {workload} | {' | '.join(cells)} |")
    calibration = result["calibration"]
    rows.append(f"\ncalibration: {calibration[0]} before, {calibration[1]} after")
    return rows


if __name__ == "__main__":
    main()
