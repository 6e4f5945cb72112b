"""`$ref`: what it brings in, and every way in which it can go wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hotmesh.compile import Compiled, compile_app

GRAPH = "subscribes: hello\nactivities:\n  start: {type: trigger}\n"
APP = "app:\n  id: x\n  version: '1'\n  graphs:\n    - $ref: './graphs/hello.yaml'\n"


@pytest.fixture
def compiled(tmp_path: Path) -> object:
    def compile_files(**contents: str) -> Compiled:
        """Writes files (`__` for `/`, `_yaml` for `.yaml`) below the app's folder, and compiles app.yaml."""
        folder = tmp_path / "shop"
        for name, content in contents.items():
            path = folder / name.replace("__", "/").replace("_yaml", ".yaml").replace("_json", ".json")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return compile_app((folder / "app.yaml").read_text(encoding="utf-8"), file=folder / "app.yaml")

    return compile_files


def found(result: Compiled) -> list[tuple[str, str]]:
    return [(each.code, f"{Path(each.file).name}:{each.line}:{each.column}") for each in result.diagnostics]


def test_a_graph_from_another_file(compiled) -> None:  # type: ignore[no-untyped-def]
    result = compiled(app_yaml=APP, graphs__hello_yaml=GRAPH)
    assert result.program is not None
    assert Path(result.program.graphs["hello"].span.file).name == "hello.yaml"


def test_a_ref_is_relative_to_its_file_and_may_point_into_json(compiled) -> None:  # type: ignore[no-untyped-def]
    graph = GRAPH + "input: {schema: {$ref: '../schemas/order.json#/a~1b/order'}}\n"
    result = compiled(app_yaml=APP, graphs__hello_yaml=graph, schemas__order_json=json.dumps({"a/b": {"order": {"type": "object"}}}))
    assert result.program is not None
    assert result.program.graphs["hello"].input_schema == {"type": "object"}


def test_keys_beside_a_ref_win(compiled) -> None:  # type: ignore[no-untyped-def]
    app = APP.replace("$ref: './graphs/hello.yaml'", "$ref: './graphs/hello.yaml'\n      subscribes: hallo\n      publishes: done")
    result = compiled(app_yaml=app, graphs__hello_yaml=GRAPH)
    assert result.program is not None
    assert result.program.graphs["hallo"].publishes == "done"


def test_a_finding_in_another_file_is_placed_there(compiled) -> None:  # type: ignore[no-untyped-def]
    result = compiled(app_yaml=APP, graphs__hello_yaml=GRAPH.replace("trigger", "triger"))
    assert found(result) == [("S103", "hello.yaml:3:17")]


def test_a_comment_in_another_file_silences_there(compiled) -> None:  # type: ignore[no-untyped-def]
    graph = (
        GRAPH
        + "  end: {type: hook, job: {maps: {a: '{strat.output.data.a}'}}} # hotmesh: ignore[R203]\ntransitions: {start: [{to: end}]}\n"
    )
    assert found(compiled(app_yaml=APP, graphs__hello_yaml=graph)) == []


def test_schemas_keep_their_own_refs(compiled) -> None:  # type: ignore[no-untyped-def]
    schema = {
        "type": "object",
        "properties": {"child": {"$ref": "#/$defs/node"}},
        "$defs": {"node": {"properties": {"next": {"$ref": "#"}}}},
    }
    inside = compiled(app_yaml=GRAPH + f"input: {{schema: {json.dumps(schema)}}}\n")
    assert inside.program is not None
    assert inside.program.graphs["hello"].input_schema == schema
    outside = compiled(app_yaml=GRAPH + "input: {schema: {$ref: './tree.json'}}\n", tree_json=json.dumps(schema))
    assert outside.program is not None
    assert outside.program.graphs["hello"].input_schema == schema


def test_refs_to_refs(compiled) -> None:  # type: ignore[no-untyped-def]
    app = GRAPH + "input: {schema: {$ref: '#/x-a/inner'}}\nx-a: {$ref: '#/x-b'}\nx-b: {inner: {$ref: '#/x-c'}}\nx-c: {type: object}\n"
    result = compiled(app_yaml=app)
    assert result.program is not None
    assert result.program.graphs["hello"].input_schema == {"type": "object"}


