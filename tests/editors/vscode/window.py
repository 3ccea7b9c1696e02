"""A browser window with VS Code in it: keys go in, what stands on the screen comes out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from editors.browser import Screen, browsing

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Playwright

    from editors.workbench import Workbench

FOCUS = "() => document.activeElement?.closest('.editor-instance') !== null"


class Window(Screen):
    """One window. Made by `opened`."""

    def ghost(self) -> str:
        """The ghost text, its lines joined; "" where there is none."""
        parts = self.texts(".ghost-text-decoration, .ghost-text, .ghost-text-decoration-preview")
        return "".join(parts)

    def status_item(self) -> Locator:
        """Our item in the status bar."""
        return self.page.locator('[id="glosswright.glosswright.glosswright.status"] a').first

    def status(self) -> str:
        """What a screen reader says of it; "" while there is none."""
        item = self.status_item()
        return (item.get_attribute("aria-label") or "") if item.count() else ""

    def text(self) -> str:
        """What the editors on the screen show of their files."""
        return "\n".join(self.texts(".monaco-editor .view-line"))

    def edit(self, bench: Workbench, name: str, text: str) -> Path:
        """Make a file of the project and open it; the cursor stands at its beginning, the keyboard in it."""
        file = bench.file(text, name)
        if self.page.locator(".editor-group-container").count() > 1:
            self.command("View: Join All Editor Groups")
        self.keys("Escape")
        entry = self.page.locator(".explorer-folders-view .monaco-list-row", has_text=name)
        self.until(lambda: entry.count() == 1, f"{name} is in the explorer")
        entry.dblclick(force=True)  # a busy machine is long in finding out that a row stands still
        self.page.wait_for_selector(f".tab.active[data-resource-name='{name}']")
        self.until(lambda: self.page.evaluate(FOCUS), "the keyboard is in the editor")
        self.keys("Control+Home")
        return file

    def saved(self, file: Path) -> str:
        """The file as it is once the editor has saved it."""
        self.keys("Control+s")
        self.until(lambda: self.page.locator(".tab.active.dirty").count() == 0, "the file is saved")
        return file.read_text(encoding="utf-8")

    def opens(self, field: Locator, *names: str, within_s: float = 5) -> bool:
        """Press keys, which a busy editor may miss, and see whether a field to write in comes that has the keyboard."""
        self.keys(*names)
        ends_at = time.monotonic() + within_s
        while time.monotonic() < ends_at:
            if field.is_visible() and field.evaluate("field => field === document.activeElement"):
                return True
            self.page.wait_for_timeout(100)
        return False

    def command(self, title: str) -> None:
        """Run a command by its name in the palette."""
        field = self.page.locator(".quick-input-widget:not([style*='display: none']) input").first
        self.until(lambda: self.opens(field, "F1"), "the palette")
        self.page.keyboard.type(title)
        self.until(lambda: any(title in row for row in self.rows()), f"the palette offers {title!r}")
        self.keys("Enter")

    def pick(self, words: str) -> None:
        """Type into the quick pick that is open until only the rows with these words are left, and take the first."""
        self.page.keyboard.type(words)
        self.until(lambda: self.rows() and all(words in row for row in self.rows()), f"only {words!r} is left")
        self.keys("Enter")

    def rows(self) -> list[str]:
        """The rows of the quick pick that is open."""
        return self.texts(".quick-input-widget .monaco-list-row")

    def toasts(self) -> list[str]:
        """The notifications on the screen."""
        return self.texts(".notification-toast .notification-list-item")


@contextmanager
def opened(playwright: Playwright, folder: Path, address: str, name: str) -> Iterator[Window]:
    """A window at an address, once the editor is drawn. `name` begins the names of its pictures."""
    with browsing(playwright, folder, address) as page:
        window = Window(page, name)
        page.wait_for_selector(".monaco-workbench .statusbar-item", timeout=90_000)
        yield window
