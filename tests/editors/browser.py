"""A browser window: keys go in, what stands on the screen comes out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from playwright.sync_api import Page, Playwright

WAIT_S = 45.0  # a busy machine; nothing waits that long where all is well
SIZE = {"width": 1200, "height": 720}
SCREENS = Path(__file__).resolve().parents[2] / ".cache" / "vscode-screens"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]

Found = TypeVar("Found")


class Screen:
    """One window."""

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


@contextmanager
def browsing(playwright: Playwright, folder: Path, address: str) -> Iterator[Page]:
    """A page that has begun to load an address; the browser keeps what it writes in `folder`."""
    context = playwright.chromium.launch_persistent_context(
        str(folder), executable_path=shutil.which("chromium"), headless=True, viewport=SIZE, args=FLAGS
    )
    try:
        context.set_default_timeout(90_000)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.pages[0] if context.pages else context.new_page()
        page.goto(address, timeout=120_000, wait_until="commit")
        yield page
    finally:
        context.close()
