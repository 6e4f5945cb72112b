"""Every command against a real database: what is not there, roles without rights, other schemas; nothing is stored by what fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import jsonschema
import psycopg
import pytest
from psycopg import sql

from hotmesh import cli
from hotmesh.source.files import bundled
from tests.cli.matrix import MATRIX, NOBODY, REGISTRY
from tests.functional.cli.conftest import APP, WORKERS, Ran

CLI_SCHEMA = json.loads(bundled("cli.schema.json"))
SERVED = {name: row for name, row in MATRIX.items() if row.server}


class Deployed:
    """A folder with an app that is deployed and has a job that waits, and the command line in it."""

    def __init__(self, dsn: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.dsn, self.capsys = dsn, capsys
        self.app_id = f"app{uuid4().hex[:10]}"
        self.names = {"app": self.app_id, "topic": f"{self.app_id}.sleep", "job": f"job-{self.app_id}", "signal": f"{self.app_id}.approved"}
        (folder / "app.yaml").write_text(APP.replace("APP", self.app_id))
        (folder / "workers.py").write_text(WORKERS.replace("APP", self.app_id))
        assert self("deploy", "app.yaml", "--activate").code == 0
        assert self("pub", self.names["topic"], "--job-id", self.names["job"]).code == 0

    def __call__(self, *arguments: str, dsn: str | None = None) -> Ran:
        self.capsys.readouterr()
        code = cli.run([*arguments, "--dsn", dsn or self.dsn] if dsn != "" else [*arguments])
        captured = self.capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    def type(self, name: str, line: str, *more: str, dsn: str | None = None) -> Ran:
        """A line of the matrix, on this app."""
        return self(*name.split(), *line.format(**self.names).split(), *more, dsn=dsn)

    def everything(self) -> dict[str, list[object]]:
        """All that is stored, but for who was seen when."""
        with psycopg.connect(self.dsn) as connection:
            tables = connection.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN (%s, 'hotmesh')", [self.app_id])
            found: dict[str, list[object]] = {}
            for schema, table in tables.fetchall():
                if table not in ("members", "mesh"):
                    rows = connection.execute(sql.SQL("SELECT t::text FROM {} t ORDER BY 1").format(sql.Identifier(schema, table)))
                    found[f"{schema}.{table}"] = [row[0] for row in rows.fetchall()]
            return found


@pytest.fixture
def deployed(dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOTMESH_DSN", raising=False)
    made = Deployed(dsn, tmp_path, capsys)
    yield made
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(made.app_id)))


def is_sentence(ran: Ran, code: int, line: str) -> None:
    """One line that begins with `error:`, nothing else."""
    assert (ran.code, ran.out) == (code, ""), f"{line}: {ran}"
    assert ran.err.startswith("error: "), f"{line}: {ran.err}"
    assert ran.err.count("\n") == 1, f"{line}: {ran.err}"
    assert "HotMesh broke" not in ran.err, f"{line}: {ran.err}"


def test_what_is_not_there_is_told_and_nothing_is_stored(deployed: Deployed) -> None:
    before = deployed.everything()
    for name, row in SERVED.items():
        for line, code, told in row.unknown:
            scope = ["--app", deployed.app_id] if row.per_app else []
            ran = deployed.type(name, line, *scope)
            is_sentence(ran, code, f"{name} {line}")
            assert told.format(**deployed.names) in ran.err, f"{name} {line}: {ran.err}"
    assert deployed.everything() == before


def test_an_app_that_is_not_there(deployed: Deployed) -> None:
    before = deployed.everything()
    for name, row in SERVED.items():
        if row.per_app:
            ran = deployed.type(name, row.right, "--app", "no-such-app")
            is_sentence(ran, 1, name)
            assert "the database has no app 'no-such-app'; there is" in ran.err, f"{name}: {ran.err}"
    assert deployed.everything() == before


PREPARES = {"run", "deploy"}
"""What makes an app's tables where there are none."""
NOTHING_YET = {"jobs", "queues", "dead", "rollcall", "versions", "escalations list", "db prune", "db migrate", "db doctor"}
"""Lists, which are empty then."""


def test_a_database_without_any_app(deployed: Deployed, empty_dsn: str) -> None:
    for name, row in SERVED.items():
        if name in PREPARES or row.unknown == ():
            continue
        ran = deployed.type(name, row.right, dsn=empty_dsn)
        if name in NOTHING_YET:
            assert ran.code == 0, f"{name}: {ran}"
        else:
            is_sentence(ran, 1, name)
            assert "no app" in ran.err or "nor any app" in ran.err or "no escalation" in ran.err, f"{name}: {ran.err}"
    with psycopg.connect(empty_dsn) as connection:
        made = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema|^public'").fetchall()
    assert made == [], "a command that failed made tables"


@pytest.fixture
def role(deployed: Deployed) -> Iterator[str]:
    """A role that may connect, and nothing else."""
    name = f"role_{deployed.app_id}"
    with psycopg.connect(deployed.dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
    yield name
    with psycopg.connect(deployed.dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(name)))