BROKEN = {
    "a missing file": ({"app_yaml": APP}, [("Y121", "app.yaml:5:13")], "there is no file"),
    "a misspelt file": ({"app_yaml": APP, "graphs__helo_yaml": GRAPH}, [("Y121", "app.yaml:5:13")], "did you mean helo.yaml?"),
    "a missing place": (
        {"app_yaml": APP.replace("hello.yaml", "hello.yaml#/helo"), "graphs__hello_yaml": "hello: {}\n"},
        [("Y121", "app.yaml:5:13")], "did you mean hello?",
    ),
    "a way out": ({"app_yaml": APP.replace("./graphs/hello.yaml", "../../etc/passwd")},
        [("Y123", "app.yaml:5:13")], "leaves the app's folder"),
    "an absolute way out": ({"app_yaml": APP.replace("./graphs/hello.yaml", "/etc/passwd")},
        [("Y123", "app.yaml:5:13")], "leaves the app's folder"),
    "an address": ({"app_yaml": APP.replace("./graphs/hello.yaml", "https://x.org/a.yaml")}, [("Y124", "app.yaml:5:13")], "follows files"),
    "a number": ({"app_yaml": APP.replace("'./graphs/hello.yaml'", "5")}, [("Y124", "app.yaml:5:13")], "not the number 5"),
    "a loop of files": (
        {"app_yaml": APP, "graphs__hello_yaml": GRAPH + "x-a: {$ref: '../app.yaml'}\n"},
        [("Y122", "hello.yaml:4:13")], "leads back to itself",
    ),
    "itself": ({"app_yaml": GRAPH + "x-a: {$ref: '#'}\n"}, [("Y122", "app.yaml:4:13")], "leads back to itself"),
    "a broken file": ({"app_yaml": APP, "graphs__hello_yaml": "a: [1"}, [("Y113", "hello.yaml:2:1")], "no YAML"),
    "an empty file": ({"app_yaml": APP, "graphs__hello_yaml": ""}, [("Y104", "hello.yaml:1:1")], "is empty"),
    "a folder": ({"app_yaml": APP.replace("hello.yaml", ""), "graphs__hello_yaml": GRAPH}, [("Y121", "app.yaml:5:13")], "there is no file"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_goes_wrong_is_found_once_and_in_its_place(name: str, compiled) -> None:  # type: ignore[no-untyped-def]
    contents, expected, words = BROKEN[name]
    result = compiled(**contents)
    errors = [each for each in found(result) if each[0][0] == "Y"]
    assert errors == expected
    assert result.program is None
    finding = next(each for each in result.diagnostics if each.code[0] == "Y")
    assert words in f"{finding.message} {finding.help}"


def test_a_text_without_a_file_reads_no_files() -> None:
    result = compile_app(APP)
    assert [each.code for each in result.diagnostics if each.code[0] == "Y"] == ["Y124"]


def test_a_text_with_a_root_may(tmp_path: Path) -> None:
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs" / "hello.yaml").write_text(GRAPH, encoding="utf-8")
    assert compile_app(APP, root=tmp_path).program is not None


def test_a_link_out_of_the_folder_is_a_way_out(compiled, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "secret.yaml").write_text(GRAPH, encoding="utf-8")
    (tmp_path / "shop" / "graphs").mkdir(parents=True)
    (tmp_path / "shop" / "graphs" / "hello.yaml").symlink_to(tmp_path / "secret.yaml")
    assert ("Y123", "app.yaml:5:13") in found(compiled(app_yaml=APP))


def test_refs_that_multiply_are_stopped() -> None:
    lines = [f"x-{n}: [{', '.join([f'{{$ref: {chr(39)}#/x-{n + 1}{chr(39)}}}'] * 10)}]" for n in range(12)]
    result = compile_app(GRAPH + "\n".join(lines) + "\nx-12: 1\n")
    assert [each.code for each in result.diagnostics] == ["Y110"]


def test_refs_that_deepen_are_stopped() -> None:
    lines = [f"x-{n}: [[{{$ref: '#/x-{n + 1}'}}]]" for n in range(5000)]
    backwards = [f"x-{n}: [[{{$ref: '#/x-{n - 1}'}}]]" for n in range(1, 5000)]
    for text in ("\n".join(lines) + "\nx-5000: 1\n", "x-0: 1\n" + "\n".join(backwards)):
        assert {each.code for each in compile_app(GRAPH + text).diagnostics} == {"Y107"}
