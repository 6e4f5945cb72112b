"""The language server as an editor meets it: a real process, the real protocol."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

APP = """\
subscribes: hello
activities:
  start: {type: trigger}
  work:
    type: worker
    topic: work.do
    input:
      maps: {'größe 😀': '{strat.output.data.a}'}
transitions:
  start: [{to: work}]
"""


class Editor:
    """An editor with one file open."""

    def __init__(self, client: LanguageClient, path: Path) -> None:
        self.client = client
        self.uri = path.as_uri()
        self.found: asyncio.Queue[list[lsp.Diagnostic]] = asyncio.Queue()

    async def open(self, text: str) -> list[lsp.Diagnostic]:
        item = lsp.TextDocumentItem(uri=self.uri, language_id="yaml", version=1, text=text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(text_document=item))
        return await self.found.get()

    async def type(self, text: str) -> list[lsp.Diagnostic]:
        document = lsp.VersionedTextDocumentIdentifier(uri=self.uri, version=2)
        change = lsp.TextDocumentContentChangeWholeDocument(text=text)
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(text_document=document, content_changes=[change]))
        return await self.found.get()

    @property
    def document(self) -> lsp.TextDocumentIdentifier:
        return lsp.TextDocumentIdentifier(uri=self.uri)


@pytest.fixture
async def editor(tmp_path: Path) -> AsyncIterator[Editor]:
    client = LanguageClient("test", "1")
    editor = Editor(client, tmp_path / "app.yaml")

    @client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)  # type: ignore[untyped-decorator]
    def published(params: lsp.PublishDiagnosticsParams) -> None:
        editor.found.put_nowait(list(params.diagnostics))

    await client.start_io(sys.executable, "-m", "hotmesh", "lsp")
    await client.initialize_async(lsp.InitializeParams(capabilities=lsp.ClientCapabilities(), process_id=None, root_uri=tmp_path.as_uri()))
    client.initialized(lsp.InitializedParams())
    yield editor
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()  # type: ignore[no-untyped-call]


async def test_an_afternoon_in_an_editor(editor: Editor) -> None:
    (found,) = await editor.open(APP)
    assert (found.code, found.severity, found.source) == ("R203", lsp.DiagnosticSeverity.Error, "hotmesh")
    line = APP.split("\n")[7]
    start = len(line[: line.index("strat")].encode("utf-16-le")) // 2
    assert found.range == lsp.Range(start=lsp.Position(7, start), end=lsp.Position(7, start + 5)), "columns count UTF-16 units"

    context = lsp.CodeActionContext(diagnostics=[found])
    offered = await editor.client.text_document_code_action_async(
        lsp.CodeActionParams(text_document=editor.document, range=found.range, context=context)
    )
    assert offered is not None
    preferred = next(action for action in offered if isinstance(action, lsp.CodeAction) and action.is_preferred)
    assert preferred.title == "Change to start"
    assert preferred.edit is not None
    assert preferred.edit.changes is not None
    assert list(preferred.edit.changes[editor.uri]) == [lsp.TextEdit(range=found.range, new_text="start")]

    assert await editor.type(APP.replace("strat", "start")) == []
    at = lsp.Position(3, 4)
    renamed = await editor.client.text_document_rename_async(lsp.RenameParams(text_document=editor.document, position=at, new_name="check"))
    assert renamed is not None
    assert renamed.changes is not None
    assert [(edit.range.start.line, edit.new_text) for edit in renamed.changes[editor.uri]] == [(3, "check"), (9, "check")]

    defined = await editor.client.text_document_definition_async(
        lsp.DefinitionParams(text_document=editor.document, position=lsp.Position(9, 16))
    )
    assert isinstance(defined, lsp.Location)
    assert defined.range.start == lsp.Position(3, 2)

    hovered = await editor.client.text_document_hover_async(lsp.HoverParams(text_document=editor.document, position=at))
    assert hovered is not None
    assert isinstance(hovered.contents, lsp.MarkupContent)
    assert "**work** · worker" in hovered.contents.value

    listed = await editor.client.text_document_document_symbol_async(lsp.DocumentSymbolParams(text_document=editor.document))
    assert listed is not None
    assert [symbol.name for symbol in listed] == ["start", "work"]

    await editor.type(APP.replace("'{strat.output.data.a}'}", "'{st"))
    position = lsp.Position(7, len(APP.split("\n")[7][: line.index("strat") + 2].encode("utf-16-le")) // 2)
    proposed = await editor.client.text_document_completion_async(lsp.CompletionParams(text_document=editor.document, position=position))
    assert isinstance(proposed, list)
    assert [item.label for item in proposed] == ["start", "work", "$self", "$job"]


async def test_ctrl_c_ends_it_though_no_editor_says_a_word_more() -> None:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "hotmesh", "lsp", stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    asked = b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"processId": null, "rootUri": null, "capabilities": {}}}'
    process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(asked), asked))
    assert (await process.stdout.readline()).startswith(b"Content-"), "it serves"
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(10):
        assert await process.wait() == -signal.SIGINT
