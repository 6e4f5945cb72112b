"""The parts that decide what is shown, without a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from hotmesh.tui.core.commands import parse_command
from hotmesh.tui.core.forms import fields_of, read
from hotmesh.tui.core.keys import KEYS, remapped
from hotmesh.tui.core.pictures import job_picture
from hotmesh.tui.core.rates import Rates
from hotmesh.tui.core.reference import reference
from hotmesh.tui.core.spans import plain, text_of, width_of, wrap
from hotmesh.tui.core.tables import Column, table
from hotmesh.tui.core.timeline import timeline_lines
from hotmesh.tui.core.travel import Travel
from hotmesh.tui.core.values import value_lines
from hotmesh.tui.core.walking import Way, step
from hotmesh.tui.core.words import age, sparkline
from hotmesh.tui.themes import FAINT, MUTED, ORDER, OWN, contrast, shades
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from hotmesh.client.filters import filter_text, parse_filter
from hotmesh.errors import FilterError, SettingsError
from hotmesh.store.listing import JobFilter
from hotmesh.values import Json
from tests.tui.fake import NOW_MS, program, waiting_job

FILTERS = {
    "": JobFilter(),
    "state:failed topic:order.* age<1h text": JobFilter(states=("failed",), topics=("order.*",), younger_s=3600, words=("text",)),
    "state:open": JobFilter(states=("running", "waiting", "paused")),
    "state:failed,waiting id:item-*,b": JobFilter(states=("failed", "waiting"), keys=("item-*", "b")),
    'age>2d entity:order version:2 "two words"': JobFilter(older_s=172_800, entity="order", version="2", words=("two words",)),
    "http://a.b": JobFilter(words=("http://a.b",)),
    "it's": JobFilter(words=("it's",)),
}


@pytest.mark.parametrize("text", FILTERS)
def test_filters_are_read_and_written(text: str) -> None:
    found = parse_filter(text)
    assert found == FILTERS[text]
    assert parse_filter(filter_text(found)) == found


WRONG_FILTERS = {
    "state:faild": "did you mean failed?",
    "state:": "write it as state:failed,waiting",
    "stat:failed": "did you mean state?",
    "age:1h": "an age is compared",
    "age<soon": "'soon' is no length of time",
    'a "b': 'a " is opened and not closed',
}


@pytest.mark.parametrize("text", WRONG_FILTERS)
def test_wrong_filters_are_explained(text: str) -> None:
    with pytest.raises(FilterError, match=WRONG_FILTERS[text].replace("?", r"\?")):
        parse_filter(text)


WRONG_COMMANDS = {
    "jbos": "did you mean :jobs?",
    "xyz": "there is :jobs",
    "job": ":job takes ID",
    "throttle fast": "milliseconds from -1",
    "throttle 5 mail": "topic:NAME or guid:ID",
}


@pytest.mark.parametrize("text", WRONG_COMMANDS)
def test_wrong_commands_are_explained(text: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_command(text)
    assert WRONG_COMMANDS[text] in str(caught.value)


@pytest.mark.parametrize(
    ("text", "verb"), [("q", "quit"), (":j", "jobs"), ("mes", "mesh"), ("brake 5", "throttle"), ("esc", "escalations")]
)
def test_commands_have_short_names(text: str, verb: str) -> None:
    assert parse_command(text).verb == verb


@pytest.mark.parametrize("name", [each for each in ORDER if not each.startswith("ansi")])
def test_every_theme_can_be_read(name: str) -> None:
    theme = next(each for each in (*OWN, *BUILTIN_THEMES.values()) if each.name == name)
    variables = theme.to_color_system().generate()
    background, foreground = Color.parse(variables["background"]), Color.parse(variables["foreground"])
    told = {name: contrast(Color.parse(color), background) for name, color in shades(variables).items()}
    most = contrast(foreground, background)
    assert told["hm-muted"] >= min(MUTED, most)
    assert told["hm-faint"] >= min(FAINT, most)
    if theme in OWN:
        for role in ("primary", "secondary", "accent", "warning", "error", "success"):
            assert contrast(Color.parse(variables[role]), background) >= 4.5, role


def test_keys_of_one_place_do_not_clash() -> None:
    for place in {key.place for key in KEYS} - {"all", "list"}:
        shared = ("all",) if place == "reader" else ("all", "list")
        taken: dict[str, str] = {}
        for key in KEYS:
            for one in key.keys.split(",") if key.place in (place, *shared) else ():
                assert one not in taken, f"{key.id} and {taken[one]} both have {one}"
                taken[one] = key.id


@pytest.mark.parametrize("text", ['[jobs]\ncancle = "x"\n', "jobs.cancel = 5\n", "["])
def test_a_wrong_file_of_keys_is_explained(text: str, tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"keys\.toml"):
        remapped(file)


def test_travelling_stops_at_both_ends_and_now_stays_now() -> None:
    job = waiting_job()
    assert Travel().on(job) == Travel()
    assert Travel().back(job, 100).number == 0
    assert Travel(5).on(job, 2).is_now
    assert Travel(2).seen(job).data == {"itemId": "item-123"}
    assert [each.state for each in Travel(3).seen(job).instances] == ["done", "running"]


def test_a_timeline_shows_attempts_waits_and_now() -> None:
    axis, lines = timeline_lines(waiting_job(), 80)
    assert "11:59:30" in plain(axis)
    assert "+30s" in plain(axis)
    shown = [plain(each) for each in lines]
    assert shown[1].count("▌") == 2, "three attempts are three segments"
    assert "░░░" in shown[2]
    assert all("│" in each for each in shown), "now"
    assert {width_of(each) for each in lines} == {80}


def test_a_timeline_shows_where_the_traveller_stands() -> None:
    _, lines = timeline_lines(waiting_job(), 80, NOW_MS - 15_000)
    assert all("┆" in plain(each) for each in lines)


WALKS: list[tuple[Way, str, str]] = [
    ("right", "order", "checkInventory"),
    ("left", "approve", "checkInventory"),
    ("down", "approve", "pack"),
    ("up", "pack", "approve"),
    ("right", "invoice", "invoice"),
]


@pytest.mark.parametrize(("way", "here", "there"), WALKS)
def test_walking(way: Way, here: str, there: str) -> None:
    picture = job_picture(program("2"), waiting_job(), "LR", 200)
    assert picture is not None
    assert step(picture.drawing.layout, picture.diagram.edges, here, way) == there


def test_a_narrow_place_turns_the_graph() -> None:
    wide, narrow = (job_picture(program("2"), waiting_job(), None, room) for room in (200, 60))
    assert wide is not None
    assert narrow is not None
    assert wide.drawing.layout.direction == "LR"
    assert narrow.drawing.layout.direction == "TB"


SCHEMA: Json = {
    "type": "object",
    "properties": {"n": {"type": "integer", "minimum": 1}, "x": {"type": "number"}, "ok": {"type": "boolean"}, "l": {"type": "array"}},
    "required": ["n"],
}
FORMS: dict[tuple[str, ...], tuple[Json, str | None]] = {
    ("5", "", "", ""): ({"n": 5}, None),
    ("5", "1.5", "no", "[1]"): ({"n": 5, "x": 1.5, "ok": False, "l": [1]}, None),
    ("", "", "", ""): ({}, "n is required"),
    ("five", "", "", ""): ({}, "n takes a whole number, not 'five'"),
    ("0", "", "", ""): ({"n": 0}, "n: 0 is less than the minimum of 1"),
    ("5", "", "", "x"): ({"n": 5}, "l takes a JSON list, not 'x'"),
}


@pytest.mark.parametrize("texts", FORMS)
def test_forms(texts: tuple[str, ...]) -> None:
    assert read(fields_of(SCHEMA), list(texts), SCHEMA) == FORMS[texts]


def test_a_form_without_a_schema_takes_json() -> None:
    fields = fields_of(None)
    assert read(fields, ['{"a": 1}'], None) == ({"a": 1}, None)
    assert read(fields, [""], None) == ({}, None)
    assert read(fields, ["{"], None)[1] == "the payload takes JSON, not '{'"
    assert read(fields_of(None, {"id": "a"}), ["a"], None) == ({"id": "a"}, None)


def test_columns_of_low_rank_go_where_there_is_no_room() -> None:
    columns = (Column("a", 10, 1), Column("b", 10, rank=1), Column("c", 10, align="right", rank=2))
    header, rows = table(columns, [["x" * 30, "y", "z"]], 24)
    assert plain(header) == "a             b         "
    assert plain(rows[0]) == "xxxxxxxxxxx…  y         "
    assert {width_of(table(columns, [["日本語日本語日本語", "y", "z"]], width)[1][0]) for width in (40, 41)} == {40, 41}


def test_values_are_told_like_yaml() -> None:
    value = {"a": {"b": [1, "two"]}, "c": "long words here", "d": []}
    assert text_of(value_lines(value, 20)) == "a:\n  b:\n    - 1\n    - two\nc: long words here\nd: []\n"
    assert [plain(each) for each in wrap("abcdefgh ij", 4)] == ["abcd", "efgh", "ij"]
    assert [plain(each) for each in wrap("a\n  bc de\n    f", 5)] == ["a", "  bc", "  de", "  f"], "what is indented stays so"
    assert [plain(each) for each in wrap("日本語日本語", 5)] == ["日本", "語日", "本語"]


@pytest.mark.parametrize(("ms", "text"), [(0, "0.0s"), (5, "5ms"), (400, "0.4s"), (59_000, "59s"), (720_000, "12m"), (1e10, "115d")])
def test_ages(ms: float, text: str) -> None:
    assert age(ms) == text


def test_rates_are_of_counters_that_may_begin_anew() -> None:
    rates = Rates()
    for second, value in enumerate((10, 20, 50, 5)):
        rates.note("a", value, second * 1000)
    assert rates.of("a") == [10, 30, 0]
    assert sparkline(rates.of("a"), 4) == " ▃█▁"


def test_the_page_of_the_docs_has_the_keys_as_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "terminal.md").read_text(encoding="utf-8")
    assert page.endswith(reference()), "docs/how-to/terminal.md: replace what stands below '## Keys' by tui.core.reference.reference()"
