"""Emacs in a terminal, under eglot or lsp-mode, set up as docs/editors/emacs.md says: by hand or with the package."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Literal

from .install import program
from .terminal import TerminalEditor
from .workbench import Workbench, block, wait_for

EMACS = program("emacs") or ""
PACKAGE = Path(__file__).resolve().parents[2] / "editors" / "emacs" / "glosswright.el"

Client = Literal["eglot", "lsp-mode"]
Through = Literal["configuration", "package"]
Shown = Literal["list", "company", "corfu"]
"""What shows completions: Emacs's own list, or a package."""

START_S = 90.0
"""For Emacs, lsp-mode from its sources and the server to start, on a busy machine."""
UNDO = "\x1f"
END = "\x1b>"
"""To the end of the buffer."""

_QUIET = """
(setq make-backup-files nil create-lockfiles nil auto-save-default nil inhibit-startup-screen t
      mode-require-final-newline nil confirm-kill-processes nil ring-bell-function #'ignore
      byte-compile-warnings nil warning-minimum-level :emergency)
"""
"""What would get in the way of keys and of exact texts."""
_PACKAGES = r"""
(dolist (folder (directory-files (getenv "GLOSSWRIGHT_ELPA") t "^[a-z]"))
  (add-to-list 'load-path folder)
  (unless (and (string-match "/\\(company\\|corfu\\|corfu-terminal\\)-[0-9]" folder)
               (not (member (match-string 1 folder) glosswright-wanted)))
    (dolist (file (directory-files folder t "-autoloads\\.el\\'"))
      (load file nil t))))
"""
"""As Emacs starts with installed packages; of those that show completions only the ones that are wanted."""
_LSP_MODE = """
(require 'lsp-mode)
(setq lsp-session-file (expand-file-name "session" "~")
      lsp-auto-guess-root t
      lsp-client-packages nil
      lsp-progress-via-spinner nil
      lsp-restart 'ignore
      lsp-enable-file-watchers nil
      lsp-headerline-breadcrumb-enable nil
      lsp-modeline-code-actions-enable nil
      lsp-modeline-workspace-status-enable nil
      lsp-modeline-diagnostics-enable nil
      lsp-lens-enable nil
      lsp-warn-no-matched-clients nil)
"""
"""It asks nothing, writes nothing beside the file, and looks for no other server."""


def version() -> int:
    """The major version; 0 where there is no Emacs."""
    if not EMACS:
        return 0
    said = subprocess.run([EMACS, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    return int(said.partition("Emacs ")[2].partition(".")[0])


@cache
def has(package: str) -> bool:
    """Whether a package was fetched together with this Emacs."""
    if not EMACS:
        return False
    command = [EMACS, "-Q", "--batch", "--eval", '(princ (getenv "GLOSSWRIGHT_ELPA"))']
    folder = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    return folder != "nil" and any(Path(folder).glob(f"{package}-[0-9]*"))


class Emacs(TerminalEditor):
    """A session; `open` gives it files, all of one project."""

    kind = "screen-256color"  # of an xterm it would ask questions that nobody answers here
    to_save = "\x18\x13"
    to_quit = "\x18\x13\x18\x03"  # no C-g before it, which would throw the rest away

    def __init__(
        self, bench: Workbench, client: Client, through: Through, shown: Shown = "list", *, more: str = ""
    ) -> None:
        """`more` comes after the set-up, in Lisp."""
        self._client = client
        init = bench.folder / "init.el"
        init.write_text(initialization(client, through, shown) + more, encoding="utf-8")
        eglot = "glosswright-eglot" if through == "package" else "eglot"
        self._attach = {"eglot": eglot, "lsp-mode": "lsp"}[client]
        by_hand = {"eglot": "eglot-code-actions", "lsp-mode": "lsp-execute-code-action"}
        self._act = "glosswright-write-code" if through == "package" else by_hand[client]
        self._asks = client == "eglot" and through == "configuration"  # even where there is but one action
        self._opened = 0
        bench.env.setdefault("LC_ALL", "C.UTF-8")
        super().__init__([EMACS, "-Q", "-nw", "-l", str(init)], bench, bench.project / "none")

    def open(self, text: str) -> None:
        """Edit a new file with this text; the cursor stands at its beginning."""
        self._opened += 1
        self.file = self._bench.file(text, f"example{self._opened}.py")
        self.press(f"\x18\x06{self.file.name}\r" if self._opened > 1 else f"\x18\x06\x01\x0b{self.file}\r")
        if self._opened == 1 or self._client == "lsp-mode":
            self.command(self._attach)
        wait_for(self._is_attached, "the server knows the file", START_S)
        self.forget()

    def command(self, name: str) -> None:
        """Run a command by its name."""
        self.press(f"\x1bx{name}\r")

    def act(self, title: str) -> None:
        """Run the code action at the cursor, which must be the one with this title."""
        self.forget()
        self.command(self._act)
        if self._asks:
            self.sees(title)
            self.press("\r")

    def _is_attached(self) -> bool:
        opened = self._bench.messages("textDocument/didOpen")
        return any(message["params"]["textDocument"]["uri"].endswith(self.file.name) for message in opened)


def initialization(client: Client, through: Through, shown: Shown = "list") -> str:
    """The configuration, as the page has it or with the package."""
    if through == "package":
        setup = f"(load {json.dumps(str(PACKAGE))})\n"
    elif client == "eglot":
        setup = block("emacs.md", "elisp", nth=1)
    else:
        setup = "".join(block("emacs.md", "elisp", nth=number) for number in (2, 3, 4))
    packages = f"(defvar glosswright-wanted '({_WANTED[shown]}))\n{_PACKAGES}"
    needed = packages if client == "lsp-mode" or shown != "list" else ""
    return _QUIET + needed + (_LSP_MODE if client == "lsp-mode" else "(require 'eglot)\n") + setup + _SHOWN[shown]


_WANTED: dict[Shown, str] = {"list": "", "company": '"company"', "corfu": '"corfu" "corfu-terminal"'}
_SHOWN: dict[Shown, str] = {
    "list": "",
    "company": "(global-company-mode)\n",
    "corfu": "(global-corfu-mode)\n(corfu-terminal-mode)\n",
}
