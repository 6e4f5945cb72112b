"""The language server over standard input and output; pygls (extra `lsp`) speaks the protocol."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlparse

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from hotmesh.diagnostic import Diagnostic, Severity, Span
from hotmesh.lint.fixes import Edit
from hotmesh.lsp.actions import Action, actions
from hotmesh.lsp.completion import Item, Kind, complete
from hotmesh.lsp.document import Document, read
from hotmesh.lsp.hover import hover
from hotmesh.lsp.symbols import definition, same_activity, symbol_at, symbols

_KINDS: Final[dict[Kind, lsp.CompletionItemKind]] = {
    "activity": lsp.CompletionItemKind.Class,
    "section": lsp.CompletionItemKind.Property,
    "field": lsp.CompletionItemKind.Field,
    "variable": lsp.CompletionItemKind.Variable,
    "domain": lsp.CompletionItemKind.Module,
    "function": lsp.CompletionItemKind.Function,
}
_SEVERITIES: Final = {Severity.ERROR: lsp.DiagnosticSeverity.Error, Severity.WARNING: lsp.DiagnosticSeverity.Warning}


class AppServer(LanguageServer):
    """The documents that an editor has open."""

    def __init__(self) -> None:
        super().__init__("hotmesh", version("hotmesh"))
        self.documents: dict[str, Document] = {}

    def changed(self, uri: str) -> None:
        """Reads a document anew and tells the editor what is wrong with it."""
        text = self.workspace.get_text_document(uri).source
        document = read(text, _path(uri), self.documents.get(uri))
        self.documents[uri] = document
        found = [self.diagnostic(document, each) for each in document.findings if each.file == document.name]
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri=uri, diagnostics=found))

    def closed(self, uri: str) -> None:
        self.documents.pop(uri, None)
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri=uri, diagnostics=[]))

    def diagnostic(self, document: Document, found: Diagnostic) -> lsp.Diagnostic:
        message = f"{found.message}\n{found.help}" if found.help else found.message
        related = [lsp.DiagnosticRelatedInformation(self.location(document, note.span), note.message) for note in found.related]
        return lsp.Diagnostic(
            range=_range(document, found.span),
            message=message,
            severity=_SEVERITIES[found.severity],
            code=found.code,
            source="hotmesh",
            related_information=related,
        )

    def location(self, document: Document, span: Span) -> lsp.Location:
        """A place as the protocol has it; places in other files are converted without their text."""
        if span.file == document.name and document.path is not None:
            return lsp.Location(uri=document.path.resolve().as_uri(), range=_range(document, span))
        start, end = lsp.Position(span.line - 1, span.column - 1), lsp.Position(span.end_line - 1, span.end_column - 1)
        return lsp.Location(uri=Path(span.file).resolve().as_uri(), range=lsp.Range(start=start, end=end))


def _path(uri: str) -> Path | None:
    parts = urlparse(uri)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _units(line: str, column: int) -> int:
    """A column in UTF-16 units, which the protocol counts in."""
    return len(line[:column].encode("utf-16-le", "surrogatepass")) // 2


def _column(line: str, units: int) -> int:
    """A column in characters."""
    return len(line.encode("utf-16-le", "surrogatepass")[: units * 2].decode("utf-16-le", "replace"))


def _position(document: Document, line: int, column: int) -> lsp.Position:
    return lsp.Position(line, _units(document.line(line), column))


def _range(document: Document, span: Span) -> lsp.Range:
    start = _position(document, span.line - 1, span.column - 1)
    return lsp.Range(start=start, end=_position(document, span.end_line - 1, span.end_column - 1))


def _edit(document: Document, edit: Edit) -> lsp.TextEdit:
    places = []
    for offset in (edit.start, edit.end):
        before = document.text[:offset]
        line = before.count("\n")
        places.append(_position(document, line, offset - (before.rfind("\n") + 1)))
    return lsp.TextEdit(range=lsp.Range(start=places[0], end=places[1]), new_text=edit.text)


def build() -> AppServer:
    """A server with all its features."""
    server = AppServer()
    _follow(server)
    _answer(server)
    _navigate(server)
    return server


def _follow(server: AppServer) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        server.changed(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        server.changed(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(_params: lsp.DidSaveTextDocumentParams) -> None:
        for uri in list(server.documents):
            server.changed(uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        server.closed(params.text_document.uri)


class _Positioned(Protocol):
    """The parameters of a request about a place in a document."""

    @property
    def text_document(self) -> lsp.TextDocumentIdentifier:
        """The document."""

    @property
    def position(self) -> lsp.Position:
        """The place."""


def _at(server: AppServer, params: _Positioned) -> tuple[Document, int, int] | None:
    """The document, line and column (in characters) that a request is about."""
    document = server.documents.get(params.text_document.uri)
    if document is None:
        return None
    line = params.position.line
    return document, line, _column(document.line(line), params.position.character)


def _answer(server: AppServer) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=["{", ".", "@", "$"]))
    def completion(params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
        at = _at(server, params)
        return [_item(at[0], at[1], at[2], item) for item in complete(*at)] if at is not None else []

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hovering(params: lsp.HoverParams) -> lsp.Hover | None:
        at = _at(server, params)
        found = hover(*at) if at is not None else None
        if at is None or found is None:
            return None
        return lsp.Hover(contents=lsp.MarkupContent(lsp.MarkupKind.Markdown, found.markdown), range=_range(at[0], found.span))

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix]))
    def fixing(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return []
        found = actions(document, params.range.start.line, params.range.end.line)
        return [_action(server, params.text_document.uri, document, action) for action in found]


def _item(document: Document, line: int, column: int, item: Item) -> lsp.CompletionItem:
    span = lsp.Range(start=_position(document, line, item.column), end=_position(document, line, column))
    return lsp.CompletionItem(
        label=item.label,
        kind=_KINDS[item.kind],
        detail=item.detail or None,
        documentation=item.documentation or None,
        text_edit=lsp.TextEdit(range=span, new_text=item.label),
    )


def _action(server: AppServer, uri: str, document: Document, action: Action) -> lsp.CodeAction:
    return lsp.CodeAction(
        title=action.title,
        kind=lsp.CodeActionKind.QuickFix,
        diagnostics=[server.diagnostic(document, action.found)],
        is_preferred=action.sure,
        edit=lsp.WorkspaceEdit(changes={uri: [_edit(document, edit) for edit in action.edits]}),
    )


def _navigate(server: AppServer) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def defining(params: lsp.DefinitionParams) -> lsp.Location | None:
        at = _at(server, params)
        span = definition(*at) if at is not None else None
        return server.location(at[0], span) if at is not None and span is not None else None

    @server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    def referring(params: lsp.ReferenceParams) -> list[lsp.Location]:
        at = _at(server, params)
        return [server.location(at[0], span) for span in same_activity(*at)] if at is not None else []

    @server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def preparing(params: lsp.PrepareRenameParams) -> lsp.Range | None:
        at = _at(server, params)
        symbol = symbol_at(*at) if at is not None else None
        return _range(at[0], symbol.span) if at is not None and symbol is not None else None

    @server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    def renaming(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        at = _at(server, params)
        spans = same_activity(*at) if at is not None else []
        if at is None or not spans:
            return None
        refused = _refused(at[0], at[1], at[2], params.new_name)
        if refused:
            raise JsonRpcInvalidParams(refused)
        edits = [lsp.TextEdit(range=_range(at[0], span), new_text=params.new_name) for span in spans]
        return lsp.WorkspaceEdit(changes={params.text_document.uri: edits})

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def listing(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        document = server.documents.get(params.text_document.uri)
        return list(_listed(document)) if document is not None else []


def _refused(document: Document, line: int, column: int, name: str) -> str:
    """Why an activity can't have a new name, '' when it can."""
    symbol = symbol_at(document, line, column)
    if re.fullmatch(r"[A-Za-z_][\w-]{0,127}", name, re.ASCII) is None:
        return f"{name!r} is no id: a letter or _, then letters, digits, - and _"
    taken = symbol is not None and name != symbol.activity_id and name in symbol.graph.activities
    return f"there is an activity {name} already" if taken else ""


def _listed(document: Document) -> Iterable[lsp.DocumentSymbol]:
    for symbol in symbols(document):
        if symbol.role == "definition":
            span, kind = _range(document, symbol.span), symbol.graph.activities[symbol.activity_id].kind
            yield lsp.DocumentSymbol(name=symbol.activity_id, detail=kind, kind=lsp.SymbolKind.Class, range=span, selection_range=span)
