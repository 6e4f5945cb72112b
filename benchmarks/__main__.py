"""Run the workloads in every form against one Postgres; the figures as JSON on stdout, progress and a table on stderr.

Every form has processes and databases of its own, one after the other; the databases (hotmesh_bench_…) are dropped in the end. Before,
between and after them a calibration says what one-row commits cost on this machine at that moment: compare ratios, not milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from benchmarks import table
from benchmarks.forms import FORMS
from benchmarks.measure import Json, tell
from benchmarks.running import Plan, run
from benchmarks.suite import GROUPS, WORKLOADS
from hotmesh.store.address import resolve_dsn

README = Path(__file__).with_name("README.md")

EXAMPLES = """
workloads:
{workloads}
groups:
{groups}
forms:
{forms}

examples:
  make bench                                            everything, about 20 minutes; installs the peers
  make bench ARGS="--scale 0.1 --repeat 1"              a quick look at everything
  python -m benchmarks --only w2,w3 --forms yaml,dbos   two workloads in two forms
  python -m benchmarks --markdown --json last.json      the tables of benchmarks/README.md; the JSON in a file
  python -m benchmarks --from last.json --readme        the same tables, written into benchmarks/README.md
  python -m benchmarks.profile w3 --form durable        where the time of a workload goes
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    names = {name: each.title for name, each in WORKLOADS.items()}
    forms = {name: f"{each.title} ({', '.join(each.workloads)})" for name, each in FORMS.items()}
    groups = {name: ", ".join(each) for name, each in GROUPS.items()}
    epilog = EXAMPLES.format(workloads=_listed(names), groups=_listed(groups), forms=_listed(forms))
    made = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--only", metavar="WORKLOADS", help="workloads and groups, separated by commas (default: all)")
    made.add_argument("--forms", metavar="FORMS", help="forms, separated by commas (default: all whose packages are installed)")
    made.add_argument("--scale", type=float, default=1.0, help="a factor on how much is run (default: 1)")
    made.add_argument("--repeat", type=int, default=3, help="runs of each workload, of which the median counts (default: 3)")
    made.add_argument("--dsn", help="the Postgres to use, by a role that may create databases (default: HOTMESH_DSN, the embedded one)")
    made.add_argument("--json", metavar="FILE", type=Path, help="also write the JSON there")
    made.add_argument("--from", metavar="FILE", type=Path, dest="earlier", help="run nothing; show the results in that file")
    made.add_argument("--markdown", action="store_true", help="print the tables of benchmarks/README.md in place of the JSON")
    made.add_argument("--readme", action="store_true", help="write the tables into benchmarks/README.md")
    return made


def _listed(names: dict[str, str]) -> str:
    return "\n".join(f"  {name:14} {text}" for name, text in names.items())


def main() -> int:
    """Run what the command line asks for; 1 when something failed."""
    command = parser()
    arguments = command.parse_args()
    if arguments.earlier:
        result: Json = json.loads(arguments.earlier.read_text())
    else:
        if arguments.scale <= 0 or arguments.repeat < 1:
            command.error("--scale is above 0, --repeat at least 1")
        plan = _plan(command, arguments)
        result = asyncio.run(run(plan, resolve_dsn(arguments.dsn)))
    text = json.dumps(result, indent=2)
    if arguments.json:
        arguments.json.write_text(text + "\n")
    tables = table.markdown(result)
    if arguments.readme:
        table.put_into(README, tables)
    if not arguments.markdown:
        tell(f"\n{tables}")
    print(tables if arguments.markdown else text)
    return 1 if result["failures"] else 0


def _plan(command: argparse.ArgumentParser, arguments: argparse.Namespace) -> Plan:
    wanted = arguments.only.split(",") if arguments.only else list(WORKLOADS)
    chosen = {name for each in wanted for name in GROUPS.get(each, (each,))}
    forms = arguments.forms.split(",") if arguments.forms else list(FORMS)
    for given, known, kind in ((chosen, WORKLOADS, "workload"), (forms, FORMS, "form")):
        if unknown := sorted({*given} - {*known}):
            command.error(f"there is no {kind} {unknown[0]!r}; there is {', '.join(known)}")
    named = arguments.forms is not None
    return Plan([name for name in WORKLOADS if name in chosen], forms, arguments.scale, arguments.repeat, must_have=named)


if __name__ == "__main__":
    sys.exit(main())
