"""The command line as a whole: help, errors as sentences, exit codes, completion."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import click
import pytest

from hotmesh import cli
from hotmesh.errors import HotMeshError


@pytest.fixture(autouse=True)
def bare_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def quiet_again() -> Iterator[None]:
    """Commands set logging up; the next test starts without."""
    import logging

    yield
    logger = logging.getLogger("hotmesh")
    logger.handlers, logger.propagate = [], True


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Adds a command `act` that does what a test wants."""

    def add(act: Callable[[], object]) -> None:
        monkeypatch.setitem(cli.COMMANDS["See"], "act", ("tests.cli.test_command_line:acting", "Act."))
        monkeypatch.setattr(sys.modules[__name__], "acting", click.Command("act", callback=act), raising=False)

    monkeypatch.setitem(sys.modules, "tests.cli.test_command_line", sys.modules[__name__])
    return add


def raising(error: BaseException) -> Callable[[], object]:
    def act() -> object:
        raise error

    return act


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("arguments", [["rule"], ["schema"], ["--help"]], ids=" ".join)
def test_output_that_has_no_room_is_told_in_a_sentence(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run([sys.executable, "-m", "hotmesh", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (1, "error: the output can't be written: No space left on device.\n")


def test_output_that_nobody_takes_is_no_error() -> None:
    ran = subprocess.run(["sh", "-c", f"'{sys.executable}' -m hotmesh --version >&-"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"hotmesh {version('hotmesh')}\n"


def test_help_lists_every_command_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--help"]) == 0
    told = capsys.readouterr().out
    for section in cli.COMMANDS.values():
        for name, (_, summary) in section.items():
            assert f"  {name} " in told
            assert summary.split()[0] in told


@pytest.mark.parametrize("name", [name for section in cli.COMMANDS.values() for name in section])
def test_every_command_of_the_table_is_there_and_helps(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([name, "--help"]) == 0
    assert f"hotmesh {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["compltion"], "There is no command 'compltion'. Did you mean 'completion'?"),
        (["frobnicate"], "There is no command 'frobnicate'. 'hotmesh --help' lists them."),
        (["completion", "tcsh"], "'tcsh' is not one of 'bash', 'zsh', 'fish'."),
        (["--log-format", "xml", "db", "url"], "'xml' is not one of 'text', 'json'."),
        (["--nope"], "No such option"),
    ],
)
def test_wrong_usage_exits_2(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == cli.USAGE
    assert told in capsys.readouterr().err


def test_a_failure_is_one_sentence_and_exits_1(command: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    command(raising(HotMeshError("The oven is cold; light it.")))
    assert cli.run(["act"]) == cli.FAILED
    assert capsys.readouterr().err == "error: The oven is cold; light it.\n"


def test_verbose_adds_the_traceback(command: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    command(raising(HotMeshError("The oven is cold; light it.")))
    assert cli.run(["-v", "act"]) == cli.FAILED
    told = capsys.readouterr().err
    assert told.startswith("Traceback (most recent call last)")
    assert told.endswith("error: The oven is cold; light it.\n")


def test_an_error_of_ours_says_so_and_exits_3(command: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    command(raising(KeyError("missing")))
    assert cli.run(["act"]) == cli.INTERNAL
    assert capsys.readouterr().err.startswith("error: HotMesh broke: KeyError: 'missing'. Run 'hotmesh -v …' again")


def test_errors_are_json_where_the_log_is(command: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    command(raising(HotMeshError("The oven is cold.")))
    assert cli.run(["--log-format", "json", "act"]) == cli.FAILED
    assert json.loads(capsys.readouterr().err) == {
        "level": "error",
        "message": "The oven is cold.",
        "error": "HotMeshError",
        "code": 500,
    }


@pytest.mark.parametrize(("answer", "exit_code"), [(None, 0), (0, 0), (1, 1), (3, 3)])
def test_a_command_returns_its_exit_code(command: Callable[..., None], answer: int | None, exit_code: int) -> None:
    command(lambda: answer)
    assert cli.run(["act"]) == exit_code


def test_ctrl_c_exits_130(command: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    command(raising(KeyboardInterrupt()))
    assert cli.run(["act"]) == cli.INTERRUPTED
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(("variable", "colored"), [("NO_COLOR", False), ("FORCE_COLOR", True)])
def test_color_is_as_the_environment_wants(
    variable: str, colored: bool, command: Callable[..., None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1")
    command(raising(HotMeshError("cold")))
    cli.run(["act"])
    assert ("\x1b[" in capsys.readouterr().err) is colored


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["completion", shell]) == 0
    assert "_HOTMESH_COMPLETE" in capsys.readouterr().out


def completed(*words: str) -> list[str]:
    """What bash would offer for the last of the words."""
    environment = {"_HOTMESH_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(["hotmesh", *words]), "COMP_CWORD": str(len(words))}
    ran = subprocess.run([sys.executable, "-m", "hotmesh"], env=environment, capture_output=True, text=True, check=False)
    return [line.partition(",")[2] for line in ran.stdout.splitlines()]


def test_completion_of_commands_and_choices() -> None:
    assert "completion" in completed("comp")
    assert completed("db", "st") == ["start", "stop"]
    assert completed("completion", "") == ["bash", "zsh", "fish"]


def test_a_reader_that_leaves_is_no_error() -> None:
    line = f"'{sys.executable}' -m hotmesh completion bash | head -1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (ran.stdout.splitlines()[-1], ran.stderr) == ("0", "")
