"""Write docs/settings.md from the settings classes; `--check` only says whether it is up to date."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from glosswright_server.settings import Described, describe

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"

HEAD = """# Settings

<!-- Written by `make docs` from server/glosswright_server/settings.py; edits by hand are lost. -->

Settings reach the language server through `initializationOptions`, through `workspace/configuration` (section
`glosswright`) and through `workspace/didChangeConfiguration`, bare or under the key `glosswright`. A dot in a name
stands for nesting: `inline.enabled` is `{"inline": {"enabled": …}}`; the dotted spelling is taken too.

A value that cannot
be used is named in a message, its default is used, and everything else goes on.

Settings marked **start-up only** decide where your code is sent, which program is run or which file is loaded. They are
taken from `initializationOptions` (or the command line) alone, because later configuration messages may come from a
file inside the folder you opened.

| setting | type | default | what it does |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(row(item) for item in describe())


def row(item: Described) -> str:
    notes = []
    if item.choices:
        notes.append("One of " + ", ".join(f"`{choice}`" for choice in item.choices) + ".")
    if item.minimum is not None and item.maximum is not None:
        notes.append(f"From {item.minimum:,} to {item.maximum:,}.")
    if item.restricted:
        notes.append("**Start-up only.**")
    doc = " ".join([item.doc, *notes]).replace("|", "\\|")
    return f"| `{item.path}` | {item.type} | `{json.dumps(item.default)}` | {doc} |\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the page is out of date")
    arguments = parser.parse_args()
    if arguments.check:
        return 0 if PAGE.read_text(encoding="utf-8") == page() else 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
