"""Completion items for a client that passes over edits, as JupyterLab's, or over their ranges, as Kate's."""

from __future__ import annotations

import re
from typing import Any

import pytest

from glosswright_server.engine.suggestion import ImportEdit
from glosswright_server.generation.scripted import Script

from .findings import verdict
from .support import URI, Wire, applied

pytestmark = pytest.mark.timeout(30)

ADD = "def add(a, b):\n    return a + b\n"
SUM = 'def sum_of(a, b):\n    """Return the sum."""\n'


async def offered(wire: Wire, text: str, at: int, **params: Any) -> list[dict[str, Any]]:
    """The items at an offset."""
    await wire.initialize(**params)
    wire.open(text)
    before = text[:at]
    position = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
    found = await wire.call("textDocument/completion", {"textDocument": {"uri": URI}, "position": position})
    items: list[dict[str, Any]] = found["items"]
    return items


@pytest.mark.parametrize(
    ("before", "behind", "said", "after"),
    [
        ("# two numbers", "\n", ADD, "# two numbers\ndef add(a, b):\n    return a + b\n"),
        ("# two numbers", "\r\n", ADD, "# two numbers\r\ndef add(a, b):\r\n    return a + b\r\n"),
        ("x = 1\n# two numbers", "\n\n\nprint(x)\n", ADD, None),
        (SUM.rstrip("\n"), "\n", "return a + b\n", f"{SUM}    return a + b\n"),
        (f"{SUM}    pass", "\n", "return a + b\n", f"{SUM}    pass\n    return a + b\n"),
        (f"{SUM}    ...", "\n", "return a + b\n", f"{SUM}    ...\n    return a + b\n"),
    ],
)
async def test_the_text_behind_the_cursor(wire: Wire, before: str, behind: str, said: str, after: str | None) -> None:
    """What is inserted makes of the document what it should be, though nothing can be taken away. The edit of the same
    item does the same, with the word at the cursor for its range."""
    wire.model.script = Script(said)
    [item] = await offered(wire, before + behind, len(before))
    inserted = item["insertText"]
    assert before + inserted + behind == (after or f"{before}\n{ADD.rstrip()}{behind}")
    span = item["textEdit"]["range"]
    word = re.search(r"\w*$", before.rpartition("\n")[2])
    assert word is not None
    assert span["end"]["character"] - span["start"]["character"] == len(word[0])
    assert applied(before + behind, [item["textEdit"]]) == before + inserted + behind


@pytest.mark.parametrize(
    ("text", "said", "inserted"),
    [
        ("# a root", "def root(x):\n    return math.sqrt(x)\n", "\nimport math\ndef root(x):\n    return math.sqrt(x)"),
        (SUM.rstrip("\n"), "return math.fsum((a, b))\n", "\n    import math\n    return math.fsum((a, b))"),
    ],
)
async def test_imports_come_along(wire: Wire, text: str, said: str, inserted: str) -> None:
    """Neither an additional edit nor a command would be heard."""
    wire.model.script = Script(said)
    wire.found(verdict=verdict(imports=("import math",)), import_edit=ImportEdit(at=0, text="import math\n"))
    [item] = await offered(wire, text + "\n", len(text))
    assert item["insertText"] == inserted
    assert item["textEdit"]["newText"].endswith(inserted)
    assert "additionalTextEdits" not in item
    assert "command" not in item


@pytest.mark.parametrize(("said_of_completion", "label"), [({}, "numbers ✎ two numbers"), ({"x": 1}, "✎ two numbers")])
async def test_the_label_where_nothing_is_said_of_completion(
    wire: Wire, said_of_completion: dict[str, Any], label: str
) -> None:
    """Kate lists only what begins with the word at the cursor."""
    wire.model.script = Script(ADD)
    capabilities = {"textDocument": {"completion": said_of_completion}}
    [item] = await offered(wire, "# two numbers\n", len("# two numbers"), capabilities=capabilities)
    assert item["label"] == label


async def test_nothing_where_it_would_not_fit(wire: Wire) -> None:
    """Inside a placeholder the token would be replaced by itself and more: better no item than wrong code."""
    wire.model.script = Script("return a + b\n")
    text = f"{SUM}    pass\n"
    assert await offered(wire, text, len(text) - 3) == []


@pytest.mark.parametrize(
    "params",
    [
        {"clientInfo": {"name": "some editor"}},
        {"capabilities": {"textDocument": {"completion": {"completionItem": {"snippetSupport": True}}}}},
    ],
)
async def test_not_for_others(wire: Wire, params: dict[str, Any]) -> None:
    """A client that says who it is, or that takes snippets, is taken at its word: it has an edit, and needs no more."""
    wire.model.script = Script(ADD)
    [item] = await offered(wire, "# two numbers\n", len("# two numbers"), **params)
    assert "insertText" not in item
    assert item["textEdit"]["newText"].startswith("# two numbers\n")
