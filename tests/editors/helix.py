"""Helix in a terminal, with the configuration of docs/editors/helix.md."""

from __future__ import annotations

import time

from .install import program
from .terminal import TerminalEditor
from .workbench import Workbench, block, wait_for


class Helix(TerminalEditor):
    """A session on one file."""

    to_save = "\x1b:w\r"
    to_quit = "\x1b:q!\r"

    def __init__(self, bench: Workbench, text: str) -> None:
        """`text` stands in the file that is edited."""
        folder = bench.home / ".config" / "helix"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "languages.toml").write_text(block("helix.md", "toml"), encoding="utf-8")
        file = bench.file(text)
        super().__init__([program("hx") or "hx", str(file)], bench, file)

    def __enter__(self) -> Helix:
        super().__enter__()
        wait_for(lambda: self._bench.messages("textDocument/didOpen"), "the server is attached")
        return self

    def press(self, keys: str) -> None:
        """Press keys one by one: Helix takes an escape followed at once by a key for one chord."""
        for key in keys:
            super().press(key)
            time.sleep(0.08 if key == "\x1b" else 0.01)
