"""`hotmesh lint`, `rule`, `fmt`, `schema` and `compile` as a user runs them."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hotmesh import cli
from hotmesh.program import Program

GOOD = """\
subscribes: hello
activities:
  start: {type: trigger}
  work:
    type: worker
    topic: work.do
transitions:
  start: [{to: work}]
"""
BAD = GOOD.replace("to: work", "to: wrok")
DOUBTFUL = GOOD.replace("topic: work.do", "topic: work.do\n    emit: 'true'")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args: str) -> int:
    return cli.run(list(args))


def test_a_clean_app_exits_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "app.yaml").write_text(GOOD)
    assert run("lint", "app.yaml") == 0
    assert capsys.readouterr().out == "1 file checked, nothing found\n"


def test_findings_exit_1_and_go_to_standard_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "app.yaml").write_text(BAD)
    assert run("lint", "app.yaml", "--format", "concise") == 1
    assert capsys.readouterr().out == "app.yaml:8:16: error[G105] an edge leads from start to wrok: no such activity\n"


def test_warnings_are_findings_too(folder: Path) -> None:
    (folder / "app.yaml").write_text(DOUBTFUL)
    assert run("lint", "app.yaml") == 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["lint", "nowhere.yaml"], "does not exist"),
        (["lint", "--format", "xml"], "'xml' is not one of"),
        (["lint", "--select", "Q1"], "There is no rule Q1"),
        (["lint", "."], "There is no app in ."),
        (["lint", "-", "--watch"], "can't be watched"),
        (["rule", "R999"], "There is no rule R999"),
        (["compile"], "Missing argument 'APP'"),
        (["schema", "nothing"], "'nothing' is not one of"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_wrong(args: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*args) == 2
    assert words in capsys.readouterr().err


def test_a_folder_is_searched_for_apps(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("b/app.yaml", "a.yml", "node_modules/x.yaml", ".hidden/x.yaml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(BAD)
    (folder / "docker-compose.yml").write_text("services: {}\n")
    assert run("lint", "--format", "concise") == 1
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == ["a.yml", os.path.join("b", "app.yaml")]


def test_a_part_of_an_app_is_no_app_of_its_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "graphs").mkdir()
    (folder / "graphs" / "hello.yaml").write_text(GOOD.replace("type: worker", "type: await").replace("work.do", "other"))
    (folder / "graphs" / "other.yaml").write_text(GOOD.replace("hello", "other"))
    refs = "[{$ref: ./graphs/hello.yaml}, {$ref: ./graphs/other.yaml}]"
    (folder / "shop.yaml").write_text(f"app:\n  id: shop\n  version: '1'\n  graphs: {refs}\n")
    assert run("lint") == 0
    assert capsys.readouterr().out == "1 file checked, nothing found\n"
    assert run("lint", "graphs/hello.yaml") == 1, "by its own name it is an app, and awaits what it hasn't"


def test_select_and_ignore(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "app.yaml").write_text(DOUBTFUL.replace("to: work", "to: wrok"))
    assert run("lint", "app.yaml", "--select", "t,g1", "--ignore", "G105", "--format", "concise") == 1
    assert [line.split("[")[1][:4] for line in capsys.readouterr().out.splitlines()] == ["T502"]
    assert run("lint", "app.yaml", "--ignore", "T502", "--ignore", "G") == 0


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    assert run("lint", "-", "--format", "concise") == 1
    assert capsys.readouterr().out.startswith("<stdin>:8:16: error[G105]")


def test_fix_mends_and_reports_the_rest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = folder / "app.yaml"
    app.write_text(DOUBTFUL.replace("to: work", "to: wrok"))
    assert run("lint", "app.yaml", "--fix", "--format", "concise") == 1
    assert app.read_text() == DOUBTFUL.replace("to: work", "to: wrok").replace("'true'", "true")
    assert [line.split("[")[1][:4] for line in capsys.readouterr().out.splitlines()] == ["G105"]


def test_fix_keeps_to_what_is_selected(folder: Path) -> None:
    app = folder / "app.yaml"
    app.write_text(DOUBTFUL)
    assert run("lint", "app.yaml", "--fix", "--ignore", "T502") == 0
    assert app.read_text() == DOUBTFUL


def test_a_file_that_cannot_be_read_is_a_finding(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "app.yaml").write_bytes(b"a: \xff\n")
    assert run("lint", "app.yaml", "--format", "concise") == 1
    assert capsys.readouterr().out == "app.yaml:1:4: error[Y103] byte 0xff is not UTF-8\n"


def test_json_is_a_list_even_when_it_is_empty(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "app.yaml").write_text(GOOD)
    assert run("lint", "app.yaml", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("variables", "colored"), [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)]
)
def test_color_only_on_a_terminal_or_on_demand(
    folder: Path, variables: dict[str, str], colored: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "app.yaml").write_text(BAD)
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    run("lint", "app.yaml")
    assert ("\x1b[" in capsys.readouterr().out) is colored


def test_watch_lints_again_when_a_file_changes_and_ends_with_ctrl_c(folder: Path) -> None:
    app = folder / "app.yaml"
    app.write_text(BAD)
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "hotmesh", "lint", "app.yaml", "--watch"], stdout=subprocess.PIPE, text=True, cwd=folder
    ) as process:
        assert process.stdout is not None
        assert "1 error" in next(line for line in process.stdout if line.startswith("1 file checked"))
        app.write_text(GOOD + "# now it is right\n")
        assert "nothing found" in next(line for line in process.stdout if line.startswith("1 file checked"))
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_linting_loads_no_database_and_no_terminal() -> None:
    code = "import sys; from hotmesh import cli; cli.run(['lint', sys.argv[1]]); print(*sorted(sys.modules))"
    order = Path(__file__).parents[2] / "graphs" / "order" / "order.yaml"
    done = subprocess.run([sys.executable, "-c", code, str(order)], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "hotmesh.compile" in loaded
    assert not loaded & {"asyncpg", "textual", "networkx", "jsonschema", "rich", "babel", "asyncio"}


def test_rule_explains_one_and_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rule", "r203") == 0
    page = capsys.readouterr().out
    assert "Reported when a reference names no activity." in page
    assert "bad.yaml:10:19: error[R203]" in page
    assert "# hotmesh: ignore[R203]" in page
    assert run("rule") == 0
    assert "  G108  error    an activity has several incoming edges and no join" in capsys.readouterr().out


def test_schema_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("app", "program", "diagnostic", "settings"):
        assert run("schema", name) == 0
        assert json.loads(capsys.readouterr().out)["$schema"].endswith("2020-12/schema")


def test_compile_prints_the_program(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "app.yaml").write_text(DOUBTFUL)
    assert run("compile", "app.yaml") == 0
    out, err = capsys.readouterr()
    program = Program.from_json(json.loads(out))
    assert program.graphs["hello"].activities["work"].parent == "start"
    assert "warning[T502]" in err
    assert run("compile", "app.yaml", "--digest") == 0
    assert capsys.readouterr().out.strip() == program.digest


def test_compile_of_a_broken_app_prints_no_program(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "app.yaml").write_text(BAD)
    assert run("compile", "app.yaml") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "error[G105]" in err


UNTIDY = 'activities:\n  start: {title: "Start", type: trigger} # first\nsubscribes: hello   \n'
TIDY = "subscribes: hello\nactivities:\n  start: {title: 'Start', type: trigger} # first\n"


def test_fmt_writes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "app.yaml").write_text(UNTIDY)
    assert run("fmt") == 0
    assert (folder / "app.yaml").read_text() == TIDY
    assert capsys.readouterr().out == "app.yaml\n1 of 1 files changed\n"
    assert run("fmt", "--check") == 0


def test_fmt_check_and_diff_write_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "app.yaml").write_text(UNTIDY)
    assert run("fmt", "--check") == 1
    assert run("fmt", "--diff") == 1
    assert (folder / "app.yaml").read_text() == UNTIDY
    assert "-subscribes: hello   \n" in capsys.readouterr().out


def test_fmt_leaves_what_it_cannot_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "app.yaml").write_text("app: [1")
    assert run("fmt", "app.yaml") == 3
    assert (folder / "app.yaml").read_text() == "app: [1"
    assert "hotmesh lint app.yaml" in capsys.readouterr().err


def test_fmt_of_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(UNTIDY))
    assert run("fmt", "-") == 0
    assert capsys.readouterr().out == TIDY
