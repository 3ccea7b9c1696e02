"""A browser window with VS Code in it: keys go in, what stands on the screen comes out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from playwright.sync_api import Page, Playwright

WAIT_S = 15.0
SIZE = {"width": 1200, "height": 720}
SCREENS = Path(__file__).resolve().parents[3] / ".cache" / "vscode-screens"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
LINES = """() => [...document.querySelectorAll('.editor-instance .view-line, .monaco-editor .view-line')]
  .map(line => [parseFloat(line.style.top), line.textContent.replace(/\\u00a0/g, ' ')])
  .sort((a, b) => a[0] - b[0]).map(([, text]) => text)"""

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
        left = timeout_s
        while not (found := look()):
            if left <= 0:
                self.shot("failed")
                raise AssertionError(f"not in {timeout_s:g} s: {what}; last seen: {found!r}; see {SCREENS}")
            self.page.wait_for_timeout(100)
            left -= 0.1
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

    def status(self) -> str:
        """What a screen reader says of our item in the status bar."""
        item = self.page.locator('[id="glosswright.glosswright.glosswright.status"]')
        label = item.locator("a").first.get_attribute("aria-label") if item.count() else None
        return label or ""

    def command(self, title: str) -> None:
        """Run a command by its name in the palette."""
        self.keys("F1")
        self.page.wait_for_selector(".quick-input-widget:not([style*='display: none']) input")
        self.page.keyboard.type(title)
        self.until(lambda: any(title in row for row in self.rows()), f"the palette offers {title!r}")
        self.keys("Enter")

    def rows(self) -> list[str]:
        """The rows of the quick pick that is open."""
        return self.texts(".quick-input-widget .monaco-list-row")

    def toasts(self) -> list[str]:
        """The notifications on the screen."""
        return self.texts(".notification-toast .notification-list-item")


def opened(playwright: Playwright, folder: Path, address: str, name: str) -> Window:
    """A window at an address, once the editor is drawn."""
    context = playwright.chromium.launch_persistent_context(
        str(folder), executable_path=shutil.which("chromium"), headless=True, viewport=SIZE, args=FLAGS
    )
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    window = Window(context.pages[0] if context.pages else context.new_page(), name)
    window.page.goto(address, timeout=120_000, wait_until="commit")
    window.page.wait_for_selector(".monaco-workbench .statusbar-item", timeout=90_000)
    return window
