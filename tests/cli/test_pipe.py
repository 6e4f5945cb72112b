"""`hotmesh pipe`: values, traces, help, and one clear sentence for everything that is wrong."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from hotmesh import cli


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> object:
    def run_command(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(["pipe", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_command


SPLIT = '[["{user.name}", " "], ["{@string.split}"], ["{@array.get}"]]'


def test_a_value_is_printed_as_json(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "data.json"
    file.write_text(json.dumps({"user": {"name": "Jané Doe"}}))
    assert run(SPLIT, "--with", str(file)) == (0, '"Jané"\n', "")
    assert run(SPLIT, "--with", '{"user": {"name": "A B"}}') == (0, '"A"\n', "")
    assert run('{"@pipe": [[{"a": [1]}]]}') == (0, '{\n  "a": [\n    1\n  ]\n}\n', "")


def test_standard_input(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("sys.stdin", io.StringIO('[["a"], ["{@string.toUpperCase}"]]'))
    assert run("-") == (0, '"A"\n', "")
    monkeypatch.setattr("sys.stdin", io.StringIO('{"user": {"name": "A B"}}'))
    assert run(SPLIT, "--with", "-") == (0, '"A"\n', "")


def test_values_that_json_lacks(run) -> None:  # type: ignore[no-untyped-def]
    assert run('[["{a.b}"]]') == (0, "null\n", "The value is undefined, which JSON writes as null.\n")
    for name, text in (("NaN", "NaN"), ("posInfinity", "Infinity"), ("negInfinity", "-Infinity")):
        assert run(f'[["{{@symbol.{name}}}"]]') == (0, "null\n", f"The value is {text}, which JSON writes as null.\n")


def test_the_moment_and_the_seed(run) -> None:  # type: ignore[no-untyped-def]
    assert run('[["{@date.now}"]]', "--now", "2023-04-23T01:02:03") == (0, "1682211723000\n", "")
    assert run('[["{@date.now}"]]', "--now", "2023-04-23T01:02:03+00:00") == (0, "1682211723000\n", "")
    assert run('[["{@math.random}"]]', "--seed", "1") == run('[["{@math.random}"]]', "--seed", "1")


def test_a_trace(run) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = run(SPLIT, "--trace", "--with", '{"user": {"name": "A B"}}')
    assert code == 0
    assert out.splitlines() == [
        'row 0  ["{user.name}", " "]',
        '       = "A B", " "',
        'row 1  ["{@string.split}"]',
        '       = ["A", "B"]',
        'row 2  ["{@array.get}"]',
        '       = "A"',
        '"A"',
    ]


def test_a_trace_up_to_an_error(run) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run('[["{a.b}"], ["{@string.trim}"], ["{@string.concat}"]]', "--trace")
    assert code == 1
    assert out.splitlines() == ['row 0  ["{a.b}"]', "       = undefined", 'row 1  ["{@string.trim}"]']
    assert "string.trim: text must be a string, not undefined (row 1, cell 0)" in err


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ('[["a"], ["{@string.trimm}"]]', "the domain string has no function 'trimm' (row 1, cell 0)\n  help: did you mean string.trim?"),
        ('[["a"], {"@pipe": [["b", 1], ["{@string.trim}"]]}, ["{@math.add}"]]', "gets 2 (row 1 › row 1, cell 0)"),
        ("[]", "a pipe is a list of rows, at least one"),
        ('[["{a..b}"]]', "empty segment"),
    ],
)
def test_a_pipe_that_can_not_work(run, rows: str, sentence: str) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run(rows)
    assert (code, out) == (1, "")
    assert sentence in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Which pipe?"),
        (["[[1]"], "The rows are no JSON: expecting ',' delimiter at line 1, column 5."),
        (["[" * 100_000], "The rows are nested too deep."),
        (["5"], "The rows must be a JSON list of rows"),
        (["[[1]]", "--with", "nowhere.json"], "The data file 'nowhere.json' can't be read: No such file or directory."),
        (["[[1]]", "--with", "[1]"], "can't be read"),
        (["[[1]]", "--with", "{1}"], "The data are no JSON"),
        (["-", "--with", "-"], "can't both come from standard input"),
        (["[[1]]", "--now", "soon"], "--now 'soon' is no date"),
        (["--help", "string.pads"], "There is no function 'string.pads'. Did you mean 'string.pad"),
        (["--help", "zzzz"], "'hotmesh pipe --help functions' lists them all."),
    ],
)
def test_wrong_usage(run, arguments: list[str], sentence: str) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert sentence in err


def test_data_that_are_no_text_or_no_map(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe")
    (tmp_path / "list.json").write_text("[1]")
    assert "it is no UTF-8 text" in run("[[1]]", "--with", str(tmp_path / "binary.json"))[2]
    assert "The data must be a JSON map" in run("[[1]]", "--with", str(tmp_path / "list.json"))[2]


def test_help(run) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = run("--help")
    assert code == 0
    assert "Evaluate the pipe ROWS" in out
    code, out, _ = run("--help", "string.padStart")
    assert code == 0
    assert out.startswith("string.padStart(text: string, length: number, fill?: string) → string\n")
    assert '["5", 3, "0"]' in out
    assert "cron.nextDelay" in run("-h", "cron")[1]
