"""A browser window with VS Code in it: keys go in, what stands on the screen comes out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Playwright

    from editors.workbench import Workbench

WAIT_S = 45.0  # a busy machine; nothing waits that long where all is well
SIZE = {"width": 1200, "height": 720}
SCREENS = Path(__file__).resolve().parents[3] / ".cache" / "vscode-screens"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
FOCUS = "() => document.activeElement?.closest('.editor-instance') !== null"

Found = TypeVar("Found")


class Window:
    """One window. Made by `opened`."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self._name = name
        self._shots = 0

    def shot(self, what: str) -> Path:
        """Keep a picture of the screen."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        self._shots += 1
        path = SCREENS / f"{self._name}-{self._shots:02}-{what}.png"
        self.page.screenshot(path=path)
        return path

    def until(self, look: Callable[[], Found], what: str, timeout_s: float = WAIT_S) -> Found:
        """What `look` finds, as soon as it is true; else a picture is kept and the test fails."""
        ends_at = time.monotonic() + timeout_s
        while not (found := look()):
            if time.monotonic() > ends_at:
                self.shot("failed")
                raise AssertionError(f"not in {timeout_s:g} s: {what}; last seen: {found!r}; see {SCREENS}")
            self.page.wait_for_timeout(100)
        return found

    def keys(self, *names: str) -> None:
        """Press keys one after the other: "Tab", "Control+z"."""
        for name in names:
            self.page.keyboard.press(name)

    def write(self, text: str, delay_ms: float = 20) -> None:
        """Type as a person does; "\\n" is Enter."""
        for number, line in enumerate(text.split("\n")):
            if number:
                self.page.keyboard.press("Enter")
            self.page.keyboard.type(line, delay=delay_ms)

    def texts(self, selector: str) -> list[str]:
        """What is written in each element that can be seen."""
        found: list[str] = self.page.eval_on_selector_all(
            selector,
            "all => all.filter(e => e.offsetParent !== null || e.getClientRects().length)"
            ".map(e => e.textContent.replace(/\\u00a0/g, ' '))",
        )
        return found

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
    context = playwright.chromium.launch_persistent_context(
        str(folder), executable_path=shutil.which("chromium"), headless=True, viewport=SIZE, args=FLAGS
    )
    try:
        context.set_default_timeout(90_000)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        window = Window(context.pages[0] if context.pages else context.new_page(), name)
        window.page.goto(address, timeout=120_000, wait_until="commit")
        window.page.wait_for_selector(".monaco-workbench .statusbar-item", timeout=90_000)
        yield window
    finally:
        context.close()
