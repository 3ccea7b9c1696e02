"""Which dialect a client speaks, as far as its `initialize` tells, and what it sends there that is no setting of
ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DIALECT_OPTION = "dialect"
"""Initialization option: names the dialect of a client that cannot be recognised."""
NAMES = ("copilot", "tabby", "llm-ls")

COPILOT_OPTIONS = frozenset({"editorInfo", "editorPluginInfo", "copilotCapabilities", "copilotIntegrationId"})
COPILOT_SETTINGS = frozenset(
    {"http", "telemetry", "github-enterprise", "github", "advanced", "nextEditSuggestions", "editorConfiguration"}
)
TABBY_OPTIONS = frozenset({"config", "clientInfo", "clientCapabilities"})
TABBY_SETTINGS = frozenset({"server", "proxy", "inlineCompletion", "keybindings", "anonymousUsageTracking", "tabby"})
FOREIGN = COPILOT_OPTIONS | COPILOT_SETTINGS | TABBY_OPTIONS | TABBY_SETTINGS
"""Names that mean something to other servers: not read here, and no reason to complain."""


@dataclass(slots=True)
class Spoken:
    """What the client speaks beside LSP. A dialect's own messages may still make it known later."""

    copilot: bool = False
    tabby: bool = False
    tabby_status: bool = False
    """Whether it takes `tabby/status/didChange`."""
    eglot: bool = False
    """Whether it is Emacs's own client. It resolves an item that was chosen, and when a key comes before the answer, it
    leaves the item's label in the text: the item must not need resolving."""
    lsp_mode: bool = False
    """Whether it is Emacs's lsp-mode. Its list shows only what begins with the word at the cursor, and what is to be
    resolved goes to every server of the buffer."""
    nameless: bool = False
    """Whether it gives no name and takes no snippets, as JupyterLab's, which passes over a completion item's edits, and
    Kate's, which puts the text of the edit in the place of the word at the cursor, whatever its range."""
    reticent: bool = False
    """Whether it says nothing of completion, as Kate's, whose list shows only what begins with that word."""
    helix: bool = False

    @property
    def resolves_badly(self) -> bool:
        """Whether it says that it resolves actions and should have commands instead: Helix takes no key until such an
        action is resolved, and lsp-mode fails on the answers of several servers."""
        return self.helix or self.lsp_mode

    @property
    def no_snippets(self) -> bool:
        """Whether it says that it takes snippets and should be sent none. In Emacs yasnippet gets them: it runs what
        stands in backquotes as Lisp, and indents each line anew."""
        return self.eglot or self.lsp_mode

    @property
    def lists_by_word(self) -> bool:
        """Whether an item's label must begin with the word at the cursor."""
        return self.lsp_mode or (self.nameless and self.reticent)

    @property
    def reports_what_is_shown(self) -> bool:
        """Whether it says itself when a suggestion has been shown."""
        return self.copilot or self.tabby


def recognise(params: Any) -> Spoken:
    """The dialect of a client, from the raw parameters of its `initialize`."""
    params = _mapping(params)
    options = _mapping(params.get("initializationOptions"))
    capabilities = (_mapping(params.get("capabilities")), _mapping(options.get("clientCapabilities")))
    tabby_capabilities = [_mapping(one.get("tabby")) for one in capabilities if isinstance(one.get("tabby"), Mapping)]
    infos = (_mapping(params.get("clientInfo")), _mapping(options.get("clientInfo")))
    completion = _mapping(_mapping(capabilities[0].get("textDocument")).get("completion"))
    item = _mapping(completion.get("completionItem"))
    named = options.get(DIALECT_OPTION)
    editors = {str(info.get("name")).lower() for info in infos}
    return Spoken(
        copilot=named == "copilot" or isinstance(options.get("editorPluginInfo"), Mapping),
        tabby=named == "tabby" or bool(tabby_capabilities) or any("tabbyPlugin" in info for info in infos),
        tabby_status=any(one.get("statusDidChangeListener") is True for one in tabby_capabilities),
        eglot="eglot" in editors,
        lsp_mode="emacs" in editors,
        nameless=not any(info.get("name") for info in infos) and not item.get("snippetSupport"),
        reticent=not completion,
        helix="helix" in editors,
    )


def problems(options: Any) -> Iterator[str]:
    """What is wrong with the initialization option."""
    named = _mapping(options).get(DIALECT_OPTION)
    if named is not None and named not in NAMES:
        yield f"`{DIALECT_OPTION}` must be one of {', '.join(NAMES)}; it is ignored."


def without_foreign(sent: Any) -> Any:
    """Settings or initialization options without what is meant for other servers."""
    if not isinstance(sent, Mapping):
        return sent
    # A group of settings may be spelled with a dot, `http.proxy`.
    return {
        key: value
        for key, value in sent.items()
        if key != DIALECT_OPTION and not (isinstance(key, str) and key.partition(".")[0] in FOREIGN)
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
