"""What the benchmarks say of themselves: README, tables, warnings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import table
from benchmarks.forms import FORMS
from benchmarks.machine import noise
from benchmarks.suite import GROUPS, ROWS, WORKLOADS

README = Path(table.__file__).with_name("README.md")


def result(forms: dict[str, Any], *rates: int) -> dict[str, Any]:
    """Results as a run prints them."""
    return {
        "surroundings": {
            "cores": 2,
            "processor": "P",
            "python": "3.11",
            "postgres": {"server_version": "18", "fsync": "on"},
            "packages": {"dbos": "3.4.0"},
        },
        "scale": 1.0,
        "repeat": 3,
        "calibrations": [{"when": f"at {rate}", "commits_per_s": rate, "one_commit_ms": 0.5} for rate in rates],
        "forms": forms,
        "failures": {},
        "warnings": [],
        "took_s": 60.0,
    }


def test_the_readme_tells_of_every_workload_and_form() -> None:
    text = README.read_text(encoding="utf-8")
    assert [name for name in WORKLOADS if f"| {name} |" not in text and name != "w9t"] == []
    assert [entry.title for entry in FORMS.values() if entry.title not in text] == []


def test_the_names_of_forms_groups_and_rows_are_those_of_workloads() -> None:
    named = {name for entry in FORMS.values() for name in entry.workloads}
    named |= {name for group in GROUPS.values() for name in group} | {row.workload for row in ROWS}
    assert named == WORKLOADS.keys()


@pytest.mark.parametrize(
    ("rates", "warned"), [((10_000, 11_900), False), ((10_000, 12_100), True), ((9_000, 10_000, 7_000), True), ((), False)]
)
def test_a_noisy_machine_is_warned_of(rates: tuple[int, ...], warned: bool) -> None:
    said = noise(result({}, *rates)["calibrations"])
    assert (said is not None) is warned, said
    assert said is None or f"{min(rates):,} commits/s at {min(rates)}" in said


def test_figures_stand_beside_their_ratios() -> None:
    forms = {
        "yaml": {"w1": {"p50_ms": 2.5}, "w2": {"per_s": 3000}},
        "dbos": {"w1": {"p50_ms": 10.0}, "w2": {"per_s": 100}},
    }
    lines = table.markdown(result(forms, 10_000)).splitlines()
    assert "| workload | YAML | DBOS 3.4.0 | aim |" in lines
    assert "| w1 one after the other, p50 | 2.50 ms | 10 ms | ≤ 2 ms |" in lines
    assert "| w1 one after the other, p50 | 0.80 | 4.00 | 5.0 commits |" in lines
    assert "| w2 100 in flight | 1.50 | 30.00 | 0.30 of its rate |" in lines


def test_tables_are_put_between_the_marks(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    table.put_into(file, "new")
    assert file.read_text() == f"before\n{table.BEGIN}\n\nnew\n\n{table.END}\nafter\n"
    assert table.BEGIN in README.read_text(encoding="utf-8")
