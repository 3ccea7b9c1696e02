"""A real VS Code, served to a browser by code-server, with our package and nothing else installed in it.

Everything it writes goes into a folder of its own. It reaches no gallery and sends no telemetry.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from editors.workbench import at_home

START_S = 60.0
NO_GALLERY = json.dumps(dict.fromkeys(("serviceUrl", "itemUrl", "resourceUrlTemplate"), "http://127.0.0.1:9/"))
QUIET = {
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    "workbench.enableExperiments": False,
    "workbench.colorTheme": "Default Dark Modern",
    "workbench.reduceMotion": "on",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "chat.disableAIFeatures": True,
    "chat.commandCenter.enabled": False,
    "telemetry.telemetryLevel": "off",
    "extensions.autoCheckUpdates": False,
    "extensions.ignoreRecommendations": True,
    "editor.minimap.enabled": False,
    "editor.fontSize": 14,
    "editor.autoClosingBrackets": "never",
    "editor.autoClosingQuotes": "never",
    "editor.wordBasedSuggestions": "off",
    "files.autoSave": "off",
    "git.enabled": False,
    "typescript.disableAutomaticTypeAcquisition": True,
}
"""What would get in the way of keys and pictures."""


def program() -> Path | None:
    """Where `scripts/test-vscode.sh` has put code-server; None where it has not."""
    where = os.environ.get("GLOSSWRIGHT_TEST_CODE_SERVER")
    return Path(where) / "out" / "node" / "entry.js" if where else None


def command_line(folder: Path, extensions: Path) -> list[str]:
    """code-server with its data in `folder` and its extensions in `extensions`."""
    entry, node = program(), shutil.which("node")
    assert entry is not None
    assert node is not None
    command = [node, str(entry), "--config", str(folder / "config.yaml")]
    return [*command, "--user-data-dir", str(folder / "user"), "--extensions-dir", str(extensions)]


def install(packages: Sequence[Path], folder: Path) -> Path:
    """Install extensions from their packages, as a user would; returns the folder that they are in."""
    extensions = folder / "extensions"
    command = command_line(folder, extensions)
    for package in packages:
        command += ["--install-extension", str(package)]
    env = {**os.environ, **at_home(folder), "EXTENSIONS_GALLERY": NO_GALLERY}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return extensions


class CodeServer:
    """One running code-server. A context manager."""

    def __init__(
        self,
        folder: Path,
        extensions: Path,
        env: Mapping[str, str],
        *,
        trust: bool = True,
        settings: Mapping[str, Any],
    ) -> None:
        """`settings` are the user's; with `trust` every workspace is trusted, else VS Code asks."""
        self.folder = folder
        self.settings = folder / "user" / "User" / "settings.json"
        self._command = command_line(folder, extensions)
        self._trust = [] if not trust else ["--disable-workspace-trust"]
        self._env = {**env, "EXTENSIONS_GALLERY": NO_GALLERY}
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        for place in (self.settings, folder / "user" / "Machine" / "settings.json"):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(json.dumps({**QUIET, **settings}), encoding="utf-8")

    def __enter__(self) -> CodeServer:
        command = [*self._command, "--bind-addr", "127.0.0.1:0", "--auth", "none", "--disable-telemetry"]
        command += ["--disable-update-check", "--disable-getting-started-override", "--disable-proxy", *self._trust]
        self._log = self.folder / "code-server.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        ends_at = time.monotonic() + START_S
        while not self.url:
            assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
            assert time.monotonic() < ends_at, "code-server did not start: " + self._log.read_text(encoding="utf-8")
            found = re.search(r"listening on (http://127\.0\.0\.1:\d+)", self._log.read_text(encoding="utf-8"))
            self.url = found[1] if found else ""
            time.sleep(0.05)
        return self

    def __exit__(self, *exc_info: object) -> None:
        assert self._process is not None
        mine = psutil.Process(self._process.pid)
        everything = [mine, *mine.children(recursive=True)]
        self._process.terminate()
        self._process.wait(20)
        _, alive = psutil.wait_procs(everything[1:], timeout=10)
        for process in alive:
            process.kill()

    def children(self, word: str) -> list[psutil.Process]:
        """Processes below it whose command line holds `word`."""
        assert self._process is not None
        found = []
        for process in psutil.Process(self._process.pid).children(recursive=True):
            try:
                if any(word in part for part in process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def address(self, folder: Path, *files: Path) -> str:
        """The address of a folder or workspace file with these files open."""
        host = self.url.partition("//")[2]
        open_files = [["openFile", f"vscode-remote://{host}{quote(str(file))}"] for file in files]
        kind = "workspace" if folder.suffix == ".code-workspace" else "folder"
        return f"{self.url}/?{kind}={quote(str(folder))}&payload={quote(json.dumps(open_files))}"
