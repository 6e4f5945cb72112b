"""Where the time of a workload goes: `python -m benchmarks.profile w3 --form durable`.

Runs the workload once under cProfile (which makes everything about twice as slow, small functions most of all) and prints the parts of
the program and the functions that took the most time of their own, for this process and, of a form in two, for the other one. Where the
server has loaded pg_stat_statements, its most expensive statements follow.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import pstats
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.database import database
from benchmarks.forms import FORMS
from benchmarks.growth import longer, more_in_flight
from benchmarks.serve import PROFILE
from benchmarks.workloads import REPEATED
from hotmesh.store.address import resolve_dsn

WORKLOADS = {**REPEATED, "in-flight": more_in_flight, "length": longer}
STATEMENTS = """SELECT calls, total_exec_time AS ms, rows, query FROM pg_stat_statements
                WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY total_exec_time DESC LIMIT $1"""
IDLE = re.compile(r"method 'poll' of 'select\.|method 'acquire' of '_thread\.lock'|built-in method time\.sleep")


def main() -> None:
    """Profile what the command line names."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.profile", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--form", choices=FORMS, default="yaml")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--top", type=int, default=20, help="how many functions and statements (default: 20)")
    parser.add_argument("--sort", choices=("own", "total"), default="own", help="by the time of a function alone, or with what it calls")
    parser.add_argument("--dsn", help="the Postgres to use (default: HOTMESH_DSN, the embedded one)")
    arguments = parser.parse_args()
    if arguments.workload not in FORMS[arguments.form].workloads:
        parser.error(f"{arguments.form} has no {arguments.workload}; it has {', '.join(FORMS[arguments.form].workloads)}")
    asyncio.run(profile(arguments, resolve_dsn(arguments.dsn)))


async def profile(arguments: argparse.Namespace, server: str) -> None:
    """Run the workload and print its profile."""
    entry = FORMS[arguments.form]
    opened = entry.load()
    work: Any = WORKLOADS[arguments.workload]
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder, "other")
        os.environ[PROFILE] = str(other)
        async with database(server) as dsn:
            async with opened(dsn, elsewhere=True) if entry.elsewhere else opened(dsn) as form:
                await work(form, 0.1 * arguments.scale)
                await _reset(dsn)
                profiler = cProfile.Profile()
                profiler.enable()
                result = await work(form, arguments.scale)
                profiler.disable()
                print(f"{arguments.form} {arguments.workload}: {result} (under the profiler)")
            show("this process", pstats.Stats(profiler), arguments.top, arguments.sort)
            if entry.elsewhere:
                show("the process of the workers", pstats.Stats(str(other)), arguments.top, arguments.sort)
            await _statements(dsn, arguments.top)


def show(title: str, stats: pstats.Stats, top: int, sort: str) -> None:
    """The parts and functions that took the most."""
    found = {place: values for place, values in stats.stats.items() if not IDLE.search(place[2])}  # type: ignore[attr-defined]
    busy = sum(values[2] for values in found.values())
    parts: Counter[str] = Counter()
    for place, values in found.items():
        parts[_part(place[0])] += values[2]
    print(f"\n{title}: {busy:.2f} s of work\n")
    print("\n".join(f"  {seconds / busy:5.1%}  {name}" for name, seconds in parts.most_common(12)))
    print(f"\n  {'calls':>9} {'own s':>7} {'total s':>8}  function")
    chosen = sorted(found.items(), key=lambda item: -item[1][2 if sort == "own" else 3])[:top]
    for (file, line, name), (_, calls, own, total, _callers) in chosen:
        print(f"  {calls:9,} {own:7.3f} {total:8.3f}  {_short(file, line)}{name}")


def _part(file: str) -> str:
    """What a file belongs to: a package, for HotMesh a folder of it."""
    if file.startswith(("~", "<")):
        return "built into Python, and SQL parameters encoded in C"
    parts = Path(file).parts
    for anchor in ("site-packages", "hotmesh", "benchmarks"):
        if anchor in parts:
            tail = parts[len(parts) - 1 - parts[::-1].index(anchor) :]
            return tail[1] if anchor == "site-packages" else "/".join(tail[: 2 if len(tail) > 2 else 1])
    return parts[-2] if parts[-2] in ("asyncio", "json", "concurrent") else "the standard library"


def _short(file: str, line: int) -> str:
    return "" if file.startswith(("~", "<")) else f"{'/'.join(Path(file).parts[-2:])}:{line} "


async def _reset(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    if await _loaded(connection):
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        await connection.execute("SELECT pg_stat_statements_reset()")
    await connection.close()


async def _loaded(connection: asyncpg.Connection) -> bool:
    libraries: str = await connection.fetchval("SELECT current_setting('shared_preload_libraries')")
    return "pg_stat_statements" in libraries


async def _statements(dsn: str, top: int) -> None:
    """The statements that took the server longest."""
    connection = await asyncpg.connect(dsn)
    if await _loaded(connection):
        print(f"\nthe server's statements\n\n  {'calls':>9} {'ms':>9} {'rows':>9}  statement")
        for row in await connection.fetch(STATEMENTS, top):
            print(f"  {row['calls']:9,} {row['ms']:9.1f} {row['rows']:9,}  {' '.join(row['query'].split())[:110]}")
    else:
        print("\n(for the server's part: shared_preload_libraries = 'pg_stat_statements')")
    await connection.close()


if __name__ == "__main__":
    main()
