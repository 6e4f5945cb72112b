"""The setting `codec`: every process finds the codec by its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hotmesh import codec
from hotmesh.errors import SettingsError

MODULE = '''
class Turned:
    """Every text backwards."""

    def encode(self, text):
        return text[::-1]

    def decode(self, text):
        return text[::-1]


turned = Turned()
number = 7
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a module of codecs, as the place where the process was started."""
    (tmp_path / "turning.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    yield tmp_path
    codec.register(None)


@pytest.mark.parametrize("place", ["turning:Turned", "turning:turned"])
def test_a_codec_is_an_object_or_a_class(place: str) -> None:
    codec.register_from(place)
    assert codec.to_text({"a": 1}) == '"hm:}1:\\"a\\"{"'


def test_the_one_that_is_registered_stays() -> None:
    codec.register_from("turning:turned")
    codec.register_from("turning:nothing")
    assert codec.is_registered()


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("nowhere:Codec", "the codec nowhere:Codec can't be had: ModuleNotFoundError"),
        ("turning:other", "the codec turning:other can't be had: AttributeError"),
        ("turning:number", "turning:number is no codec: it has no encode"),
    ],
)
def test_what_is_no_codec_is_told(place: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        codec.register_from(place)
    assert not codec.is_registered()


def test_no_codec_is_plain_json() -> None:
    codec.register_from(None)
    assert codec.to_text({"a": 1}) == '{"a":1}'
