"""Deploying, acting on jobs and looking at them, as a user types it."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import jsonschema
import psycopg
import pytest
from psycopg import sql

from hotmesh.source.files import bundled
from tests.functional.cli.conftest import Command
from tests.functional.cli.test_run import Spawn, rows, wait_for

CLI_SCHEMA = json.loads(bundled("cli.schema.json"))


def fits(name: str, value: object) -> None:
    """Hold an answer against its part of schemas/cli.schema.json."""
    schema = {"$ref": f"#/$defs/{name}", "$defs": CLI_SCHEMA["$defs"]}
    jsonschema.validate(value, schema, jsonschema.Draft202012Validator)


def test_deploy_activate_versions(hotmesh: Command, app_id: str, folder: Path) -> None:
    assert "Deployed version 1" in hotmesh("deploy", "app.yaml").out
    assert "New jobs of" in hotmesh("activate", "1", "--app", app_id).out
    (folder / "app.yaml").write_text((folder / "app.yaml").read_text().replace("version: '1'", "version: '2'"))
    assert hotmesh("deploy", "app.yaml", "--activate", "--output", "json").json["version"] == "2"
    listed = hotmesh("versions", "--app", app_id, "--output", "json").json
    fits("versions", listed)
    assert [(each["version"], each["active"]) for each in listed] == [("2", True), ("1", False)]
    ran = hotmesh("activate", "7", "--app", app_id)
    assert ran.code == 1
    assert "version 7 is not deployed (there is 2, 1): deploy it first." in ran.err


def test_an_app_with_errors_stores_nothing(hotmesh: Command, app_id: str, folder: Path) -> None:
    (folder / "app.yaml").write_text((folder / "app.yaml").read_text().replace("to: ship", "to: shp"))
    assert hotmesh("deploy", "app.yaml").code == 1
    ran = hotmesh("jobs", "--app", app_id)
    assert ran.code == 1
    assert f"the database has no app '{app_id}'" in ran.err


UNKNOWN = [
    (["status", "nope"], "there is no job 'nope' in"),
    (["why", "nope"], "there is no job 'nope' in"),
    (["export", "nope"], "there is no job 'nope' in"),
    (["cancel", "nope"], "there is no job 'nope' in"),
    (["scrub", "--yes", "nope"], "there is no job 'nope' in"),
    (["render", "--job", "nope"], "there is no job 'nope' in"),
    (["pub", "nope"], "no app has a graph that subscribes to 'nope'"),
    (["pubsub", "nope"], "no app has a graph that subscribes to 'nope'"),
    (["signal", "nope"], "no app has a hook that waits on 'nope'"),
    (["throttle", "5", "--guid", "nope"], "has the guid 'nope'; `hotmesh rollcall` lists them."),
]


@pytest.mark.parametrize(("arguments", "told"), UNKNOWN, ids=[" ".join(arguments) for arguments, _ in UNKNOWN])
def test_what_is_not_there(deployed: Command, app_id: str, arguments: list[str], told: str) -> None:
    ran = deployed(*arguments, "--app", app_id)
    assert ran.code in (1, 2)
    assert ran.out == ""
    assert told in ran.err


@pytest.mark.parametrize(
    "arguments", [["jobs"], ["status", "x"], ["pub", "x"], ["rollcall"], ["throttle", "1"], ["db", "prune"]], ids=" ".join
)
def test_an_app_that_is_not_there(deployed: Command, arguments: list[str]) -> None:
    ran = deployed(*arguments, "--app", "no-such-app")
    assert (ran.code, ran.out) == (1, "")
    assert "the database has no app 'no-such-app'; there is" in ran.err


def test_a_payload_that_does_not_fit_stores_nothing(deployed: Command, app_id: str, dsn: str) -> None:
    ran = deployed("pub", f"{app_id}.order", '{"qty": "five"}')
    assert (ran.code, ran.out) == (1, "")
    assert "qty: 'five' is not of type 'integer'" in ran.err
    assert rows(dsn, app_id, "SELECT key FROM {}.jobs") == []


def test_a_signal_wakes_its_hook(deployed: Command, app_id: str) -> None:
    assert deployed("pub", f"{app_id}.approve", "--job-id", "a-1").out == "a-1\n"
    assert "stands still because no process takes part" in deployed("why", "a-1").out
    assert deployed("signal", f"{app_id}.approved", '{"id": "a-1", "by": "Ada"}').code == 0
    status = deployed("status", "a-1", "--output", "json").json
    fits("status", status)
    assert (status["state"], status["data"]) == ("completed", {"by": "Ada"})
    assert "a-1 · " in deployed("status", "a-1").out


def test_cancel_interrupt_and_what_is_said_twice(deployed: Command, app_id: str) -> None:
    for job_id in ("one", "two", "three"):
        deployed("pub", f"{app_id}.sleep", "--job-id", job_id)
    assert deployed("cancel", "one").out == "Cancelled one.\n"
    assert deployed("interrupt", "two", "three", "--reason", "enough").out == "Interrupted two.\nInterrupted three.\n"
    assert "was cancelled" in deployed("why", "one").out
    assert "was interrupted" in deployed("why", "two").out
    again = deployed("cancel", "one")
    assert (again.code, again.err) == (1, "error: the job one was cancelled; there is nothing to cancel.\n")
    states = {each["job_id"]: each["state"] for each in deployed("jobs", "--app", app_id, "--output", "json").json}
    assert states == {"one": "cancelled", "two": "interrupted", "three": "interrupted"}


def test_a_cancelled_job_waits_for_no_worker_that_has_not_begun(deployed: Command, app_id: str) -> None:
    """Nobody serves its topic, so nothing runs that might finish."""
    deployed("pub", f"{app_id}.order", '{"qty": 1}', "--job-id", "untaken")
    assert "stands still because no process takes part" in deployed("why", "untaken").out
    assert deployed("cancel", "untaken", "--reason", "too late").out == "Cancelled untaken.\n"
    assert deployed("status", "untaken", "--output", "json").json["state"] == "cancelled"
    assert deployed("queues", "--app", app_id, "--output", "json").json == []


def test_a_cancelled_job_tells_what_it_still_waits_for(deployed: Command, app_id: str, spawn: Spawn, folder: Path) -> None:
    worker = spawn("worker", "--app", app_id, "workers.py:SLOW")
    try:
        deployed("pub", f"{app_id}.parent", "--job-id", "busy")
        wait_for(folder / "slow", worker)
        ran = deployed("cancel", "busy", "--output", "json")
        fits("act", ran.json)
        assert ran.json[0]["note"].startswith("The job busy is being cancelled and runs slow on ")
        assert deployed("cancel", "busy").out.startswith("Cancelled busy. The job busy is being cancelled and runs slow on ")
    finally:
        worker.kill()
        worker.communicate()


def test_pause_and_resume(deployed: Command, app_id: str) -> None:
    deployed("pub", f"{app_id}.approve", "--job-id", "p")
    assert deployed("resume", "p").err == "error: the job p is waiting; there is nothing to resume.\n"
    assert deployed("pause", "p").out == "Paused p.\n"
    assert "is paused since" in deployed("why", "p").out
    assert deployed("jobs", "--state", "paused", "--app", app_id, "--output", "json").json[0]["job_id"] == "p"
    assert deployed("resume", "p").out == "Resumed p.\n"
    assert deployed("status", "p", "--output", "json").json["state"] == "waiting"


def test_retry_runs_the_failed_activity_again(deployed: Command, app_id: str) -> None:
    deployed("run", "app.yaml", f"{app_id}.order", '{"qty": 13}', "--workers", "workers.py", "--job-id", "r")
    assert "`hotmesh retry r` runs that activity again." in deployed("why", "r").out
    assert deployed("retry", "r").out == "Retried r.\n"
    assert deployed("status", "r", "--output", "json").json["state"] == "waiting"
    assert deployed("retry", "r").err == "error: the job r is waiting; there is nothing to retry.\n"


def test_scrub_deletes_a_finished_job_and_asks_before(deployed: Command, app_id: str, dsn: str) -> None:
    deployed("pub", f"{app_id}.sleep", "--job-id", "s")
    assert deployed("scrub", "--yes", "s").err == "error: the job s is waiting: interrupt it first, then scrub it.\n"
    deployed("interrupt", "s")
    assert deployed("scrub", "--yes", "s").out == "Deleted s.\n"
    assert rows(dsn, app_id, "SELECT key FROM {}.jobs") == []
    assert rows(dsn, app_id, "SELECT symbol FROM {}.jobs_attributes") == []


def test_jobs_are_filtered_and_paged(deployed: Command, app_id: str) -> None:
    for number in range(5):
        deployed("pub", f"{app_id}.sleep" if number % 2 else f"{app_id}.approve", "--job-id", f"j{number}")

    def ids(*arguments: str) -> list[str]:
        listed = deployed("jobs", "--app", app_id, "--output", "json", *arguments).json
        fits("jobs", listed)
        return [each["job_id"] for each in listed]

    assert ids() == ["j4", "j3", "j2", "j1", "j0"]
    assert ids("--topic", f"{app_id}.sl*") == ["j3", "j1"]
    assert ids("J2") == ["j2"]
    assert ids("--state", "failed,paused") == []
    assert ids("--state", "waiting", "--since", "1h", "--limit", "2") == ["j4", "j3"]
    assert ids("--until", "1h") == []
    first = deployed("jobs", "--app", app_id, "--limit", "2")
    assert "j4" in first.out
    cursor = first.err.rpartition("--after ")[2].strip()
    assert ids("--limit", "2", "--after", cursor) == ["j2", "j1"]


def test_export_and_the_run_drawn(deployed: Command, app_id: str) -> None:
    deployed("run", "app.yaml", f"{app_id}.order", '{"qty": 5}', "--stub", "--job-id", "e")
    export = deployed("export", "e").json
    fits("export", export)
    assert export["data"] == {"qty": 5, "ok": True, "shipped": True}
    assert [(each["from"], each["to"]) for each in export["transitions"]] == [("t", "check"), ("check", "ship")]
    assert deployed("export", "e", "--allow", "status", "--output", "json").out == '{"status":0}\n'
    whole = deployed("export", "e", "--execution").json
    jsonschema.validate(whole, json.loads(bundled("execution.schema.json")), jsonschema.Draft202012Validator)
    drawn = deployed("render", "--job", "e", "--format", "ascii").out
    assert "✓ job e done" in drawn
    assert "shp" not in drawn


def test_the_mesh_as_it_stands(deployed: Command, app_id: str) -> None:
    deployed("pub", f"{app_id}.order", '{"qty": 5}', "--job-id", "q")
    queues = deployed("queues", "--app", app_id, "--output", "json").json
    fits("queues", queues)
    assert [(each["topic"], each["ready"], each["consumers"]) for each in queues] == [(f"{app_id}.check", 1, 0)]
    assert deployed("throttle", "500", "--topic", f"{app_id}.check", "--app", app_id).code == 0
    brakes = deployed("throttle", "--app", app_id, "--output", "json").json
    fits("throttle", brakes)
    assert brakes == [{"app": app_id, "scope": f"topic:{app_id}.check", "throttle_ms": 500}]
    assert deployed("throttle", "0", "--topic", f"{app_id}.check", "--app", app_id).code == 0
    assert deployed("dead", "--app", app_id, "--output", "json").json == []
    assert deployed("rollcall", "--app", app_id, "--output", "json").json == []


def test_a_worker_serves_and_drains(deployed: Command, spawn: Spawn, app_id: str, folder: Path, dsn: str) -> None:
    process = spawn("worker", "workers.py:BRIEF", "--app", app_id)
    try:
        deployed("pub", f"{app_id}.parent", "--job-id", "w")
        wait_for(folder / "slow", process)
        members = deployed("rollcall", "--app", app_id, "--output", "json").json
        fits("rollcall", members)
        assert [list(each["topics"]) for each in members] == [[f"{app_id}.slow"]]
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert err.splitlines()[1:] == ["Draining; once more ends at once.", "Drained."]
    assert (folder / "finished").exists(), "the running callback was cut off"
    assert rows(dsn, app_id, "SELECT owner FROM {}.worker_streams WHERE owner IS NOT NULL") == []


def test_pubsub_prints_what_the_workers_of_others_make(deployed: Command, spawn: Spawn, app_id: str) -> None:
    process = spawn("worker", "workers.py", "--app", app_id)
    try:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Serving ")
        ran = deployed("pubsub", f"{app_id}.order", '{"qty": 5}')
        assert (ran.code, ran.json) == (0, {"qty": 5, "ok": True, "shipped": True})
        failed = deployed("pubsub", f"{app_id}.order", '{"qty": 13}')
        assert (failed.code, failed.err) == (1, "error: thirteen is no number of things\n")
        late = deployed("pubsub", f"{app_id}.sleep", "--timeout", "200ms")
        assert late.code == 1
        assert "has not ended within 0.2 s; it goes on" in late.err
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def test_a_role_without_rights(deployed: Command, app_id: str, dsn: str, request: pytest.FixtureRequest) -> None:
    role = f"poor_{app_id}"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    request.addfinalizer(lambda: drop(dsn, role))
    poor = dsn.replace("://hotmesh@", f"://{role}@")
    for arguments in (
        ["jobs", "--app", app_id],
        ["status", "x", "--app", app_id],
        ["pub", "x", "--app", app_id],
        ["rollcall", "--app", app_id],
    ):
        ran = deployed(*arguments, "--dsn", poor)
        assert (ran.code, ran.out) == (1, "")
        assert "GRANT" in ran.err, ran.err
        assert ran.err.count("\n") == 1
    ran = deployed("run", "app.yaml", f"{app_id}.order", "--stub", "--dsn", poor)
    assert ran.code == 1
    assert ran.err.count("\n") == 1


def drop(dsn: str, role: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(role)))


def test_migrate_prune_doctor(deployed: Command, app_id: str) -> None:
    assert deployed("db", "migrate", "--app", app_id).out == f"{app_id} is up to date.\n"
    deployed("pub", f"{app_id}.sleep", "--job-id", "old")
    deployed("interrupt", "old", "--expire", "1ms")
    assert deployed("db", "prune", "--app", app_id, "--older-than", "1h").out == f"{app_id}: 0 jobs deleted.\n"
    assert deployed("db", "prune", "--app", app_id, "--output", "json").json == [{"app": app_id, "deleted": 1}]
    found = deployed("db", "doctor", "--output", "json").json
    fits("doctor", found)
    assert ("server", "good") in [(each["what"], each["verdict"]) for each in found]
    assert any(each["what"] == app_id and each["verdict"] == "good" for each in found)


def test_ids_and_topics_complete(
    deployed: Command, app_id: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed("pub", f"{app_id}.sleep", "--job-id", "complete-me")

    def offered(*words: str) -> list[str]:
        from click.shell_completion import BashComplete

        from hotmesh.cli import cli as group
        from hotmesh.cli.invocation import Invocation

        found = BashComplete(group, {"obj": Invocation()}, "hotmesh", "_HOTMESH_COMPLETE").get_completions([*words[:-1]], words[-1])
        return [each.value for each in found]

    assert offered("why", "complete-") == ["complete-me"]
    assert offered("pub", f"{app_id}.sl") == [f"{app_id}.sleep"]
    assert offered("signal", f"{app_id}.") == [f"{app_id}.approved"]
    assert app_id in offered("jobs", "--app", app_id[:5])


def test_an_app_whose_tables_are_broken_does_not_hide_the_others(hotmesh: Command, app_id: str, folder: Path, empty_dsn: str) -> None:
    (folder / "other.yaml").write_text((folder / "app.yaml").read_text().replace(app_id, "broken"))
    for name in ("app.yaml", "other.yaml"):
        assert hotmesh("deploy", name, "--activate", "--dsn", empty_dsn).code == 0
    assert hotmesh("pub", f"{app_id}.sleep", "--job-id", "n", "--dsn", empty_dsn).code == 0
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        connection.execute("DROP TABLE broken.jobs CASCADE; DROP TABLE broken.versions")
    ran = hotmesh("jobs", "--dsn", empty_dsn)
    assert (ran.code, "n " in ran.out) == (0, True)
    assert "warning: broken is left out: the app's tables are not those of this HotMesh" in ran.err
    assert hotmesh("status", "n", "--dsn", empty_dsn).code == 0
    assert hotmesh("jobs", "--app", "broken", "--dsn", empty_dsn).code == 1
    (folder / "third.yaml").write_text((folder / "app.yaml").read_text().replace(f"id: {app_id}", "id: third"))
    assert hotmesh("deploy", "third.yaml", "--activate", "--dsn", empty_dsn).code == 0
    twice = hotmesh("pub", f"{app_id}.sleep", "--dsn", empty_dsn)
    assert twice.code == 1
    assert f"several apps have a graph that subscribes to '{app_id}.sleep': {app_id}, third; say which one with --app." in twice.err


def test_a_role_that_may_only_read_can_look_at_everything(deployed: Command, app_id: str, dsn: str, request: pytest.FixtureRequest) -> None:
    deployed("pub", f"{app_id}.sleep", "--job-id", "seen")
    role = f"reader_{app_id}"
    grants = "GRANT USAGE ON SCHEMA {1}, hotmesh TO {0}; GRANT SELECT ON ALL TABLES IN SCHEMA {1}, hotmesh TO {0}"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        connection.execute(sql.SQL(grants).format(sql.Identifier(role), sql.Identifier(app_id)))
    request.addfinalizer(lambda: drop(dsn, role))
    reader = dsn.replace("://hotmesh@", f"://{role}@")
    looking = [
        ["jobs"],
        ["status", "seen"],
        ["why", "seen"],
        ["export", "seen"],
        ["queues"],
        ["rollcall"],
        ["dead"],
        ["versions"],
        ["throttle"],
    ]
    for arguments in looking:
        ran = deployed(*arguments, "--app", app_id, "--dsn", reader)
        assert (ran.code, "error" in ran.err) == (0, False), f"{arguments}: {ran.err}"
    ran = deployed("cancel", "seen", "--app", app_id, "--dsn", reader)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "GRANT" in ran.err
