"""The checker that every editor test ends with: it must see what is wrong, or it proves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from .conformance import faults, meta_model

pytestmark = pytest.mark.skipif(meta_model() is None, reason="no LSP meta model at hand (GLOSSWRIGHT_META_MODEL)")


def _said(method: str, params: Any, number: int | None = None) -> dict[str, Any]:
    ids = {} if number is None else {"id": number}
    return {"dir": "s2c", "msg": {"jsonrpc": "2.0", "method": method, "params": params, **ids}}


@pytest.mark.parametrize(
    ("method", "params", "number", "fault"),
    [
        ("window/showMessage", {"type": 3, "message": "hello"}, None, ""),
        ("window/showMessage", {"type": 9, "message": "hello"}, None, "9 is no MessageType"),
        ("window/showMessage", {"type": 3}, None, "message is missing"),
        ("window/showMessage", {"type": 3, "message": "hello", "colour": 1}, None, "colour is unknown"),
        ("window/makeCoffee", {}, None, "not in the specification"),
        ("textDocument/didOpen", {}, None, "not a server's to send"),
        ("workspace/applyEdit", {"edit": {"changes": {"file:///a": [{"newText": "x"}]}}}, 1, "range is missing"),
        ("glosswright/status", {"anything": 1}, None, ""),
    ],
)
def test_what_the_server_sends(method: str, params: Any, number: int | None, fault: str) -> None:
    """Ill-typed, missing and unknown fields, and unknown methods are each told; what is right is not."""
    found = faults([_said(method, params, number)])
    assert (fault in "\n".join(found)) if fault else found == []


def test_what_the_server_answers() -> None:
    """An answer is held against the type of the request with its id."""
    ask = {"dir": "c2s", "msg": {"id": 7, "method": "textDocument/inlineCompletion", "params": {}}}
    right = {"dir": "s2c", "msg": {"id": 7, "result": {"items": [{"insertText": "x"}]}}}
    wrong = {"dir": "s2c", "msg": {"id": 7, "result": {"items": [{"insertText": 5}]}}}
    assert faults([ask, right]) == []
    assert faults([ask, wrong]) != []
