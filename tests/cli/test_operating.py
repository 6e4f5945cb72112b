"""The operating commands without a server: wrong usage, unreachable servers, what is refused before anything starts."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from hotmesh import cli
from hotmesh.cli.stubs import example

NOWHERE = "postgresql://nobody@127.0.0.1:9/nothing?connect_timeout=2"
APP = """
app:
  id: greeter
  version: '1'
  graphs:
    - subscribes: greet
      input: {schema: {type: object, properties: {name: {type: string}}, required: [name]}}
      activities:
        t: {type: trigger}
        w: {type: worker, topic: compose}
      transitions: {t: [{to: w}]}
"""
Tell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Runs a command line in a folder with an app; code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.yaml").write_text(APP)

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.run(arguments)
        except SystemExit as left:
            code = int(left.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


READING = [
    ["jobs"],
    ["status", "x"],
    ["why", "x"],
    ["export", "x"],
    ["dead"],
    ["queues"],
    ["rollcall"],
    ["throttle"],
    ["versions"],
]
ACTING = [
    ["pub", "greet"],
    ["pubsub", "greet"],
    ["signal", "greet"],
    ["cancel", "x"],
    ["interrupt", "x"],
    ["pause", "x"],
    ["resume", "x"],
    ["retry", "x"],
    ["scrub", "--yes", "x"],
    ["activate", "1"],
    ["deploy", "app.yaml"],
    ["run", "app.yaml", "greet", '{"name": "Ada"}', "--stub"],
    ["throttle", "5"],
    ["db", "doctor"],
    ["db", "migrate"],
    ["db", "prune"],
    ["render", "--job", "x"],
]


@pytest.mark.parametrize("arguments", [*READING, *ACTING], ids=" ".join)
def test_without_a_server_every_command_says_so_in_one_sentence(arguments: list[str], tell: Tell) -> None:
    code, out, err = tell(*arguments, "--dsn", NOWHERE)
    assert (code, out) == (1, "")
    assert err.startswith("error: Postgres can't be reached"), err
    assert "correct HOTMESH_DSN" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["jobs"], ["pub", "greet"]], ids=" ".join)
def test_an_address_that_is_none_of_postgres(arguments: list[str], tell: Tell) -> None:
    code, _, err = tell(*arguments, "--dsn", "mysql://x/y")
    assert code == 1
    assert "HotMesh needs Postgres, but the address given is one of 'mysql'" in err


UNREACHABLE = {
    "nothing listens at this address": NOWHERE,
    "no server's socket is there": "postgresql://nobody@/nothing?host=/nowhere",
    "its address can't be read": "postgresql://nobody@127.0.0.1:port/nothing",
}


@pytest.mark.parametrize("reason", UNREACHABLE)
def test_why_a_server_is_not_reached_is_told_in_words(reason: str, tell: Tell) -> None:
    told = f"error: Postgres can't be reached ({reason}); start it, or correct HOTMESH_DSN.\n"
    assert tell("jobs", "--dsn", UNREACHABLE[reason]) == (1, "", told)


def test_a_server_that_never_answers(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotmesh.store.pool.CONNECT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        code, _, err = tell("jobs", "--dsn", f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/nothing")
    assert code == 1
    assert err == "error: Postgres can't be reached (no answer within 0.2 s); start it, or correct HOTMESH_DSN.\n"


USAGE = [
    (["run"], "Missing argument 'APP'"),
    (["run", "app.yaml"], "Missing argument 'TOPIC'"),
    (["run", "nope.yaml", "greet"], "'nope.yaml' does not exist"),
    (["run", "app.yaml", "greet", "{name: Ada}"], "the payload is no JSON"),
    (["run", "app.yaml", "greet", "@nope.json"], "nope.json can't be read: No such file or directory."),
    (["run", "app.yaml", "greet", "@app.yaml"], "app.yaml is no JSON"),
    (["run", "app.yaml", "greet", "--timeout", "soon"], "'soon' is not a duration"),
    (["run", "app.yaml", "greet", "--timeout", "0"], "'0' is not longer than nothing"),
    (["run", "app.yaml", "greet", "--output", "xml"], "'xml' is not one of 'text', 'json'"),
    (["jobs", "--state", "sleeping"], "there is no state 'sleeping'; the states are running, completed"),
    (["jobs", "--state", ""], "there is no state ''"),
    (["jobs", "--limit", "0"], "0 is not in the range"),
    (["jobs", "--after", "yesterday"], "'yesterday' is no row id"),
    (["jobs", "--since", "-5m"], "'-5m' is not"),
    (["status"], "Missing argument 'ID'"),
    (["cancel"], "Missing argument 'ID...'"),
    (["interrupt", "x", "--code", "12"], "12 is not in the range"),
    (["export", "x", "--allow", "stuff"], "'stuff' is not one of 'data', 'state', 'status', 'timeline', 'transitions'"),
    (["export", "x", "--execution", "--no-values"], "--execution prints everything"),
    (["throttle", "--topic", "a", "--guid", "b", "5"], "--topic and --guid exclude each other"),
    (["throttle", "--topic", "a"], "How many milliseconds?"),
    (["throttle", "fast"], "'fast' is not a valid whole number."),
    (["signal", "x", "--status", "maybe"], "'maybe' is not one of 'success', 'pending', 'error'"),
    (["worker"], "Missing argument 'PLACE...'"),
    (["new", "9lives"], "'9lives' can't be an app's id"),
    (["new", "hotmesh"], "'hotmesh' can't be an app's id"),
    (["db", "migrate", "--dump-sql"], "Whose tables?"),
    (["render"], "Which graphs?"),
]


@pytest.mark.parametrize(("arguments", "told"), USAGE, ids=[" ".join(arguments) for arguments, _ in USAGE])
def test_wrong_usage_exits_2_and_says_what_is_wrong(arguments: list[str], told: str, tell: Tell) -> None:
    code, out, err = tell(*arguments)
    assert (code, out) == (2, ""), err
    assert told in err


REFUSED = [
    (["greet", '{"name": 5}'], "422: greet does not take this payload: name: 5 is not of type 'string'; nothing was started."),
    (["greet", "{}"], "422: greet does not take this payload: the payload: 'name' is a required property; nothing was started."),
    (["greet", "7"], "422: greet does not take this payload: the payload: 7 is not of type 'object'; nothing was started."),
    (["great", "{}"], "no graph of app.yaml subscribes to 'great'; did you mean 'greet'?"),
    (["bye", "{}"], "no graph of app.yaml subscribes to 'bye'; there is greet."),
]


@pytest.mark.parametrize(("arguments", "told"), REFUSED, ids=[" ".join(arguments) for arguments, _ in REFUSED])
def test_run_refuses_before_anything_is_started(arguments: list[str], told: str, tell: Tell) -> None:
    assert tell("run", "app.yaml", *arguments, "--dsn", NOWHERE) == (1, "", f"error: {told}\n")


def test_run_prints_the_findings_of_an_app_with_errors(tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(APP.replace("{to: w}", "{to: ww}"))
    code, out, err = tell("run", "app.yaml", "greet", '{"name": "Ada"}', "--dsn", NOWHERE)
    assert (code, out) == (1, "")
    assert "did you mean w" in err
    assert "error: app.yaml has 1 error; nothing was started." in err


WORKERS = [
    ("nope.py", None, "there is no file nope.py"),
    ("no_such_module", None, "no_such_module can't be imported: No module named 'no_such_module'."),
    ("w.py", "X = 1\n", "w.py has no WORKERS: it is to be a dict of topic → callback"),
    ("w.py:ALL", "WORKERS = {}\n", "w.py has no ALL"),
    ("w.py", "WORKERS = [1]\n", "w.py:WORKERS is list, not a dict of topic → callback."),
    ("w.py", "WORKERS = {'compose': 5}\n", "w.py:WORKERS['compose'] is int, not a callable that takes a task."),
    ("w.py", "WORKERS = {\n", "w.py can't be imported: SyntaxError"),
    ("w.py", "import nope_nope\n", "w.py can't be imported: No module named 'nope_nope'."),
    ("w.py", "\n1 / 0\n", "w.py can't be imported: ZeroDivisionError: division by zero"),
]


@pytest.mark.parametrize(("place", "text", "told"), WORKERS, ids=[told for _, _, told in WORKERS])
@pytest.mark.parametrize("command", ["run", "worker"])
def test_workers_that_cannot_be_had(command: str, place: str, text: str | None, told: str, tell: Tell, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "w.py").write_text(text)
    arguments = ["run", "app.yaml", "greet", '{"name": "Ada"}', "--workers", place] if command == "run" else ["worker", place]
    code, out, err = tell(*arguments, "--dsn", NOWHERE)
    assert (code, out) == (1, "")
    assert told in err
    assert err.count("\n") == 1


def test_two_workers_of_one_topic(tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "w.py").write_text("WORKERS = {'compose': print}\n")
    code, _, err = tell("worker", "w.py", "w.py:WORKERS", "--dsn", NOWHERE)
    assert code == 1
    assert "two workers for the topic 'compose'" in err


def test_new_makes_an_app_without_findings(tell: Tell, tmp_path: Path) -> None:
    code, out, _ = tell("new", "My-App")
    assert code == 0
    assert "hotmesh run app.yaml my-app.greet" in out
    assert sorted(each.name for each in (tmp_path / "My-App").iterdir()) == [
        "README.md",
        "app.schema.json",
        "app.yaml",
        "test_app.py",
        "workers.py",
    ]
    assert tell("lint", "My-App")[0] == 0
    assert tell("new", "My-App")[0] == 2, "a folder that is there is never written over"


def test_migrations_as_a_script_need_no_server(tell: Tell) -> None:
    code, out, _ = tell("db", "migrate", "--app", "orders", "--dump-sql")
    assert code == 0
    assert out.startswith("BEGIN;")
    assert out.rstrip().endswith("COMMIT;")
    assert 'CREATE TABLE "orders".jobs' in out


def test_errors_as_json(tell: Tell) -> None:
    code, _, err = tell("--log-format", "json", "jobs", "--dsn", NOWHERE)
    assert code == 1
    assert json.loads(err)["code"] == 503


SCHEMAS = [
    {"type": "object", "properties": {"available": {"type": "integer"}, "ok": {"type": "boolean"}}, "required": ["available"]},
    {"type": "object", "properties": {"when": {"type": "string", "format": "date-time"}, "id": {"type": "string", "minLength": 9}}},
    {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2},
    {"type": "integer", "minimum": 5, "maximum": 7},
    {"type": "number", "exclusiveMinimum": 2},
    {"type": "integer", "multipleOf": 5, "minimum": 7},
    {"type": ["null", "string"]},
    {"const": "fixed"},
    {"anyOf": [{"type": "string", "maxLength": 2}, {"type": "null"}]},
    {"allOf": [{"type": "object", "properties": {"a": {"const": 1}}}, {"type": "object", "properties": {"b": {"const": 2}}}]},
    {},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
def test_a_stub_answers_what_the_schema_describes(schema: dict[str, object]) -> None:
    jsonschema.validate(example(schema), schema)


def test_a_stub_uses_examples_and_defaults() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer", "default": 42}, "b": {"type": "string", "examples": ["hello"]}}}
    assert example(schema) == {"a": 42, "b": "hello"}


def test_completion_without_a_server_offers_nothing(tell: Tell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("_HOTMESH_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "hotmesh why ")
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setenv("HOTMESH_HOME", str(tmp_path / "home"))
    code, out, err = tell()
    assert (out.strip(), err) == ("", "")
    assert not (tmp_path / "home").exists(), f"completion started a server ({code})"


def test_completion_offers_the_topics_of_the_file(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_HOTMESH_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "hotmesh run app.yaml g")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert "plain,greet" in tell()[1]
