"""Under a codec nothing of a payload is readable in the database, at any moment; through the client everything is."""

from __future__ import annotations

import asyncio
import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hotmesh import Fatal, HotMesh, JobError, RestrictedWorker, StreamData, StreamResponse
from hotmesh.client.console import Console
from hotmesh.client.filters import parse_filter
from hotmesh.errors import FilterError
from hotmesh.export.why import why
from hotmesh.runtime.bus import channel_of
from hotmesh.values import Json, dumps
from tests.functional.engine.apps import until

MARK = "hush-hush"


class Sealed:
    """AES-GCM, and an HMAC to find what is the same by."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._cipher = AESGCM(self._key)

    def encode(self, text: str) -> str:
        nonce = os.urandom(12)
        return b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), None)).decode()

    def decode(self, text: str) -> str:
        sealed = b64decode(text)
        return self._cipher.decrypt(sealed[:12], sealed[12:], None).decode()

    def fingerprint(self, text: str) -> str:
        return hmac.digest(self._key, text.encode(), "sha256").hex()


@pytest.fixture
def codec() -> Iterator[Sealed]:
    sealed = Sealed()
    HotMesh.register_codec(sealed)
    yield sealed
    HotMesh.register_codec(None)


def secret(name: str) -> str:
    """A text that must be readable nowhere."""
    return f"{MARK} {name}"


APP = (Path(__file__).parent / "codec.yaml").read_text(encoding="utf-8")
WATCH = """
CREATE TABLE {leaks} (place text, row text);
CREATE FUNCTION {leaks}_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF NEW::text LIKE '%{mark}%' THEN
    INSERT INTO {leaks} VALUES (TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, NEW::text);
  END IF;
  RETURN NULL;
END $$;
"""


class Watched:
    """Everything that is ever written to the app's schema or the shared one, or said on its channel."""

    def __init__(self, admin: asyncpg.Connection, app_id: str) -> None:
        self.admin, self.app_id = admin, app_id
        self.leaks = f"{app_id}_leaks"
        self.heard: list[str] = []
        self.tables: list[str] = []

    async def begin(self) -> None:
        await self.admin.execute(WATCH.format(leaks=self.leaks, mark=MARK))
        found = await self.admin.fetch(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ($1, 'hotmesh')", self.app_id
        )
        self.tables = [row[0] for row in found]
        for number, table in enumerate(self.tables):
            if not table.startswith("hotmesh."):
                await self.admin.execute(
                    f"CREATE TRIGGER leak{number} AFTER INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {self.leaks}_note()"
                )
        await self.admin.add_listener(channel_of(self.app_id), lambda *heard: self.heard.append(str(heard[-1])))

    async def check(self) -> None:
        """Nothing was readable at any moment, nor is now."""
        written = await self.admin.fetch(f"SELECT DISTINCT place, left(row, 400) FROM {self.leaks}")
        stored = [
            (table, row[0])
            for table in self.tables
            for row in await self.admin.fetch(f"SELECT left(t::text, 400) FROM {table} t WHERE t::text LIKE '%{MARK}%'")
        ]
        said = [text[:400] for text in self.heard if MARK in text]
        assert ([tuple(row) for row in written], stored, said) == ([], [], [])

    async def end(self) -> None:
        await self.admin.execute(f"DROP FUNCTION {self.leaks}_note CASCADE; DROP TABLE {self.leaks}")


@asynccontextmanager
async def watched(admin: asyncpg.Connection, app_id: str) -> AsyncIterator[Watched]:
    watch = Watched(admin, app_id)
    await watch.begin()
    try:
        yield watch
    finally:
        await watch.end()


async def work(task: StreamData) -> Json:
    assert task.data["text"].startswith(MARK)
    return {"text": task.data["text"]}


async def retried(task: StreamData) -> Json:
    if task.metadata.attempt < 3:
        raise RuntimeError(secret("in an error message"))
    return {"text": secret("after retries")}


async def written(task: StreamData) -> Json:
    await task.tx.execute("SELECT 1")
    return {"text": secret("from a transaction")}


async def several(task: StreamData) -> AsyncIterator[Any]:
    for n in range(3):
        yield StreamResponse({"text": secret(f"part {n}")}, "pending")
    yield {"text": secret("the last part")}


