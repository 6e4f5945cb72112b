"""Which Postgres is used, and what an address must look like."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotmesh import settings
from hotmesh.errors import ConnectionError
from hotmesh.settings import Settings
from hotmesh.store.address import plain_dsn, resolve_dsn
from hotmesh.store.embedded import Cluster


@pytest.fixture(autouse=True)
def bare_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Cluster, "ensure", lambda cluster: f"embedded in {cluster.home}")


def test_the_order_is_argument_then_hotmesh_dsn_then_database_url_then_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTMESH_HOME", "/somewhere")
    assert resolve_dsn() == "embedded in /somewhere"
    monkeypatch.setenv("DATABASE_URL", "postgresql://third")
    assert resolve_dsn() == "postgresql://third"
    monkeypatch.setenv("HOTMESH_DSN", "postgresql://second")
    assert resolve_dsn() == "postgresql://second"
    assert resolve_dsn("postgresql://first") == "postgresql://first"


def test_settings_that_were_read_already_are_taken() -> None:
    assert resolve_dsn(chosen=settings.load(dsn="postgresql://chosen")) == "postgresql://chosen"
    assert resolve_dsn(chosen=Settings(home=Path("/there"))) == "embedded in /there"


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("postgresql://u:p@h:5432/d?sslmode=require", "postgresql://u:p@h:5432/d?sslmode=require"),
        ("postgres://u@h/d", "postgresql://u@h/d"),
        ("postgresql+asyncpg://u@h/d", "postgresql://u@h/d"),
        ("postgresql+psycopg://u@h/d", "postgresql://u@h/d"),
        ("postgresql:///d?host=/run/postgresql", "postgresql:///d?host=/run/postgresql"),
        ("  postgres://u@h/d\n", "postgresql://u@h/d"),
    ],
)
def test_addresses_are_understood_as_people_write_them(given: str, plain: str) -> None:
    assert plain_dsn(given) == plain


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("mysql://u:secret@h/d", "the address given is one of 'mysql'"),
        ("sqlite:///x.db", "the address given is one of 'sqlite'"),
        ("host=h password=secret", "the address given is no URL"),
        ("h:5432/secret", "the address given is no URL"),
    ],
)
def test_other_addresses_are_refused_without_telling_a_password(given: str, told: str) -> None:
    with pytest.raises(ConnectionError) as caught:
        plain_dsn(given)
    assert told in str(caught.value)
    assert "secret" not in str(caught.value)
