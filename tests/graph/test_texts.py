"""Mermaid and Graphviz: what a diagram becomes, and what Graphviz makes of it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hotmesh.errors import RenderError
from hotmesh.graph.diagram import Diagram, Edge, Line, Mark, Node, diagrams
from hotmesh.graph.dot import dot_text, graphviz_svg, png_bytes
from hotmesh.graph.mermaid import mermaid_text
from hotmesh.graph.render import render
from tests.graph.apps import EVERYTHING, program

HOSTILE = Diagram(
    'top"ic <b>',
    (Node('a"b', "trigger", lines=(Line(Mark.TOPIC, "x < y & \\N z"),), tooltip='t"\n\\l'), Node("end", "worker"), Node("ü", "hook")),
    (Edge('a"b', "end", 'a | "b" > c', "e"), Edge("end", "ü"), Edge("ü", "end", back=True)),
)


def test_mermaid_links_awaits_to_their_graphs() -> None:
    text = mermaid_text(diagrams(program(EVERYTHING)))
    assert 'n0_4 -. "starts" .-> n1_0' in text
    assert "n0_9 -.-> n0_2" in text, "the way back of the cycle"
    assert text.count("subgraph") == 2
    assert text.startswith("flowchart LR\n")


def test_mermaid_escapes_what_would_break_it() -> None:
    text = mermaid_text([HOSTILE], "TB")
    assert text.startswith("flowchart TB\n")
    assert text.splitlines()[1] == '  n0_0(["a#quot;b<br/>x #lt; y #amp; \\N z"])'
    assert 'n0_0 -->|"a | #quot;b#quot; #gt; c"| n0_1' in text


def test_dot_has_a_cluster_for_each_graph() -> None:
    text = dot_text(diagrams(program(EVERYTHING)), "TB", name="everything 3")
    assert text.startswith('digraph "everything 3" {')
    assert "rankdir=TB" in text
    assert text.count("subgraph cluster_") == 2
    assert re.search(r"n0_4 -> n1_0 \[.*style=dotted", text)
    assert re.search(r"n0_9 -> n0_2 \[.*style=dashed", text)
    assert text == dot_text(diagrams(program(EVERYTHING)), "TB", name="everything 3")


@pytest.mark.parametrize("shown", [diagrams(program(EVERYTHING)), (HOSTILE,)], ids=["everything", "hostile"])
def test_graphviz_draws_what_we_write(shown: tuple[Diagram, ...]) -> None:
    text = graphviz_svg(shown)
    root = ElementTree.fromstring(text)
    drawn = "".join(root.itertext())
    for diagram in shown:
        for node in diagram.nodes:
            assert node.id in drawn
    assert "prefers-color-scheme:dark" in text
    assert "<!--" not in text


def test_graphviz_without_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel draws SVG; a PNG needs the program, and the error says how to get it."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert render(program(EVERYTHING), engine="graphviz").startswith(b"<svg")
    with pytest.raises(RenderError, match="no `dot` program on the PATH: install Graphviz"):
        png_bytes(diagrams(program(EVERYTHING)))


def stand_in(folder: Path, script: str) -> None:
    """A `dot` program of our own."""
    program = folder / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)


def test_the_program_is_used_when_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, '/bin/cat > /dev/null; echo "<?xml?><svg><g>drawn with $*</g></svg>"')
    monkeypatch.setenv("PATH", str(tmp_path))
    assert b"drawn with -Kdot -Tsvg" in render(program(EVERYTHING), engine="graphviz")
    assert b"drawn with -Kdot -Tpng" in render(program(EVERYTHING), "png")


def test_a_program_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, "/bin/cat > /dev/null; echo 'Error: no memory' >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    for format in ("png", "svg"):
        with pytest.raises(RenderError, match="Graphviz failed: Error: no memory"):
            render(program(EVERYTHING), "png" if format == "png" else "svg", engine="graphviz")


@pytest.mark.skipif(shutil.which("dot") is None, reason="no dot program here")
def test_a_real_png() -> None:
    assert png_bytes(diagrams(program(EVERYTHING))).startswith(b"\x89PNG")
