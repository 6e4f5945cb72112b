"""`hotmesh render` as a user types it: formats, files, what goes to which stream, what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotmesh import cli

ORDER = Path(__file__).parents[2] / "graphs/order/order.yaml"
PARENT = ORDER.parents[1] / "parent-child/parent-child.yaml"


def run(*args: object) -> int:
    return cli.run(["render", *map(str, args)])


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("x.svg", "<svg "),
        ("x.SVG", "<svg "),
        ("x.dot", 'digraph "orders 1" {'),
        ("x.gv", 'digraph "orders 1" {'),
        ("x.mmd", "flowchart LR"),
        ("x.mermaid", "flowchart LR"),
        ("x.txt", "order.requested → order.done"),
    ],
)
def test_the_suffix_names_the_format(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, start: str) -> None:
    assert run(ORDER, "-o", tmp_path / name) == 0
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)
    assert capsys.readouterr() == ("", "")


def test_without_a_file_it_prints(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(ORDER) == 0
    assert capsysbinary.readouterr().out == ORDER.with_suffix(".svg").read_bytes()
    assert run(ORDER, "--format", "mermaid", "--direction", "TB") == 0
    assert capsysbinary.readouterr().out.startswith(b"flowchart TB\n")


def test_a_terminal_gets_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert run(ORDER) == 0
    assert "│ ■ checkInventory │" in capsys.readouterr().out
    assert run(ORDER, "--format", "png") == cli.USAGE
    assert "a terminal can't show a PNG; name a file with -o" in capsys.readouterr().err


def test_the_format_wins_over_the_suffix(tmp_path: Path) -> None:
    assert run(ORDER, "-o", tmp_path / "picture.md", "--format", "mermaid") == 0
    assert (tmp_path / "picture.md").read_text(encoding="utf-8").startswith("flowchart")


def test_one_graph_of_several(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(PARENT, "--format", "ascii", "--graph", "payment.requested") == 0
    told = capsys.readouterr().out
    assert "payment.requested" in told
    assert "checkout.started" not in told


def test_the_difference_to_an_older_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = tmp_path / "old.yaml"
    old.write_text(ORDER.read_text(encoding="utf-8").replace("retry: {'500': [3]}", "retry: {'500': [9]}"), encoding="utf-8")
    assert run(ORDER, "--format", "ascii", "--diff", old) == 0
    told = capsys.readouterr().out
    assert "~ ■ checkInventory" in told
    assert "+ added  − removed  ~ changed" in told


def test_another_engine(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ORDER, "--engine", "graphviz") == 0
    assert "node worker" in capsys.readouterr().out
    assert run(ORDER, "--engine", "graphviz", "--format", "ascii") == cli.USAGE
    assert "--engine graphviz lays out svg and png, not ascii" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["-o", "x.pdf"], "the suffix of 'x.pdf' names no format; use one of .svg,"),
        (["--graph", "order.reqested"], "no graph of the app is started by 'order.reqested'; did you mean order.requested?"),
        (["--graph", "zzz"], "no graph of the app is started by 'zzz'; there is order.requested"),
        (["--format", "jpeg"], "'jpeg' is not one of 'svg', 'png', 'dot', 'mermaid', 'ascii'"),
        (["--diff", "missing.yaml"], "'missing.yaml' does not exist"),
    ],
)
def test_what_is_typed_wrong(capsys: pytest.CaptureFixture[str], args: list[str], message: str) -> None:
    assert run(ORDER, *args) == cli.USAGE
    assert message in capsys.readouterr().err


def test_an_app_with_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(ORDER.read_text(encoding="utf-8").replace("- to: checkInventory", "- to: checkInventry"), encoding="utf-8")
    for args in ((broken,), (ORDER, "--diff", broken)):
        assert run(*args, "-o", tmp_path / "x.svg") == 1
        told = capsys.readouterr()
        assert told.out == ""
        assert "checkInventry" in told.err
        assert "did you mean checkInventory" in told.err
    assert not (tmp_path / "x.svg").exists()


def test_a_png_without_graphviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert run(ORDER, "-o", tmp_path / "x.png") == 1
    assert "install Graphviz" in capsys.readouterr().err
    assert not (tmp_path / "x.png").exists()


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ORDER, "-o", tmp_path / "no" / "x.svg") == 1
    assert "no/x.svg can't be written: No such file or directory" in capsys.readouterr().err
