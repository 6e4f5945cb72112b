"""Every command, typed wrong in every way that needs no server: one sentence, the right exit code, nothing on stdout, no traceback."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from hotmesh import cli
from hotmesh.cli.options import DurationType
from hotmesh.cli.payload import Payload
from tests.cli.matrix import MATRIX, REGISTRY
from tests.cli.test_operating import APP, NOWHERE, Tell

PASSING_ON = {"db psql", "pipe"}
"""What they don't know is another program's, or a pipe's."""


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Runs a command line in a folder with an app and workers; code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOTMESH_HOME", str(tmp_path / "home"))
    (tmp_path / "app.yaml").write_text(APP)
    (tmp_path / "workers.py").write_text("WORKERS = {'compose': print}\n")

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(arguments)
        captured = capsys.readouterr()
        assert not (tmp_path / "home").exists(), "a server was started"
        return code, captured.out, captured.err

    return run


def is_sentence(told: tuple[int, str, str], code: int) -> str:
    """One line that begins with `error:`, and nothing else."""
    assert told[:2] == (code, ""), told
    assert told[2].startswith("error: "), told[2]
    assert told[2].count("\n") == 1, told[2]
    assert "HotMesh broke" not in told[2]
    return told[2]


def test_every_command_is_in_the_matrix() -> None:
    assert MATRIX.keys() == REGISTRY.keys(), "tests/cli/matrix.py says of each command how to type it right and wrong"


def test_every_command_that_asks_a_server_takes_its_address() -> None:
    for name, row in MATRIX.items():
        names = {option for each in REGISTRY[name].params for option in each.opts}
        assert not row.server or "--dsn" in names, name
        assert not row.per_app or "--app" in names, name
        assert not row.answers or "--output" in names, name


@pytest.mark.parametrize("name", [name for name in REGISTRY if name not in PASSING_ON])
def test_an_option_that_is_not_there(name: str, tell: Tell) -> None:
    told = is_sentence(tell(*name.split(), "--nonsense"), 2)
    assert "No such option '--nonsense'" in told
    assert f"See 'hotmesh {name} --help'." in told


@pytest.mark.parametrize("name", [name for name, command in REGISTRY.items() if any(each.required for each in command.params)])
def test_an_argument_that_is_missing(name: str, tell: Tell) -> None:
    assert "Missing argument" in is_sentence(tell(*name.split()), 2)


def filled(argument: click.Argument) -> str:
    """Something that an argument takes."""
    if isinstance(argument.type, Payload):
        return "{}"
    return "app.yaml" if isinstance(argument.type, click.Path) else "5" if argument.name == "ms" else "app"


def takes_more(command: click.Command) -> bool:
    return any(isinstance(each, click.Argument) and each.nargs == -1 for each in command.params)


@pytest.mark.parametrize("name", [name for name, command in REGISTRY.items() if not takes_more(command) and name not in PASSING_ON])
def test_an_argument_too_many(name: str, tell: Tell) -> None:
    line = MATRIX[name].right.replace("--help", "").format(app="app", topic="greet", job="j", signal="s")
    optional = [each for each in REGISTRY[name].params if isinstance(each, click.Argument) and not each.required]
    more = [filled(each) for each in optional]
    typed = [word for word in line.split() if word not in more]
    assert "unexpected extra argument" in is_sentence(tell(*name.split(), *typed, *more, "surplus-1", "surplus-2"), 2)


CHECKED = (click.Choice, click.IntRange, DurationType)
WRONG_VALUES = [
    (name, option.opts[-1])
    for name, command in REGISTRY.items()
    for option in command.params
    if isinstance(option, click.Option) and isinstance(option.type, CHECKED)
]


@pytest.mark.parametrize(("name", "option"), WRONG_VALUES, ids=[" ".join(each) for each in WRONG_VALUES])
def test_a_value_that_an_option_does_not_take(name: str, option: str, tell: Tell) -> None:
    line = MATRIX[name].right.format(app="app", topic="greet", job="j", signal="s")
    told = is_sentence(tell(*name.split(), *line.split(), option, "nonsense"), 2)
    assert "Invalid value for '" in told
    assert "'nonsense'" in told


LOCAL = [(name, *case) for name, row in MATRIX.items() for case in row.unknown if not row.server or (case[1] == 2 and "{" not in case[2])]


@pytest.mark.parametrize(("name", "line", "code", "told"), LOCAL, ids=[f"{name} {line}" for name, line, *_ in LOCAL])
def test_what_is_not_there(name: str, line: str, code: int, told: str, tell: Tell) -> None:
    got, out, err = tell(*name.split(), *line.replace("{topic}", "greet").split())
    assert (got, out) == (code, "")
    assert told in err
    assert "Traceback" not in err


@pytest.mark.parametrize("name", [name for name, row in MATRIX.items() if row.server])
def test_a_server_that_is_not_there(name: str, tell: Tell) -> None:
    line = MATRIX[name].right.format(app="app", topic="greet", job="j", signal="s")
    payload = ['{"name": "Ada"}'] if name == "run" else []
    told = is_sentence(tell(*name.split(), *line.split(), *payload, "--dsn", NOWHERE), 1)
    assert told.startswith("error: Postgres can't be reached")
    assert "start it, or correct HOTMESH_DSN." in told


@pytest.mark.parametrize("name", ["jbos", "db strat", "db status", "escalations lst"])
def test_a_command_that_is_not_there(name: str, tell: Tell) -> None:
    told = is_sentence(tell(*name.split()), 2)
    assert told.startswith(f"error: There is no command '{name}'. Did you mean '")


@pytest.mark.parametrize(("typed", "meant"), cli.MEANT.items())
def test_names_of_other_tools(typed: str, meant: str, tell: Tell) -> None:
    assert meant in REGISTRY
    assert f"Did you mean '{meant}'?" in is_sentence(tell(typed), 2)


@pytest.mark.parametrize("name", ["", "db", "escalations"])
def test_a_group_alone_lists_its_commands(name: str, tell: Tell) -> None:
    code, out, err = tell(*name.split())
    assert (code, out) == (2, "")
    assert err.startswith(f"Usage: hotmesh {name}".rstrip())
    assert len(err.splitlines()) > 10


def test_wrong_usage_is_json_where_the_log_is(tell: Tell) -> None:
    code, out, err = tell("--log-format", "json", "status")
    assert (code, out) == (2, "")
    assert err.startswith('{"level":"error","message":"Missing argument \'ID\'.')


@pytest.mark.parametrize("line", ["throttle -1", "throttle --topic x -1", "throttle -1 --topic x", "throttle -- -1"])
def test_minus_one_is_a_brake_and_no_option(line: str, tell: Tell) -> None:
    before, _, after = line.partition(" -- ")
    typed = [*before.split(), "--dsn", NOWHERE, *(["--", *after.split()] if after else [])]
    assert is_sentence(tell(*typed), 1).startswith("error: Postgres can't be reached")
