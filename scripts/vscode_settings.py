"""Write the server's settings into vscode-client/package.json; `--check` only says whether they are up to date.

What is generated: one section of `contributes.configuration` for each group of settings, and the list of settings that
a workspace which is not trusted may not set. The extension's own settings (the first section) and all else in the
file are written by hand and stay as they are.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from glosswright_server.settings import Described, describe

MANIFEST = Path(__file__).parent.parent / "vscode-client" / "package.json"
PREFIX = "glosswright."
FIRST_GENERATED = 1
"""Index in `contributes.configuration` from which on sections are generated."""


def updated(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with the settings as they are now."""
    own = manifest["contributes"]["configuration"][:FIRST_GENERATED]
    manifest["contributes"]["configuration"] = [*own, *sections()]
    mine = [name for section in own for name, schema in section["properties"].items() if schema["scope"] == "machine"]
    restricted = [PREFIX + item.path for item in describe() if item.restricted]
    manifest["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] = [*mine, *restricted]
    return manifest


def sections() -> list[dict[str, Any]]:
    """The settings of each group, those of no group first."""
    groups = dict.fromkeys(group_of(item) for item in describe())
    return [
        {
            "title": group.capitalize() or "General",
            "properties": {PREFIX + item.path: schema(item) for item in describe() if group_of(item) == group},
        }
        for group in groups
    ]


def group_of(item: Described) -> str:
    return item.path.rpartition(".")[0]


def schema(item: Described) -> dict[str, Any]:
    """One setting as VS Code's settings editor takes it."""
    kinds = {"array of strings": "array"}
    made: dict[str, Any] = {"type": kinds.get(item.type, item.type), "default": item.default}
    if made["type"] == "array":
        made["items"] = {"type": "string"}
    if item.choices:
        made["enum"] = list(item.choices)
    if item.minimum is not None:
        made["minimum"] = item.minimum
    if item.maximum is not None:
        made["maximum"] = item.maximum
    # What decides where code goes and what is run is the user's alone: no workspace can set it.
    made["scope"] = "machine" if item.restricted else "window"
    note = " A change restarts the language server." if item.restricted else ""
    made["markdownDescription"] = item.doc + note
    return made


def text(manifest: dict[str, Any]) -> str:
    """The file as npm would write it."""
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the manifest is out of date")
    arguments = parser.parse_args()
    there = MANIFEST.read_text(encoding="utf-8")
    wanted = text(updated(json.loads(there)))
    if arguments.check:
        return 0 if there == wanted else 1
    MANIFEST.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
