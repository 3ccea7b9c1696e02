"""`textDocument/completion`: one item with the code for the comment or docstring at the cursor.

For editors without ghost text. Ordinary code is left to the language's own server: nothing is offered there, so nothing
of theirs is delayed or hidden.
"""

from __future__ import annotations

import re

from lsprotocol import types

from glosswright_server.documents import Snapshot
from glosswright_server.engine.changes import TextChange
from glosswright_server.engine.explanation import as_plain, explanation
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.errors import ModelError
from glosswright_server.feedback.impression import Surface

from .context import Context
from .convert import as_snippet, offset_of, range_of, text_edit
from .dialects import tabby
from .features import Features
from .imports import ACCEPTED
from .without_edits import text_behind

_LABEL_CHARS = 60
_WORD = re.compile(r"\w+$")
_SHELL_WORD = re.compile(r"[\w.%+*~^:,!-]+$")
"""The word at the cursor, as Emacs sees it: in shell scripts with what stands in the names of files."""


def register(features: Features) -> None:
    """Offer completion items."""
    server = features.server

    # No trigger characters: the list is for words, and asking after each space or newline would disturb other servers.
    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(resolve_provider=True))
    async def completion(params: types.CompletionParams, context: Context) -> types.CompletionList | None:
        snapshot = context.snapshot
        if snapshot is None or not features.settings.completion.enabled or not await features.offers(snapshot):
            return None
        offset = offset_of(snapshot, params.position)
        try:
            suggestion = await features.engine.completion(
                snapshot, offset, current=lambda: features.current(snapshot.uri)
            )
        except ModelError as error:
            features.model_failed(error)
            return None
        if suggestion is not None and suggestion.origin == "model":
            features.model_worked()
        item = _item(features, snapshot, offset, suggestion) if suggestion is not None else None
        # Incomplete either way: the answer is for this place alone, and may be longer the next time.
        return types.CompletionList(is_incomplete=True, items=[item] if item is not None else [])

    @server.feature(types.COMPLETION_ITEM_RESOLVE)
    async def resolve(item: types.CompletionItem, context: Context) -> types.CompletionItem:
        if isinstance(item.data, dict) and isinstance(item.data.get("code"), str):
            # A list is asked for on each keystroke; that its item was looked at shows here.
            features.impressions.shown(str(item.data.get("id")))
            item.documentation = _documentation(features, item.data)
        return item


def _item(features: Features, snapshot: Snapshot, offset: int, suggestion: Suggestion) -> types.CompletionItem | None:
    line = snapshot.line_at(offset)
    line_start = snapshot.line_start(line)
    if not line_start <= suggestion.start <= offset <= suggestion.end <= snapshot.line_end(line):
        return None
    behind = text_behind(snapshot, offset, suggestion) if features.spoken.nameless else None
    if features.spoken.nameless and behind is None:
        return None
    # The range begins where the line's text does, and the text there is typed again: clients filter an item by the word
    # left of the cursor, which here is the comment's last one.
    before = snapshot.text[line_start : suggestion.start]
    start = line_start + len(before) - len(before.lstrip())
    text = snapshot.text[start : suggestion.start] + suggestion.text
    if behind is not None:
        word = _WORD.search(snapshot.text[line_start:offset])
        start = offset - len(word[0]) if word else offset
        text = snapshot.text[start:offset] + behind
    # Plain text would do in each client but Neovim, which keeps only its first line.
    snippets = not features.spoken.no_snippets and features.server.client_supports(
        "text_document.completion.completion_item.snippet_support", False
    )
    details = features.server.client_supports("text_document.completion.completion_item.label_details_support", False)
    # After the deadline there may be the first lines only; the model goes on, and has the rest a moment later.
    evidence = (
        suggestion.verdict.label if suggestion.complete else f"first lines, ask again · {suggestion.verdict.label}"
    )
    offer_id = features.offered(snapshot, suggestion, Surface.LIST, shown=features.spoken.eglot)
    imports = suggestion.import_edit if behind is None else None  # the text behind the cursor has them in it
    # An additional edit may not touch what the item itself replaces (LSP 3.17, `additionalTextEdits`): where the import
    # goes to the same line, the command adds it. lsp-mode would add it once for each server that it asks to resolve.
    beside = imports is not None and snapshot.line_at(imports.at) != line and not features.spoken.lsp_mode
    # No fractions in here: Neovim 0.12 keeps the item in a Vim variable and cannot send it back with one.
    data: dict[str, object] = {
        "id": offer_id,
        "code": suggestion.text.strip("\r\n"),
        "language": snapshot.language_id,
        "why": explanation(suggestion),
        **(tabby.event_data(offer_id) if features.spoken.tabby else {}),
    }
    return types.CompletionItem(
        label=_label(features, snapshot, suggestion, snapshot.text[line_start:offset]),
        label_details=types.CompletionItemLabelDetails(description=evidence) if details else None,
        kind=types.CompletionItemKind.Snippet,
        detail=f"Glosswright · {evidence}",
        filter_text=snapshot.text[start:offset] or None,
        sort_text="~",  # after whatever other servers offer
        insert_text=behind,  # to be ignored beside an edit (LSP 3.17, `insertText`)
        text_edit=types.TextEdit(range_of(snapshot, start, suggestion.end), as_snippet(text) if snippets else text),
        insert_text_format=types.InsertTextFormat.Snippet if snippets else types.InsertTextFormat.PlainText,
        insert_text_mode=types.InsertTextMode.AsIs,
        additional_text_edits=[text_edit(snapshot, TextChange(imports.at, imports.at, imports.text))]
        if imports is not None and beside
        else None,
        command=types.Command(title=evidence, command=ACCEPTED, arguments=[{"id": offer_id}])
        if imports is not None and not beside
        else None,
        documentation=_documentation(features, data) if features.spoken.eglot else None,
        data=None if features.spoken.eglot else data,
    )


def _label(features: Features, snapshot: Snapshot, suggestion: Suggestion, before: str) -> str:
    """What the item is called in the list; `before`: the text of the line left of the cursor."""
    request = " ".join(suggestion.intent.request.split()) or suggestion.intent.name or "code"
    label = "✎ " + (request if len(request) <= _LABEL_CHARS else request[: _LABEL_CHARS - 1] + "…")
    pattern = _SHELL_WORD if snapshot.language_id == "shellscript" else _WORD
    if features.spoken.lists_by_word and (word := pattern.search(before)):
        return f"{word[0]} {label}"
    # eglot puts the label in for the word and takes it out again; over a longer word it would take what follows, too.
    words = before.split()
    return label.ljust(len(words[-1])) if words else label


def _documentation(features: Features, data: dict[str, object]) -> types.MarkupContent:
    """What the item would put in, and why it may be trusted."""
    supported = "text_document.completion.completion_item.documentation_format"
    formats = features.server.client_supports(supported, ()) or ()
    code, why = str(data["code"]), str(data.get("why", ""))
    if types.MarkupKind.Markdown not in formats:
        return types.MarkupContent(types.MarkupKind.PlainText, f"{code}\n\n{as_plain(why)}")
    fence = "```"
    while fence in code:
        fence += "`"
    marked = f"{fence}{data.get('language', '')}\n{code}\n{fence}\n\n{why}"
    return types.MarkupContent(types.MarkupKind.Markdown, marked)
