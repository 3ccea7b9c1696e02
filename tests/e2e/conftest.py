"""A real language server process, a real client library and a real (scripted) model server process."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from harness.scripted_model import ScriptedModel
from lsprotocol import types
from pytest_lsp import LanguageClient
from pytest_lsp.client import make_test_lsp_client

QUICK = {
    "inline": {"debounceMinMs": 0, "debounceMaxMs": 0, "deadlineMs": 5000},
    # A test without a scripted model must not start, or even fetch, the real one.
    "model": {"autostart": False},
}
SERVER = [sys.executable, "-m", "glosswright_server"]


@pytest.fixture
def model(tmp_path: Path) -> Iterator[Callable[..., ScriptedModel]]:
    """Starts scripted model servers, each ended with the test."""
    with ExitStack() as stack:

        def start(**script: Any) -> ScriptedModel:
            return stack.enter_context(ScriptedModel(tmp_path / "model", **script))

        yield start


class Editor:
    """A session with the language server, and one document in it."""

    def __init__(self, client: LanguageClient) -> None:
        self.client = client
        self.uri = "file:///project/example.py"
        self.version = 0
        self.text = ""
        self.cursor = types.Position(0, 0)
        self.statuses: list[dict[str, Any]] = []
        self.edits: list[types.WorkspaceEdit] = []
        self.result: types.InitializeResult | None = None
        self.progress: dict[types.ProgressToken, list[Any]] = {}

    @property
    def document(self) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri)

    def open(self, marked: str, language_id: str = "python", uri: str = "") -> None:
        """Open a document, the cursor at ▮."""
        self.uri = uri or self.uri
        self._take(marked)
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(
                types.TextDocumentItem(self.uri, types.LanguageKind(language_id), self.version, self.text)
            )
        )

    def type(self, text: str) -> None:
        """Type on one line at the cursor."""
        lines = self.text.split("\n")
        line, column = self.cursor.line, self.cursor.character
        lines[line] = lines[line][:column] + text + lines[line][column:]
        self.text = "\n".join(lines)
        self.version += 1
        at = types.Range(self.cursor, self.cursor)
        self.cursor = types.Position(line, column + len(text))
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.version, self.uri),
                [types.TextDocumentContentChangePartial(range=at, text=text)],
            )
        )

    def after(self, range: types.Range | None, text: str) -> str:
        """The document after an edit (of ASCII lines)."""
        assert range is not None

        def offset(position: types.Position) -> int:
            lines = self.text.split("\n")
            return sum(len(line) + 1 for line in lines[: position.line]) + position.character

        return self.text[: offset(range.start)] + text + self.text[offset(range.end) :]

    def _take(self, marked: str) -> None:
        before = marked[: marked.index("▮")]
        self.text = marked.replace("▮", "")
        self.cursor = types.Position(before.count("\n"), len(before) - before.rfind("\n") - 1)
        self.version += 1

    async def inline(self, *, by_hand: bool = False) -> types.InlineCompletionItem | None:
        kinds = types.InlineCompletionTriggerKind
        found = await self.client.text_document_inline_completion_async(
            types.InlineCompletionParams(
                context=types.InlineCompletionContext(trigger_kind=kinds.Invoked if by_hand else kinds.Automatic),
                text_document=self.document,
                position=self.cursor,
            )
        )
        assert found is None or isinstance(found, types.InlineCompletionList)
        return found.items[0] if found else None

    async def actions(self, **context: Any) -> list[types.CodeAction]:
        return [action for action in await self.listed(**context) if isinstance(action, types.CodeAction)]

    async def listed(self, **context: Any) -> list[Any]:
        found = await self.client.text_document_code_action_async(
            types.CodeActionParams(
                text_document=self.document,
                range=types.Range(self.cursor, self.cursor),
                context=types.CodeActionContext(diagnostics=[], **context),
            )
        )
        return list(found or [])


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Starts sessions; each is shut down in good order at the end, and must have ended well."""
    async with AsyncExitStack() as stack:

        async def begin(
            env: dict[str, str] | None = None,
            options: Any = None,
            capabilities: types.ClientCapabilities | None = None,
            configuration: dict[str, Any] | None = None,
        ) -> Editor:
            client = make_test_lsp_client()
            editor = Editor(client)
            _extend(editor)
            if configuration is not None:
                client.set_configuration(configuration)
            folder = {
                "GLOSSWRIGHT_RUNTIME_DIR": str(tmp_path / "model" / "run"),
                "GLOSSWRIGHT_CACHE_DIR": str(tmp_path / "model" / "cache"),
                "GLOSSWRIGHT_STATE_DIR": str(tmp_path / "state"),
            }
            await client.start_io(*SERVER, env={**os.environ, **folder, **(env or {})})
            stack.push_async_callback(client.shutdown_session)
            editor.result = await client.initialize_session(
                types.InitializeParams(
                    capabilities=capabilities or capable(),
                    initialization_options=QUICK if options is None else options,
                    root_uri="file:///project",
                )
            )
            return editor

        yield begin


def _extend(editor: Editor) -> None:
    @editor.client.feature(types.WORKSPACE_APPLY_EDIT)
    def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        editor.edits.append(params.edit)
        return types.ApplyWorkspaceEditResult(applied=True)

    # In place of pytest-lsp's own, which takes a client's token for an unknown one.
    editor.client.protocol.fm.features.pop(types.PROGRESS, None)

    @editor.client.feature(types.PROGRESS)
    def progress(params: types.ProgressParams) -> None:
        editor.progress.setdefault(params.token, []).append(_progress_value(params.value))

    @editor.client.feature("glosswright/status")
    def status(params: Any) -> None:
        editor.statuses.append(
            {name: getattr(params, name, None) for name in ("state", "message", "model", "percentage")}
        )


def _progress_value(value: Any) -> Any:
    """The value of a `$/progress` notification, which the protocol leaves without a type."""
    kinds = {
        "begin": types.WorkDoneProgressBegin,
        "report": types.WorkDoneProgressReport,
        "end": types.WorkDoneProgressEnd,
    }
    fields = value if isinstance(value, dict) else value._asdict() if hasattr(value, "_asdict") else vars(value)
    return SimpleNamespace(type=kinds[fields["kind"]], **fields)


def capable(*, resolve: bool = True, snippets: bool = True, configuration: bool = False) -> types.ClientCapabilities:
    """The capabilities of a modern client."""
    resolvable = types.ClientCodeActionResolveOptions(properties=["edit"]) if resolve else None
    return types.ClientCapabilities(
        window=types.WindowClientCapabilities(work_done_progress=True),
        workspace=types.WorkspaceClientCapabilities(
            configuration=configuration,
            apply_edit=True,
            workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
        ),
        text_document=types.TextDocumentClientCapabilities(
            inline_completion=types.InlineCompletionClientCapabilities(),
            completion=types.CompletionClientCapabilities(
                completion_item=types.ClientCompletionItemOptions(
                    snippet_support=snippets,
                    documentation_format=[types.MarkupKind.Markdown] if snippets else [types.MarkupKind.PlainText],
                )
            ),
            code_action=types.CodeActionClientCapabilities(
                resolve_support=resolvable,
                data_support=resolve,
                tag_support=types.CodeActionTagOptions(value_set=[types.CodeActionTag.LlmGenerated]),
            ),
        ),
    )
