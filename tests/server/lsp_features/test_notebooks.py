"""Notebooks: cells are documents, the code above one is its context, and nothing but the cell itself is edited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from glosswright_server.generation.completions import CompletionRequest
from glosswright_server.generation.scripted import Script
from glosswright_server.lsp.trust import RUN

from .support import CAPABILITIES, Wire, applied

pytestmark = pytest.mark.timeout(30)

NOTEBOOK = "file:///project/study.ipynb"
CODE = "total = add(1, 2)\n"
WITH_NOTEBOOKS = {**CAPABILITIES, "notebookDocument": {"synchronization": {"dynamicRegistration": False}}}


def cell(name: str) -> str:
    return f"vscode-notebook-cell:/project/study.ipynb#{name}"


def item(name: str, text: str, language: str = "python") -> dict[str, Any]:
    return {"uri": cell(name), "languageId": language, "version": 1, "text": text}


def listed(name: str, kind: int = 2) -> dict[str, Any]:
    return {"kind": kind, "document": cell(name)}


def open_notebook(wire: Wire, *cells: tuple[str, str], **languages: str) -> None:
    """Cells of prose have the language markdown."""
    items = [item(name, text, languages.get(name, "python")) for name, text in cells]
    order = [listed(one["uri"].rpartition("#")[2], 1 if one["languageId"] == "markdown" else 2) for one in items]
    notebook = {"uri": NOTEBOOK, "notebookType": "jupyter-notebook", "version": 1, "cells": order}
    wire.tell("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": items})


def change(wire: Wire, **cells: Any) -> None:
    wire.tell(
        "notebookDocument/didChange",
        {"notebookDocument": {"uri": NOTEBOOK, "version": 2}, "change": {"cells": cells}},
    )


def edit(name: str, text: str, line: int = 0, character: int = 0, version: int = 2) -> dict[str, Any]:
    at = {"line": line, "character": character}
    return {
        "document": {"uri": cell(name), "version": version},
        "changes": [{"range": {"start": at, "end": at}, "text": text}],
    }


async def inline(wire: Wire, name: str, line: int, character: int = 0, *, by_hand: bool = False) -> Any:
    found = await wire.call(
        "textDocument/inlineCompletion",
        {
            "textDocument": {"uri": cell(name)},
            "position": {"line": line, "character": character},
            "context": {"triggerKind": 1 if by_hand else 2},
        },
    )
    return found["items"][0] if found else None


def prompt(wire: Wire) -> str:
    request: CompletionRequest = wire.model.requests[-1]
    return request.prompt


async def test_the_capability(wire: Wire) -> None:
    """Every cell of every notebook, or the order would not be known; nothing for clients without notebooks."""
    result = await wire.initialize(capabilities=WITH_NOTEBOOKS)
    assert result["capabilities"]["notebookDocumentSync"] == {"notebookSelector": [{"notebook": "*"}]}


async def test_the_cells_above_are_context(wire: Wire) -> None:
    """The model sees the code above, the names of it resolve, and the item's range is the cell's own."""
    wire.model.script = Script(CODE)
    await wire.initialize(capabilities=WITH_NOTEBOOKS)
    open_notebook(
        wire,
        ("a", "def add(a, b):\n    return a + b"),
        ("b", "# Prose that is no code"),
        ("c", "# the sum of one and two\n"),
        ("d", "below = 1\n"),
        b="markdown",
    )
    found = await inline(wire, "c", 1)
    assert found["insertText"].startswith("total = add(1, 2)")
    assert found["range"] == {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 0}}
    assert "names resolve" in found["command"]["title"]
    assert "def add(a, b):" in prompt(wire)
    assert "Prose" not in prompt(wire)
    assert "below" not in prompt(wire)


async def test_a_name_that_no_cell_above_has(wire: Wire) -> None:
    """Below is not above: what a later cell defines is not there yet, so the suggestion fails and is not shown."""
    wire.model.script = Script(CODE)
    await wire.initialize(capabilities=WITH_NOTEBOOKS)
    open_notebook(wire, ("c", "# the sum of one and two\n"), ("a", "def add(a, b):\n    return a + b\n"))
    assert await inline(wire, "c", 1) is None
    # The cell is moved above.
    change(wire, structure={"array": {"start": 0, "deleteCount": 2, "cells": [listed("a"), listed("c")]}})
    assert await inline(wire, "c", 1) is not None


async def test_cells_come_and_go(wire: Wire) -> None:
    """A new cell is offered in at once; a deleted one is forgotten; edits of cells count as edits do."""
    wire.model.script = Script(CODE)
    await wire.initialize(capabilities=WITH_NOTEBOOKS)
    open_notebook(wire, ("c", "# the sum\n"))
    change(
        wire,
        structure={
            "array": {"start": 0, "deleteCount": 0, "cells": [listed("a")]},
            "didOpen": [item("a", "def add(a, b):\n    return a + b\n")],
        },
        textContent=[edit("c", " of one and two", 0, 9)],
    )
    assert await inline(wire, "c", 1)
    assert "the sum of one and two" in prompt(wire)
    change(wire, structure={"array": {"start": 0, "deleteCount": 1}, "didClose": [{"uri": cell("a")}]})
    asked = len(wire.model.requests)
    wire.tell("glosswright/feedback", {})
    assert await inline(wire, "c", 1) is None or len(wire.model.requests) == asked
    error = await wire.call("glosswright/documentStatus", {"textDocument": {"uri": cell("a")}})
    assert error["reason"] == "notOpen"


async def test_typing_along_in_a_cell(wire: Wire) -> None:
    """From memory, as in any document; one suggestion for the counts."""
    wire.model.script = Script(CODE)
    await wire.initialize(capabilities=WITH_NOTEBOOKS)
    open_notebook(wire, ("a", "def add(a, b):\n    return a + b\n"), ("c", "# the sum of one and two\n"))
    await inline(wire, "c", 1)
    asked = len(wire.model.requests)
    for index, letter in enumerate("tot"):
        change(wire, textContent=[edit("c", letter, 1, index, version=2 + index)])
        found = await inline(wire, "c", 1, index + 1)
        assert found["insertText"] == CODE[index + 1 :].rstrip("\n") or found["insertText"] == CODE[index + 1 :]
    assert len(wire.model.requests) == asked
    assert (await wire.call("glosswright/stats"))["total"]["shown"] == 1


async def test_actions_edit_the_cell_alone(wire: Wire) -> None:
    """By hand, with the import that the code needs at the top of the cell and not of the notebook."""
    text = 'def root(x):\n    """The square root of x."""\n'
    wire.model.script = Script("return math.sqrt(x)\n")
    await wire.initialize(capabilities=WITH_NOTEBOOKS)
    open_notebook(wire, ("a", "x = 1\n"), ("c", text))
    at = {"line": 1, "character": 10}
    [action] = await wire.call(
        "textDocument/codeAction",
        {"textDocument": {"uri": cell("c")}, "range": {"start": at, "end": at}, "context": {"diagnostics": []}},
    )
    resolved = await wire.call("codeAction/resolve", action)
    [edited] = resolved["edit"]["documentChanges"]
    assert edited["textDocument"] == {"uri": cell("c"), "version": 1}
    after = applied(text, edited["edits"])
    assert after.replace("\n\n\n", "\n\n").startswith("import math\n")
    assert after.rstrip("\n").endswith(text + "    return math.sqrt(x)")


async def test_an_import_that_an_earlier_cell_has(wire: Wire) -> None:
    """It is not made twice."""
    text = 'def root(x):\n    """The square root of x."""\n'
    wire.model.script = Script("return math.sqrt(x)\n")
    await wire.initialize(capabilities=WITH_NOTEBOOKS)
    open_notebook(wire, ("a", "import math\n"), ("c", text))
    place = {"uri": cell("c"), "position": {"line": 1, "character": 10}}
    await wire.command("glosswright.implement", place)
    [params] = wire.sent_of("workspace/applyEdit")
    [edited] = params["edit"]["documentChanges"]
    assert "import" not in applied(text, edited["edits"])


@pytest.mark.parametrize(
    ("first", "offered"),
    [("%%bash\n", False), ("%%html\n", False), ("%%time\n", True), ("%matplotlib inline\n", True), ("!ls\n", True)],
)
async def test_magic(wire: Wire, first: str, offered: bool) -> None:
    """A cell in another language is left alone; IPython's own lines are no code, no comment, and stay where they
    are."""
    wire.model.script = Script("total = 1\n")
    await wire.initialize(capabilities=WITH_NOTEBOOKS)
    open_notebook(wire, ("a", "%load_ext secret\nx = 1\n"), ("c", f"{first}# one\n"))
    found = await inline(wire, "c", 2)
    if not offered:
        assert found is None
        assert wire.model.requests == []
        return
    assert found["range"]["start"] == {"line": 2, "character": 0}
    assert first.strip() not in prompt(wire)
    assert "secret" not in prompt(wire)


async def test_the_comment_above_is_not_this_cells(wire: Wire) -> None:
    """A comment at the end of one cell asks for nothing in the next."""
    wire.model.script = Script(CODE)
    await wire.initialize(capabilities=WITH_NOTEBOOKS)
    open_notebook(wire, ("a", "x = 1\n# add two numbers"), ("c", ""))
    at = {"line": 0, "character": 0}
    params = {"textDocument": {"uri": cell("c")}, "range": {"start": at, "end": at}, "context": {"diagnostics": []}}
    assert await wire.call("textDocument/codeAction", params) is None


async def test_a_stale_edit_of_a_cell(wire: Wire) -> None:
    """An action that was listed before the cell changed is refused; one after a change of another cell is not."""
    text = 'def one():\n    """Return one."""\n'
    wire.model.script = Script("return 1\n")
    await wire.initialize(capabilities=WITH_NOTEBOOKS)
    open_notebook(wire, ("a", "x = 1\n"), ("c", text))
    at = {"line": 1, "character": 10}
    params = {"textDocument": {"uri": cell("c")}, "range": {"start": at, "end": at}, "context": {"diagnostics": []}}
    [action] = await wire.call("textDocument/codeAction", params)
    change(wire, textContent=[edit("a", "y = 2\n")])
    resolved = await wire.call("codeAction/resolve", dict(action))
    assert resolved["edit"]
    change(wire, textContent=[edit("c", "z = 3\n")])
    assert (await wire.error("codeAction/resolve", action))["code"] == -32801


async def test_excluded_notebooks(wire: Wire, tmp_path: Path) -> None:
    """A cell is as secret as its notebook, under whatever scheme the client names it."""
    (tmp_path / ".glosswrightignore").write_text("*.ipynb\n")
    await wire.initialize(capabilities=WITH_NOTEBOOKS, workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "project"}])
    uri = (tmp_path / "study.ipynb").as_uri()
    document = {"uri": "jupyter-cell:17", "languageId": "python", "version": 1, "text": "# add\n"}
    notebook = {"uri": uri, "notebookType": "x", "version": 1, "cells": [{"kind": 2, "document": "jupyter-cell:17"}]}
    wire.tell("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": [document]})
    status = await wire.call("glosswright/documentStatus", {"textDocument": {"uri": "jupyter-cell:17"}})
    assert status["reason"] == "excluded"


async def test_one_question_of_trust_for_a_notebook(wire: Wire, tmp_path: Path) -> None:
    """Two cells with examples: the user is asked once, for the folder of the notebook."""
    wire.answers["window/showMessageRequest"] = lambda _: {"title": RUN}
    await wire.initialize(capabilities=WITH_NOTEBOOKS)
    for name in ("a", "c"):
        uri = (tmp_path / "study.ipynb").as_uri()
        notebook = {"uri": uri, "notebookType": "x", "version": 1, "cells": [listed("a"), listed("c")]}
        wire.tell("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": []})
        assert await wire.engine.ask_to_run(cell(name)) is True
    assert len(wire.sent_of("window/showMessageRequest")) == 1


async def test_closing_the_notebook(wire: Wire) -> None:
    """Its cells are gone with it."""
    await wire.initialize(capabilities=WITH_NOTEBOOKS)
    open_notebook(wire, ("a", "x = 1\n"), ("c", "y = 2\n"))
    closed = [{"uri": cell("a")}, {"uri": cell("c")}]
    wire.tell("notebookDocument/didClose", {"notebookDocument": {"uri": NOTEBOOK}, "cellTextDocuments": closed})
    assert wire.server.documents.view().uris() == []
    assert wire.server.notebooks.notebook_of(cell("a")) is None


@pytest.mark.parametrize(
    "cells",
    [
        {"structure": {"array": {"start": 9, "deleteCount": 0}}},
        {"structure": {"array": {"start": 0, "deleteCount": 9}}},
        {"structure": {"array": {"start": -1, "deleteCount": 0}}},
        {"structure": {"array": {"start": "x", "deleteCount": 0}}},
        {"structure": {}},
        {"structure": {"array": {"start": 0, "deleteCount": 0, "cells": [{"kind": "x"}]}}},
    ],
)
async def test_changes_that_cannot_be_meant(wire: Wire, cells: dict[str, Any]) -> None:
    """The order is not guessed: each cell stands for itself, and goes on being offered in."""
    wire.model.script = Script("total = 1\n")
    await wire.initialize(capabilities=WITH_NOTEBOOKS)
    open_notebook(wire, ("a", "secret = 1\n"), ("c", "# one\n"))
    change(wire, **cells)
    assert await inline(wire, "c", 1)
    assert "secret" not in prompt(wire)


@pytest.mark.parametrize("method", ["didOpen", "didChange", "didClose"])
@pytest.mark.parametrize("params", [None, [], {}, {"notebookDocument": 3}, {"notebookDocument": {"uri": NOTEBOOK}}])
async def test_rubbish(wire: Wire, method: str, params: Any) -> None:
    """Whatever is sent, the server goes on."""
    await wire.initialize(capabilities=WITH_NOTEBOOKS)
    wire.tell(f"notebookDocument/{method}", params)
    assert await wire.call("glosswright/status")
