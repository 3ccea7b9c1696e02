"""VS Code as its user sees it: real keys, what stands on the screen, and what ends in the file, to the letter.

One window serves every test here; each works in a file of its own. Pictures are kept (see `window.SCREENS`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from editors.workbench import Workbench

from .code_server import CodeServer
from .conftest import ADD, model_and_bench, settings_for
from .mirror import mirror
from .window import Window, opened

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Playwright

pytestmark = pytest.mark.timeout(240)
COMMENT = "# add two numbers"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    folder = tmp_path_factory.mktemp("screen")
    # Weights come from there: of the right size, slowly, and never the right ones.
    with mirror(None, 0.05) as address, model_and_bench(folder, GLOSSWRIGHT_WEIGHTS_MIRROR=address) as made:
        yield made


@pytest.fixture(scope="module")
def editor(bench: Workbench, extensions: Any) -> Iterator[CodeServer]:
    with CodeServer(bench.folder / "editor", extensions, bench.env, settings=settings_for(bench)) as server:
        yield server


@pytest.fixture(scope="module")
def window(bench: Workbench, editor: CodeServer, playwright: Playwright) -> Iterator[Window]:
    file = bench.file("first = 1\n", "first.py")
    with opened(playwright, bench.folder / "browser", editor.address(bench.project, file), "screen") as made:
        made.page.wait_for_selector(".monaco-editor .view-line", timeout=60_000)
        made.until(lambda: "ready" in made.status(), "the status bar says ready", 60)
        yield made


def test_ghost_text_is_taken_with_tab_and_undone(window: Window, bench: Workbench) -> None:
    """The first thing that anyone does: a comment, the line below it, Tab. Then taking it back."""
    file = window.edit(bench, "ghost.py", "")
    window.write(f"{COMMENT}\n")
    window.until(lambda: "def add(a, b):" in window.ghost() and "return a + b" in window.ghost(), "ghost text")
    window.shot("ghost-text")
    window.keys("Tab")
    window.until(lambda: not window.ghost(), "it is text now")
    window.shot("accepted")
    assert window.saved(file) == f"{COMMENT}\n{ADD}".rstrip("\n")
    window.keys("Control+z")
    assert window.saved(file) == f"{COMMENT}\n"


def test_ghost_text_is_taken_word_by_word(window: Window, bench: Workbench) -> None:
    """Who wants the beginning only takes the beginning only."""
    file = window.edit(bench, "word.py", "")
    window.write(f"{COMMENT}\n")
    window.until(lambda: "def add" in window.ghost(), "ghost text")
    window.keys("Control+ArrowRight")
    window.until(lambda: window.ghost() and "def" not in window.ghost(), "the rest is still offered")

    def another() -> bool:
        if "add" in window.ghost():  # while what is left is asked for anew, the keys are the editor's own
            window.keys("Control+ArrowRight")
            window.page.wait_for_timeout(500)
        return bool(window.ghost()) and "add" not in window.ghost()

    window.until(another, "and so is the rest of that")
    window.shot("word-by-word")
    window.keys("Escape")
    assert window.saved(file).startswith(f"{COMMENT}\ndef add")
    assert "return" not in window.saved(file)


def test_ghost_text_is_gone_through_with_keys(window: Window, bench: Workbench) -> None:
    """One suggestion comes by itself; the key for the next one asks for others, and what is shown is what Tab takes."""
    comment = "# one number and another"
    file = window.edit(bench, "candidates.py", "")
    window.write(f"{comment}\n")
    window.until(lambda: "def add(a, b):" in window.ghost(), "ghost text")
    window.keys("Alt+BracketRight")
    window.until(lambda: window.ghost() and "def add" not in window.ghost(), "another")
    window.shot("candidates")
    second = "sub" if "def sub" in window.ghost() else "mul"
    window.keys("Alt+BracketRight")
    window.until(lambda: window.ghost() and f"def {second}" not in window.ghost(), "a third")
    window.keys("Alt+BracketLeft")
    window.until(lambda: f"def {second}" in window.ghost(), "the second again")
    window.keys("Tab")
    code = {"sub": "def sub(a, b):\n    return a - b", "mul": "def mul(a, b):\n    return a * b"}[second]
    assert window.saved(file) == f"{comment}\n{code}"


def test_the_light_bulb_generates(window: Window, bench: Workbench) -> None:
    """The way for those who do not want ghost text."""
    file = window.edit(bench, "bulb.py", f"{COMMENT}\n\n")
    window.keys("Control+.")
    rows = ".action-widget .monaco-list-row"
    window.until(lambda: any("Generate code from this comment" in row for row in window.texts(rows)), "the menu")
    window.shot("light-bulb")
    window.page.locator(rows, has_text="Generate code from this comment").click()
    window.until(lambda: "return a + b" in window.text(), "the code is in")
    assert window.saved(file) == f"{COMMENT}\n{ADD}\n"
    window.keys("Control+z")
    assert window.saved(file) == f"{COMMENT}\n\n"


def test_a_long_generation_shows_a_cancel_that_works(window: Window, bench: Workbench) -> None:
    """After a second there is a button; it ends the work at the model, and the file is as it was."""
    text = "# count slowly\n\n"
    file = window.edit(bench, "slow.py", text)
    window.command("Glosswright: Generate Code from Comment")
    window.until(lambda: any("Glosswright" in toast for toast in window.toasts()), "progress with a button")
    window.shot("cancel")
    assert "generating" in window.status()
    window.page.locator(".notification-toast a.monaco-button", has_text="Cancel").click()
    window.until(lambda: not window.toasts(), "it is gone, and nothing else popped up")
    window.until(lambda: "ready" in window.status(), "it is free again")
    assert window.saved(file) == text


def test_fast_typing_ends_in_what_was_typed(window: Window, bench: Workbench) -> None:
    """Suggestions come and go below the hands; not a letter may be lost, doubled or put elsewhere."""
    file = window.edit(bench, "fast.py", "")
    lines = [f"value_{number} = {number} + {number * number}  # note {number}" for number in range(12)]
    text = "".join(f"{line}\n" for line in [COMMENT, *lines])
    window.write(text, delay_ms=0)
    assert window.saved(file) == text


def test_nothing_comes_while_something_is_renamed(window: Window, bench: Workbench) -> None:
    """The rename box has the keyboard: ghost text would be in the way, and Tab is not ours there."""
    file = window.edit(bench, "rename.js", "// twice the number\n\nconst some = 1;\n")
    window.keys("ArrowDown", "ArrowDown", "Home", *["ArrowRight"] * 8)

    box = window.page.locator(".rename-box input")
    # Nothing comes until TypeScript's server has read the file.
    window.until(lambda: window.opens(box, "Escape", "F2"), "the rename box", 120)
    window.keys("Control+a")
    window.page.keyboard.type("other")
    window.until(lambda: box.input_value() == "other", "the new name")
    window.page.wait_for_timeout(800)
    assert window.ghost() == ""
    window.shot("rename")
    window.keys("Enter")
    window.until(lambda: "const other = 1;" in window.text(), "it is renamed")
    window.page.wait_for_timeout(800)
    assert window.ghost() == ""
    assert window.saved(file) == "// twice the number\n\nconst other = 1;\n"


def test_alternatives_are_shown_and_one_is_put_in(window: Window, bench: Workbench) -> None:
    """Side by side, with verdicts, and one click away; then the panel is gone and the keyboard is back in the file."""
    file = window.edit(bench, "panel.py", 'def plus(a, b):\n    """Return the sum."""\n    pass\n')
    window.keys("ArrowDown", "End")
    window.command("Glosswright: Show Alternatives")
    panel = panel_with(window, "#cards article")
    assert panel.locator("#heading").text_content() == "Alternatives"
    assert panel.locator("#cards article").count() >= 1
    assert "return a + b" in (panel.locator("#cards pre").first.text_content() or "")
    assert "1 of" in (panel.locator("#cards article").first.get_attribute("aria-label") or "")
    window.shot("alternatives")
    panel.locator("#cards button", has_text="Insert").first.click()
    window.until(lambda: "return a + b" in window.text(), "the code is in")
    window.until(lambda: window.page.locator("iframe.webview").count() == 0, "the panel is gone")
    assert window.saved(file) == 'def plus(a, b):\n    """Return the sum."""\n    return a + b\n'
    window.keys("Control+z")
    assert window.saved(file) == 'def plus(a, b):\n    """Return the sum."""\n    pass\n'


def test_alternatives_can_be_cancelled(window: Window, bench: Workbench) -> None:
    """The panel has its own button, so no second one pops up."""
    window.edit(bench, "panel_slow.py", "# count slowly\n\n")
    window.command("Glosswright: Show Alternatives")
    panel = panel_with(window, "#actions button")
    window.page.wait_for_timeout(1500)
    assert window.toasts() == []
    window.shot("alternatives-working")
    panel.locator("#actions button", has_text="Cancel").click()
    window.until(lambda: "Cancelled" in (panel.locator("#status").text_content() or ""), "it says so")
    window.until(lambda: "ready" in window.status(), "the model is free")
    window.keys("Control+w")


def test_why_opens_beside_and_leaves_the_keyboard_alone(window: Window, bench: Workbench) -> None:
    """The explanation is for reading; the next key still goes into the file."""
    file = window.edit(bench, "why.py", f"{COMMENT}\n\n")
    window.command("Glosswright: Generate Code from Comment")
    window.until(lambda: "return a + b" in window.text(), "the code is in")
    window.keys("ArrowDown")
    window.command("Glosswright: Why This Suggestion?")
    panel = panel_with(window, "main h1")
    assert "parses" in (panel.locator("main").text_content() or "")
    window.shot("why")
    window.keys("Control+End")
    window.write("x")
    assert window.saved(file).endswith("x")
    window.keys("Control+2", "Control+w")


def test_the_menu_pauses_and_resumes(window: Window, bench: Workbench) -> None:
    """One click away from silence, the status bar says so, and the keyboard is back in the file."""
    file = window.edit(bench, "menu.py", COMMENT)
    window.status_item().click()
    window.until(lambda: any("Pause for python" in row for row in window.rows()), "the menu")
    window.shot("menu")
    window.pick("Pause for")
    window.until(lambda: "paused for python" in window.status(), "the status bar says paused")
    window.keys("Control+End", "Enter")
    window.page.wait_for_timeout(1200)
    assert window.ghost() == ""
    window.shot("paused")
    assert window.saved(file) == f"{COMMENT}\n"
    window.command("Glosswright: Resume for This Language")
    window.until(lambda: "ready" in window.status(), "the status bar says ready")


def test_the_model_picker_downloads_with_progress_and_cancel(window: Window, bench: Workbench) -> None:
    """Size, licence and speed before half a gigabyte is fetched; a bar and a way out while it is."""
    window.edit(bench, "model.py", "")
    window.command("Glosswright: Choose Model")
    window.until(lambda: any("491 MB · Apache-2.0" in row for row in window.rows()), "the catalogue")
    assert any("to be downloaded" in row for row in window.rows())
    window.shot("models")
    window.pick("0.5b")
    window.until(lambda: any("of 491 MB" in toast for toast in window.toasts()), "progress in megabytes", 30)
    window.shot("download")
    window.page.locator(".notification-toast a.monaco-button", has_text="Cancel").click()
    window.until(lambda: not window.toasts(), "it is gone, and nothing else popped up", 30)


def test_the_doctor_reports(window: Window, bench: Workbench) -> None:
    """What people are asked for when they ask for help."""
    window.edit(bench, "doctor.py", "")
    window.command("Glosswright: Doctor")
    window.until(lambda: "Glosswright" in window.text() and "Packages" in window.text(), "the report", 60)
    window.shot("doctor")


def test_a_server_that_dies_comes_back(window: Window, bench: Workbench, editor: CodeServer) -> None:
    """Nobody should have to restart anything by hand, or lose what they typed."""
    file = window.edit(bench, "killed.py", "")
    servers = [
        process for process in editor.children("glosswright_server") if "recorder.py" not in process.cmdline()[1]
    ]
    assert servers
    for process in servers:
        process.kill()
    window.until(lambda: "started again" in window.status() or "starting" in window.status(), "it is noticed")
    window.write(f"{COMMENT}\n")
    window.until(lambda: "ready" in window.status(), "it is back", 30)
    window.keys("Backspace", "Enter")
    window.until(lambda: "def add(a, b):" in window.ghost(), "and it works")
    window.keys("Tab")
    assert window.saved(file) == f"{COMMENT}\n{ADD}".rstrip("\n")


def panel_with(window: Window, selector: str, timeout_s: float = 30) -> Frame:
    """The page inside the webview that holds `selector`, as soon as it is there."""

    from playwright.sync_api import Error

    def look() -> Frame | None:
        for frame in window.page.frames:
            try:
                if frame.locator(selector).count():
                    return frame
            except Error:  # it has gone away just now
                continue
        return None

    found = window.until(look, f"a panel with {selector}", timeout_s)
    assert found is not None
    return found
