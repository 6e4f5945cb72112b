"""The results as Markdown: figures beside their aims, ratios to the peers and to the calibration, growth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.forms import FORMS, PEERS
from benchmarks.measure import Json
from benchmarks.suite import ROWS, Row

BEGIN, END = "<!-- the last run -->", "<!-- the end of the last run -->"


def markdown(result: Json) -> str:
    """Everything, as benchmarks/README.md shows it."""
    parts = [_where(result), _figures(result), *_ratios(result), *_growth(result)]
    parts += [f"**Warning:** {each}." for each in result["warnings"]]
    return "\n\n".join(parts)


def put_into(file: Path, tables: str) -> None:
    """Replace what stands between the marks of a file."""
    before, begin, rest = file.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{file} has no {BEGIN} … {END}")
    file.write_text(f"{before}{begin}\n\n{tables}\n\n{end}{after}")


def _where(result: Json) -> str:
    place = result["surroundings"]
    postgres = place["postgres"]
    rates = [each["commits_per_s"] for each in result["calibrations"]] or [0]
    alone = [each["one_commit_ms"] for each in result["calibrations"]] or [0]
    packages = ", ".join(f"{name} {version}" for name, version in place["packages"].items())
    settings = ", ".join(f"{name} {value}" for name, value in postgres.items() if name != "server_version")
    return (
        f"{place['cores']} cores ({place['processor']}), Python {place['python']}, PostgreSQL {postgres['server_version']} ({settings}); "
        f"{packages}. Scale {result['scale']:g}, median of {result['repeat']} runs, {result['took_s'] / 60:.0f} minutes in all. "
        f"Calibration: {round(median(rates)):,} commits/s of eight clients ({min(rates):,} to {max(rates):,} in the course of the run), "
        f"{median(alone):.2f} ms a commit alone."
    )


def _figures(result: Json) -> str:
    forms = result["forms"]
    rows = [
        [row.title, *(show(row.value(forms[form]), row.unit) for form in forms), _aim(row)]
        for row in ROWS
        if any(row.value(forms[form]) is not None for form in forms)
    ]
    return _table(["workload", *(title(form, result) for form in forms), "aim"], rows)


def _aim(row: Row) -> str:
    return "" if row.aim is None else f"{'≥' if row.more_is_better else '≤'} {show(row.aim, row.unit)}"


def title(form: str, result: Json) -> str:
    """A form's name, with its version if it is a peer."""
    name = FORMS[form].title
    return f"{name} {result['surroundings']['packages'].get(form, '')}".strip() if form in PEERS else name


def show(value: Any, unit: str) -> str:
    """A figure with its unit; – when there is none."""
    if value is None:
        return "–"
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}".strip()


def _ratios(result: Json) -> Iterable[str]:
    """How many times better than the aim, the peers and the other way of running; and against the calibration."""
    forms = result["forms"]
    columns = [(ours, other) for ours, other in _COMPARED if ours in forms and (other in forms or other == "aim")]
    rates, alone = _calibration(result)
    rows = []
    for row in ROWS:
        if not row.timed or all(row.value(each) is None for each in forms.values()):
            continue
        cells = [_gain(row, forms[ours], None if other == "aim" else forms[other]) for ours, other in columns]
        rows.append([row.title, *cells, _against_calibration(row, forms.get("yaml", {}), rates, alone)])
    if rows and "yaml" in forms:
        yield "How many times better (below 1: worse), and what a figure of the YAML form is in terms of the calibration:"
        yield _table(["workload", *(f"{FORMS[ours].title} / {_other(other)}" for ours, other in columns), "YAML / calibration"], rows)


_COMPARED = (
    ("yaml", "aim"),
    ("durable", "aim"),
    ("yaml", "dbos"),
    ("durable", "dbos"),
    ("yaml", "procrastinate"),
    ("yaml", "pgqueuer"),
    ("yaml-2p", "yaml"),
    ("durable-2p", "durable"),
)


def _other(name: str) -> str:
    return "aim" if name == "aim" else FORMS[name].title


def _gain(row: Row, ours: Json, other: Json | None) -> str:
    one, two = row.value(ours), row.aim if other is None else row.value(other)
    return "–" if one is None or two is None else f"{row.gain(one, two):.2f}"


def _calibration(result: Json) -> tuple[float, float]:
    calibrations = result["calibrations"]
    if not calibrations:
        return 0.0, 0.0
    return median(each["commits_per_s"] for each in calibrations), median(each["one_commit_ms"] for each in calibrations)


def _against_calibration(row: Row, results: Json, commits_per_s: float, one_commit_ms: float) -> str:
    value = row.value(results)
    if value is None or not commits_per_s:
        return "–"
    if row.more_is_better:
        return f"{value / commits_per_s:.2f} of its rate"
    return f"{value / one_commit_ms:.1f} commits"


def _growth(result: Json) -> Iterable[str]:
    forms = result["forms"]
    for workload, path, head, unit in (("in-flight", "per_s", "in flight", "per s"), ("length", "ms_per_step", "steps", "ms a step")):
        series = {form: each[workload][path] for form, each in forms.items() if path in each.get(workload, {})}
        if series:
            sizes = max(series.values(), key=len)
            cells = [[title(form, result), *(show(values.get(size), unit) for size in sizes)] for form, values in series.items()]
            yield _table(["", *(f"{int(size):,} {head}" for size in sizes)], cells)
    rows = {form: each["rows"] for form, each in forms.items() if "before_ms" in each.get("rows", {})}
    if rows:
        names = {"alone": "w1", "among_100": "w2, per workflow", "step": "w3b, per step"}
        cells = [
            [FORMS[form].title, f"{each['jobs']:,}", f"{each['megabytes']:,} MB"]
            + [f"{show(each['before_ms'][name], 'ms')} → {show(each['after_ms'][name], 'ms')}" for name in names]
            for form, each in rows.items()
        ]
        yield _table(["", "jobs beneath", "size", *names.values()], cells)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
