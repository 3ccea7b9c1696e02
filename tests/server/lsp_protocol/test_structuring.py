"""Parameters into types: what is dropped, what is refused, and the dialects of inline completion."""

from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types
from pygls.protocol import default_converter

from glosswright_server.lsp.structuring import InvalidParams, Structurer

PLACE = {"textDocument": {"uri": "file:///a"}, "position": {"line": 0, "character": 0}}


@pytest.fixture
def structurer() -> Structurer:
    return Structurer(default_converter())


@pytest.mark.parametrize(
    "capabilities",
    [
        {"textDocument": {"codeAction": {"tagSupport": {"valueSet": [1, 2, 99]}}}},
        {"textDocument": {"publishDiagnostics": {"tagSupport": {"valueSet": [1, 2, 3]}}}},
        {"textDocument": {"completion": {"completionItem": {"insertTextModeSupport": {"valueSet": [1, 2, 3]}}}}},
        {"workspace": {"symbol": {"symbolKind": {"valueSet": [*range(1, 27), 99, 98]}}}},
        {"workspace": {"workspaceEdit": {"failureHandling": "later", "resourceOperations": ["copy"]}}},
        {"workspace": "yes", "window": [1], "general": 5},
        {"textDocument": {"completion": {"completionItem": {"tagSupport": {}}}}},
        {"textDocument": {"foldingRange": {"rangeLimit": -1}}},
    ],
)
def test_initialize_of_tomorrows_clients(structurer: Structurer, capabilities: dict[str, Any]) -> None:
    """A capability that this server does not know must not keep it from starting; what it knows beside it stays."""
    capabilities = {**capabilities, "notebookDocument": {"synchronization": {"executionSummarySupport": True}}}
    raw = {"processId": 1, "rootUri": None, "trace": "compact", "capabilities": capabilities}
    params = structurer.params(types.INITIALIZE, raw)
    assert params.process_id == 1
    assert params.trace is None
    assert params.capabilities.notebook_document.synchronization.execution_summary_support is True


def test_only_the_unknown_values_go(structurer: Structurer) -> None:
    """The known values of a set are needed: they decide what the server may send."""
    kinds = {"workspace": {"symbol": {"symbolKind": {"valueSet": [98, 1, 99, 2, 100]}}}}
    params = structurer.params(types.INITIALIZE, {"processId": None, "rootUri": None, "capabilities": kinds})
    assert list(params.capabilities.workspace.symbol.symbol_kind.value_set) == [
        types.SymbolKind.File,
        types.SymbolKind.Module,
    ]
    assert kinds["workspace"]["symbol"]["symbolKind"]["valueSet"] == [98, 1, 99, 2, 100], "the raw message is kept"


def test_diagnostics_of_tomorrow(structurer: Structurer) -> None:
    """Diagnostics come from other servers: an unknown tag or severity must not disable code actions."""
    span = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}
    diagnostics = [
        {"range": span, "message": "a", "severity": 9, "tags": [1, 7]},
        {"range": span},
        {"range": span, "message": "b"},
    ]
    raw = {
        "textDocument": {"uri": "u"},
        "range": span,
        "context": {"diagnostics": diagnostics, "only": ["magic"], "triggerKind": 7},
    }
    context = structurer.params(types.TEXT_DOCUMENT_CODE_ACTION, raw).context
    assert [diagnostic.message for diagnostic in context.diagnostics] == ["a", "b"]
    assert context.diagnostics[0].severity is None
    assert list(context.diagnostics[0].tags) == [types.DiagnosticTag.Unnecessary]
    assert (list(context.only), context.trigger_kind) == (["magic"], None)


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        pytest.param(None, "textDocument", id="no params"),
        pytest.param({"position": PLACE["position"]}, "textDocument", id="no document"),
        pytest.param({**PLACE, "position": {"line": 0}}, "position.character", id="no character"),
        pytest.param({**PLACE, "position": {"line": -1, "character": 0}}, "position", id="a negative line"),
        pytest.param({**PLACE, "position": {"line": 1e30, "character": 0}}, "position", id="beyond 2^31"),
        pytest.param({**PLACE, "position": "here"}, "position", id="a string"),
        pytest.param({**PLACE, "textDocument": []}, "textDocument", id="a list"),
        pytest.param([PLACE], "object", id="positional parameters"),
        pytest.param("x", "object", id="a scalar"),
    ],
)
def test_refused(structurer: Structurer, raw: Any, names: str) -> None:
    """What a method cannot do without is named in one short sentence, without a traceback."""
    with pytest.raises(InvalidParams, match=names) as caught:
        structurer.params(types.TEXT_DOCUMENT_HOVER, raw)
    assert len(str(caught.value)) < 80


def test_deep_nesting(structurer: Structurer) -> None:
    """JSON that parsed may still be too deep for what walks it."""
    deep: Any = 1
    for _ in range(100_000):
        deep = {"children": [deep]}
    with pytest.raises(InvalidParams):
        structurer.params(types.TEXT_DOCUMENT_HOVER, {**PLACE, "position": deep})
    while isinstance(deep, dict):  # taken apart by hand: the interpreter's own way is recursive
        deep = deep["children"].pop()


def test_extra_fields(structurer: Structurer) -> None:
    """The Copilot dialect adds fields; a malformed optional one is left out."""
    raw = {**PLACE, "workDoneToken": {"no": 1}, "formattingOptions": {"tabSize": 4}}
    raw["textDocument"] = {"uri": "u", "version": 3}
    params = structurer.params(types.TEXT_DOCUMENT_HOVER, raw)
    assert params.text_document.uri == "u"


def test_methods_without_parameters(structurer: Structurer) -> None:
    """Nothing to structure, nothing to refuse; methods of our own keep their JSON."""
    assert structurer.params(types.SHUTDOWN, None) is None
    assert structurer.params("glosswright/own", [1]) == [1]
    assert structurer.params(types.INITIALIZED, None) == types.InitializedParams()


@pytest.mark.parametrize(
    ("sent", "understood"),
    [
        ([1, 2], ["Invoked", "Automatic"]),
        ([2, 1], ["Automatic", "Invoked"]),
        ([0, 1, 1], ["Invoked", "Automatic", "Automatic"]),
        ([0, 2, 1], ["Invoked", "Automatic", "Invoked"]),
        ([None, 7, "x"], ["Invoked", "Invoked", "Invoked"]),
    ],
)
def test_trigger_kinds(structurer: Structurer, sent: list[Any], understood: list[str]) -> None:
    """LSP 3.18 counts from 1, older clients from 0; one 0 gives them away."""
    found = []
    for kind in sent:
        context = {} if kind is None else {"context": {"triggerKind": kind}}
        params = structurer.params(types.TEXT_DOCUMENT_INLINE_COMPLETION, {**PLACE, **context})
        found.append(params.context.trigger_kind.name)
    assert found == understood


def test_selected_completion_survives_the_dialect(structurer: Structurer) -> None:
    """Only the kind is rewritten; the rest of the context is what the client sent."""
    span = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}
    context = {"triggerKind": 0, "selectedCompletionInfo": {"range": span, "text": "print"}}
    params = structurer.params(types.TEXT_DOCUMENT_INLINE_COMPLETION, {**PLACE, "context": context})
    assert params.context.selected_completion_info.text == "print"
