"""VS Code with the default model, as users have it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from editors.workbench import MODEL, Workbench, bench_with_default_model
from glosswright_model.weights import resolve

from .code_server import CodeServer
from .conftest import settings_for
from .mirror import SIZE, mirror
from .test_screen import panel_with
from .window import Window, opened

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

pytestmark = [pytest.mark.weights, pytest.mark.timeout(590)]
MODEL_S = 180.0
COMMENT = "# the larger of two numbers\n"
FUNCTION = '''def longest_word(text):
    """Return the longest word of a text; the first of several.

    >>> longest_word("to be or not")
    'not'
    >>> longest_word("a bb cc")
    'bb'
    """
'''

VOWELS = '''def count_vowels(text):
    """Count the vowels.

    >>> count_vowels("radio")
    3
    """
'''


def test_a_comment_a_docstring_and_alternatives(tmp_path: Path, extensions: Path, playwright: Playwright) -> None:
    """The whole way at once: what is seen is what is put in, examples are run after a yes, and alternatives differ."""
    with (
        bench_with_default_model(tmp_path) as bench,
        CodeServer(
            bench.folder / "editor",
            extensions,
            bench.env,
            settings={**settings_for(bench), "glosswright.inline.deadlineMs": 20_000, "editor.fontSize": 15},
        ) as server,
        opened(
            playwright, bench.folder / "browser", server.address(bench.project, bench.file("", "larger.py")), "real"
        ) as window,
    ):
        window.until(lambda: "ready" in window.status(), "the server runs", MODEL_S)
        _ghost_text(window, bench)
        _examples(window, bench)
        _alternatives(window, bench)


def test_the_model_is_fetched_when_there_is_none(tmp_path: Path, extensions: Path, playwright: Playwright) -> None:
    """Nothing but the extension is there: the download is seen to its end, and then the same model answers."""
    with bench_with_default_model(tmp_path) as bench, mirror(resolve(MODEL).path, 0.03) as address:
        cache = tmp_path / "empty"
        bench.env |= {"GLOSSWRIGHT_CACHE_DIR": str(cache), "GLOSSWRIGHT_WEIGHTS_MIRROR": address}
        file = bench.file("", "first.py")
        with (
            CodeServer(bench.folder / "editor", extensions, bench.env, settings=settings_for(bench)) as server,
            opened(playwright, bench.folder / "browser", server.address(bench.project, file), "fetch") as window,
        ):
            window.until(lambda: " %" in (window.status_item().text_content() or ""), "how much is there", MODEL_S)
            window.shot("fetching")
            assert "ready" not in window.status()
            window.until(lambda: "ready" in window.status(), "the model is loaded", MODEL_S)
            window.shot("fetched")
            assert _size_of_files(cache) == SIZE
            _ghost_text(window, bench)
        shutil.rmtree(cache)


def _size_of_files(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.gguf"))


def _ghost_text(window: Window, bench: Workbench) -> None:
    file = window.edit(bench, "larger.py", "")
    window.write(COMMENT)

    def seen(within_s: float) -> bool:
        while not window.ghost() and within_s > 0:
            window.page.wait_for_timeout(500)
            within_s -= 0.5
        return bool(window.ghost())

    if not seen(30):
        window.keys("Alt+Backslash")  # ask by hand: a busy machine may not have been in time
        assert seen(MODEL_S), "no ghost text"
    window.page.wait_for_timeout(1500)
    ghost = window.ghost()
    window.shot("ghost-text")
    window.keys("Tab")
    text = window.saved(file)
    assert text.startswith(COMMENT)
    assert "def " in text
    assert _letters(text.removeprefix(COMMENT)) == _letters(ghost)


def _examples(window: Window, bench: Workbench) -> None:
    file = window.edit(bench, "words.py", FUNCTION)
    window.keys("ArrowDown")
    window.command("Glosswright: Implement Function")
    question = window.page.locator(".notification-toast", has_text="run the examples")
    question.wait_for(timeout=MODEL_S * 1000)
    window.shot("question")
    question.locator("a.monaco-button", has_text="Run examples").click()
    window.until(lambda: "examples" in window.status() and "ready" in window.status(), "a verdict", MODEL_S)
    window.shot("examples")
    assert len(window.saved(file)) > len(FUNCTION)


def _alternatives(window: Window, bench: Workbench) -> None:
    window.edit(bench, "vowels.py", VOWELS)
    window.keys("ArrowDown")
    window.command("Glosswright: Show Alternatives")
    panel = panel_with(window, "#cards article", MODEL_S)
    window.shot("alternatives")
    codes = panel.locator("#cards pre").all_text_contents()
    assert len(set(codes)) == len(codes) >= 1
    panel.locator("#cards button", has_text="Why?").first.click()
    panel_with(window, "h1:has-text('Why this')")
    window.shot("why")


def _letters(code: str) -> list[str]:
    """What is seen of code, whatever the order in which the screen holds its lines."""
    return sorted("".join(code.split()))
