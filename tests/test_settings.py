"""Settings: where they come from, which place wins, and what a wrong one says."""

from __future__ import annotations

import json
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hotmesh import settings
from hotmesh.errors import SettingsError
from hotmesh.settings import OLDER_NAMES, Settings


@pytest.fixture(autouse=True)
def bare_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pyproject(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.hotmesh]\n{text}\n")


def test_nothing_given_means_the_defaults() -> None:
    assert settings.load() == Settings()


def test_arguments_win_over_the_environment_over_the_file(bare_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pyproject(bare_folder, "poll_s = 3\nlease_s = 3\nconcurrency = 3")
    monkeypatch.setenv("HOTMESH_POLL_S", "2")
    monkeypatch.setenv("HOTMESH_LEASE_S", "2")
    loaded = settings.load(poll_s=1)
    assert (loaded.poll_s, loaded.lease_s, loaded.concurrency) == (1, 2, 3)


def test_the_nearest_pyproject_above_is_read(bare_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pyproject(bare_folder, "concurrency = 7")
    (bare_folder / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(bare_folder / "deep" / "er")
    assert settings.load().concurrency == 7


@pytest.mark.parametrize("setting", OLDER_NAMES)
def test_the_own_name_of_a_variable_wins_over_the_older_one(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    older, newer = {"dsn": ("postgres://a", "postgres://b"), "log_level": ("info", "error"), "telemetry": ("true", "false")}[setting]
    monkeypatch.setenv(OLDER_NAMES[setting], older)
    assert str(getattr(settings.load(), setting)).lower() == older
    monkeypatch.setenv(f"HOTMESH_{setting.upper()}", newer)
    assert str(getattr(settings.load(), setting)).lower() == newer


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTMESH_DSN", "")
    assert settings.load().dsn is None


def test_a_home_is_absolute_and_knows_the_tilde(bare_folder: Path) -> None:
    assert settings.load(home="here").home == bare_folder / "here"
    assert settings.load(home="~/x").home == Path.home() / "x"


WRONG = [
    ("lease_s", "0", "a number of seconds above 0"),
    ("lease_s", "nan", "a number of seconds above 0"),
    ("poll_s", "soon", "a number of seconds above 0"),
    ("expire_s", "-2", "a whole number of seconds, or -1 for ever"),
    ("expire_s", "1.5", "a whole number of seconds, or -1 for ever"),
    ("concurrency", "0", "a whole number from 1"),
    ("log_level", "loud", "debug, info, warn, error or silent"),
    ("telemetry", "maybe", "true or false"),
]


@pytest.mark.parametrize(("name", "text", "takes"), WRONG)
def test_a_wrong_value_is_named_with_its_place(name: str, text: str, takes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"HOTMESH_{name.upper()}", text)
    with pytest.raises(SettingsError) as caught:
        settings.load()
    assert str(caught.value) == f"{name} is {text!r} in the environment variable HOTMESH_{name.upper()}; it takes {takes}"


def test_an_unknown_setting_in_the_file_is_an_error(bare_folder: Path) -> None:
    pyproject(bare_folder, "leese_s = 1")
    with pytest.raises(SettingsError, match=r"\[tool.hotmesh\] of .*pyproject.toml has no setting 'leese_s'; did you mean lease_s\?"):
        settings.load()


def test_a_broken_file_is_an_error(bare_folder: Path) -> None:
    (bare_folder / "pyproject.toml").write_text("[tool.hotmesh")
    with pytest.raises(SettingsError, match=r"pyproject\.toml can't be read"):
        settings.load()


def schema() -> Any:
    return json.loads(files("hotmesh.schemas").joinpath("settings.schema.json").read_text())


def test_the_schema_knows_exactly_these_settings_and_their_defaults() -> None:
    properties = schema()["properties"]
    assert list(properties) == [field.name for field in fields(Settings)]
    assert {name: part["default"] for name, part in properties.items() if "default" in part} == {
        field.name: field.default for field in fields(Settings) if field.default is not None
    }


@pytest.mark.parametrize(("name", "text", "_takes"), WRONG)
def test_what_is_refused_is_refused_by_the_schema_too(name: str, text: str, _takes: str) -> None:
    value = float(text) if text.replace(".", "").lstrip("-").isdigit() else text
    assert not jsonschema.Draft202012Validator(schema()).is_valid({name: value})


def test_the_reference_names_every_setting_and_its_default() -> None:
    page = (Path(__file__).parents[1] / "docs/reference/settings.md").read_text()
    for field in fields(Settings):
        row = next((line for line in page.splitlines() if line.startswith(f"| `{field.name}` |")), None)
        assert row, f"{field.name} has no row"
        if field.default is not None:
            shown = str(field.default).lower().removesuffix(".0")
            assert row.split("|")[2].strip().strip("`") == shown