def test_a_role_without_rights(deployed: Deployed, role: str) -> None:
    before = deployed.everything()
    poor = deployed.dsn.replace("://hotmesh@", f"://{role}@")
    for name, row in SERVED.items():
        scope = ["--app", deployed.app_id] if row.per_app else []
        ran = deployed.type(name, row.right, *scope, dsn=poor)
        if name == "db doctor":
            assert (ran.code, "GRANT" in ran.out or "error" in ran.err) == (1, True), ran
            continue
        is_sentence(ran, 1, name)
        assert "GRANT" in ran.err or "rights" in ran.err, f"{name}: {ran.err}"
    assert deployed.everything() == before


def test_a_role_that_may_only_read(deployed: Deployed, role: str) -> None:
    grants = "GRANT USAGE ON SCHEMA {1}, hotmesh TO {0}; GRANT SELECT ON ALL TABLES IN SCHEMA {1}, hotmesh TO {0}"
    with psycopg.connect(deployed.dsn, autocommit=True) as connection:
        connection.execute(sql.SQL(grants).format(sql.Identifier(role), sql.Identifier(deployed.app_id)))
    before = deployed.everything()
    reader = deployed.dsn.replace("://hotmesh@", f"://{role}@")
    for name, row in SERVED.items():
        scope = ["--app", deployed.app_id] if row.per_app else []
        if (
            name in ("worker", "db doctor", "db migrate", "db prune", *(each for each in SERVED if each.startswith("escalations ")))
            and not row.reads
        ):
            continue
        ran = deployed.type(name, row.right, *scope, dsn=reader)
        if row.reads:
            assert "error" not in ran.err, f"{name}: {ran.err}"
        else:
            is_sentence(ran, 1, name)
    assert deployed.everything() == before


LETTER = """INSERT INTO {}.dead_letters
SELECT gen_random_uuid(), id, 'check', ',0,0', '{{"code": 598, "message": "m"}}', now() FROM {}.jobs"""
ESCALATION = """INSERT INTO {}.escalations (id, job_id, symbol, dimension, role, priority, description, fields, created_at, updated_at)
SELECT %s::uuid, id, 's', ',0,0', 'clerk', 2, 'd', '{{}}', now(), now() FROM {}.jobs LIMIT 1"""
JSON = {name: row for name, row in SERVED.items() if row.answers and not name.startswith("escalations ")}


def test_json_answers_are_what_the_schema_says(deployed: Deployed) -> None:
    """On a mesh with a bit of everything in it."""
    deployed("pub", f"{deployed.app_id}.order", '{"qty": 1}')
    deployed("throttle", "5", "--topic", f"{deployed.app_id}.check", "--app", deployed.app_id)
    with psycopg.connect(deployed.dsn, autocommit=True) as connection:
        where = sql.Identifier(deployed.app_id)
        connection.execute(sql.SQL(LETTER).format(where, where))
        connection.execute(sql.SQL(ESCALATION).format(where, where), [NOBODY])
    for name in sorted(JSON, key=lambda name: name in ("scrub", "interrupt", "cancel", "rerun")):
        row = JSON[name]
        prepare = {"resume": "pause", "scrub": None, "cancel": None}.get(name)
        if prepare:
            deployed.type(prepare, row.right)
        line = row.right
        if name in ("interrupt", "cancel", "pause"):
            job_id = f"{name}-{deployed.app_id}"
            deployed("pub", deployed.names["topic"], "--job-id", job_id)
            line = job_id
        if name == "scrub":
            line = f"--yes interrupt-{deployed.app_id}"
        if name == "retry":
            continue
        scope = ["--app", deployed.app_id] if row.per_app else []
        ran = deployed.type(name, line, *scope, "--output", "json")
        assert ran.code == 0, f"{name}: {ran}"
        fits(row.answers or "", ran.json, name)
    listed = deployed("escalations", "list", "--app", deployed.app_id, "--output", "json").json
    assert [each["id"] for each in listed] == [NOBODY]
    for action in ("claim", "release", "claim"):
        fits("escalations-act", deployed("escalations", action, NOBODY, "--output", "json").json, action)


def fits(definition: str, value: object, name: str) -> None:
    schema = {"$ref": f"#/$defs/{definition}", "$defs": CLI_SCHEMA["$defs"]}
    try:
        jsonschema.validate(value, schema, jsonschema.Draft202012Validator, format_checker=jsonschema.FormatChecker())
    except jsonschema.ValidationError as error:
        raise AssertionError(f"{name}: {error.message} at {error.json_path} in {value}") from None


def test_every_answer_has_its_schema() -> None:
    named = {row.answers for row in MATRIX.values() if row.answers}
    assert named <= CLI_SCHEMA["$defs"].keys()
    with_output = {name for name, command in REGISTRY.items() if any("--output" in each.opts for each in command.params)}
    assert with_output - {"render", "run", "pubsub", "export"} == {name for name, row in MATRIX.items() if row.answers} - {"export"}