async def fails(task: StreamData) -> Json:
    raise Fatal(secret("in the error of a child"))


async def count(task: StreamData) -> Json:
    return {"n": task.data["n"] + 1, "text": secret("in a cycle")}


def workers() -> list[dict[str, Any]]:
    served = {"work": work, "retried": retried, "several": several, "fails": fails, "count": count}
    plain: list[dict[str, Any]] = [{"topic": topic, "callback": callback} for topic, callback in served.items()]
    return [*plain, {"topic": "written", "callback": written, "transactional": True}]


@pytest.fixture
async def mesh(codec: Sealed, dsn: str, app_id: str) -> AsyncIterator[HotMesh]:
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=workers(), poll_s=0.2) as mesh:
        await mesh.deploy(APP.replace("id: APP", f"id: {app_id}"))
        await mesh.activate("1")
        yield mesh


GIVEN = {"given": secret("input"), "list": [secret("one"), secret("two")]}


async def test_nothing_is_readable_and_everything_is_read(mesh: HotMesh, dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    async with (
        watched(admin, app_id) as watch,
        HotMesh(app_id=app_id, engine={"connection": dsn}) as other,
        await Console.open(app_id, dsn) as console,
    ):
        published: asyncio.Queue[tuple[str, Json]] = asyncio.Queue()
        said: asyncio.Queue[tuple[str, Json]] = asyncio.Queue()
        await other.sub("all.done", lambda topic, output: published.put_nowait((topic, output.data)))
        await other.sub_quorum(lambda kind, body: said.put_nowait((kind, body)) if kind == "user" else None)
        await until(lambda: heard_by(mesh, "all.done"))
        await mesh.pub("all", GIVEN, job_id="one")
        await until(lambda: nudged(mesh, "one"))
        await watch.check()
        await seen_while_it_waits(mesh, console)
        await mesh.pub_quorum("chat", secret("to the members"))
        assert (await said.get())[1]["message"] == secret("to the members")
        (escalation,) = await console.escalated()
        assert (escalation.role, escalation.priority, escalation.description) == ("clerk", 2, GIVEN["given"])
        assert escalation.fields["metadata"] == {"why": GIVEN["given"]}
        await console.resolve(escalation.id, {"said": secret("by a clerk")}, "ada")
        output = await mesh.result("one", timeout=20)
        expected = {
            "given": GIVEN["given"],
            "worked": GIVEN["given"],
            "written": secret("from a transaction"),
            "child": GIVEN["given"],
            "sorry": secret("in the error of a child"),
            "nudged": GIVEN["given"],
            "said": secret("by a clerk"),
        }
        assert output.data == expected
        async with asyncio.timeout(10):
            told = [await published.get() for _ in range(4)]
        assert all(topic == "all.done" and data["given"] == GIVEN["given"] for topic, data in told), (
            "three emissions, and what persist tells"
        )
        assert (await mesh.export("one")).to_json()["data"] == expected
        assert MARK in dumps((await mesh.export("one")).to_json()["state"])
        await watch.check()


async def heard_by(mesh: HotMesh, pattern: str) -> bool:
    return pattern in mesh.node.peers.patterns


async def nudged(mesh: HotMesh, job_id: str) -> bool:
    """Whether only the hook that waits for a person is left."""
    execution = await mesh.execution(job_id)
    return {each.activity_id for each in execution.open_instances()} == {"h"}


async def seen_while_it_waits(mesh: HotMesh, console: Console) -> None:
    """What a waiting job's views show through the client."""
    execution = await console.read("one")
    assert secret("input") in why(execution), "the values that the signal is to bring"
    assert next(each for each in execution.instances if each.activity_id == "r").output == {"text": secret("after retries")}
    page = await console.jobs(parse_filter("state:failed topic:failing"))
    assert [row.error["message"] for row in page.rows] == [secret("in the error of a child")]


async def test_signals_meet_their_hooks_by_fingerprints(mesh: HotMesh, app_id: str, admin: asyncpg.Connection) -> None:
    async with watched(admin, app_id) as watch:
        given = {**GIVEN, "given": secret("early")}
        await mesh.signal("ask", {"who": secret("early"), "said": secret("before anybody asked")})
        await mesh.signal("ask", {"who": secret("somebody else"), "said": secret("to nobody")})
        await mesh.pub("all", given, job_id="early")
        assert (await mesh.result("early", timeout=20)).data["said"] == secret("before anybody asked")
        async with admin.transaction():
            await mesh.pub("all", GIVEN, job_id="late", tx=admin)
            await mesh.signal("ask", {"who": secret("input"), "said": secret("in a transaction")}, tx=admin)
        assert (await mesh.result("late", timeout=20)).data["said"] == secret("in a transaction")
        await watch.check()


async def test_a_hook_that_waited_before_there_was_a_codec_is_met(mesh: HotMesh, codec: Sealed) -> None:
    HotMesh.register_codec(None)
    await mesh.pub("all", GIVEN, job_id="old")
    await until(lambda: nudged(mesh, "old"))
    HotMesh.register_codec(codec)
    await mesh.signal("ask", {"who": secret("input"), "said": "yes"})
    assert (await mesh.result("old", timeout=20)).data["said"] == "yes"


async def test_how_jobs_ended_is_told_apart(mesh: HotMesh, app_id: str, admin: asyncpg.Connection) -> None:
    async with watched(admin, app_id) as watch:
        await mesh.pub("family", GIVEN, job_id="victim")
        await until(lambda: has_child(mesh, "victim"))
        await mesh.pubsub("killer", GIVEN)
        for job_id in ("cancelled", "interrupted"):
            await mesh.pub("sleeper", GIVEN, job_id=job_id)
        await mesh.cancel("cancelled", reason=secret("why it was cancelled"))
        await mesh.interrupt("sleeper", "interrupted", reason=secret("why it was interrupted"))
        with pytest.raises(JobError, match="in the error of a child"):
            await mesh.pubsub("failing", GIVEN, job_id="failed")
        with pytest.raises(JobError, match="input"):
            await mesh.result("victim", timeout=20)
        await until(lambda: ended(mesh, "sleeper", 3))

        async def found(text: str) -> set[str]:
            return {row.key for row in (await mesh.views.jobs(parse_filter(text))).rows}

        assert await found("state:failed") == {"failed"}
        assert await found("state:cancelled") == {"cancelled"}
        assert {"victim", "interrupted"} < await found("state:interrupted")
        rows = await admin.fetch(f"SELECT job_key, state, error ->> 'code' AS code FROM {app_id}.job_status WHERE job_key = 'victim'")
        assert [tuple(row) for row in rows] == [("victim", "interrupted", "418")]
        await watch.check()


async def has_child(mesh: HotMesh, job_id: str) -> bool:
    return bool((await mesh.execution(job_id)).children)


async def ended(mesh: HotMesh, topic: str, number: int) -> bool:
    return len((await mesh.views.jobs(parse_filter(f"state:ended topic:{topic}"))).rows) == number


async def test_workers_under_a_role_and_dead_letters(mesh: HotMesh, dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    async with watched(admin, app_id) as watch:
        made = await mesh.provision_worker_role(["restricted"])
        served = [{"topic": "restricted", "callback": several}]
        async with RestrictedWorker(app_id=app_id, connection=dsn, credentials=made, workers=served):
            assert (await mesh.pubsub("role", GIVEN, timeout=20)).data == {"text": secret("the last part")}
        await mesh.revoke_worker_role(made.role)
        await mesh.pub("role", GIVEN, job_id="poison")
        await admin.execute(f"UPDATE {app_id}.worker_streams SET claims = 5")
        await mesh.serve({"topic": "restricted", "callback": several})
        with pytest.raises(JobError, match="died"):
            await mesh.result("poison", timeout=20)
        (letter,) = await mesh.views.dead()
        assert letter.error["code"] == 598
        await watch.check()


async def test_without_the_codec_the_facts_stay_readable(mesh: HotMesh, codec: Sealed) -> None:
    with pytest.raises(JobError):
        await mesh.pubsub("failing", GIVEN, job_id="f")
    HotMesh.register_codec(None)
    row = (await mesh.views.jobs(parse_filter("state:failed"))).rows[0]
    assert row.error == {"code": 598, "message": "the error is encoded; register the codec to read it"}
    assert (await mesh.execution("f")).state == "failed"
    with pytest.raises(FilterError):
        parse_filter("state:unknown")
    HotMesh.register_codec(codec)
