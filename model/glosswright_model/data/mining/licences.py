"""Under which licence a file stands: its SPDX line, else the metadata or the licence text of the package around it.

The answer is an SPDX expression or "" where nothing was found. It reports what is written there; it is no legal advice,
and a file without a licence is not free to use.
"""

from __future__ import annotations

import json
import re
from email import message_from_string
from functools import lru_cache
from pathlib import Path
from typing import Any

from glosswright_model.data.mining.languages import OTHERS
from glosswright_model.data.mining.small_files import read_small

PERMISSIVE = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "PSF-2.0",
        "Python-2.0",
        "Unlicense",
        "Zlib",
    }
)
"""Licences that ask for no more than notices."""

_SPDX_LINE = re.compile(rb"SPDX-License-Identifier:[ \t]*([^\r\n]{1,200})")
_HEAD_BYTES = 4096


class Licences:
    """Answers for the files below one folder, each folder looked at once."""

    def __init__(self, root: Path) -> None:
        """For files below `root`; folders above it are asked as far as the repository reaches."""
        self._top = next((place for place in (root, *root.parents) if (place / ".git").exists()), root)
        self._folder = lru_cache(maxsize=65536)(self._of_folder)
        self._packages = lru_cache(maxsize=64)(_installed_packages)

    def of(self, path: Path, head: bytes) -> str:
        """The licence of a file, given its first bytes."""
        if match := _SPDX_LINE.search(head[:_HEAD_BYTES]):
            return _expression(match[1].decode("utf-8", "replace"))
        return self._folder(path.parent)

    def _of_folder(self, folder: Path) -> str:
        found = _metadata(folder) or _licence_file(folder)
        if found:
            return found
        if folder.name in OTHERS or folder == self._top or folder.parent == folder or self._top not in folder.parents:
            return ""
        # In a folder of installed packages the licence stands beside the package.
        return self._packages(folder.parent).get(folder.name.lower(), "") or self._folder(folder.parent)


def is_permissive(expression: str) -> bool:
    """Whether an SPDX expression lets one choose, or consists of, permissive licences alone."""
    if not expression or re.search(r"[()]|\bWITH\b", expression):
        parts = [part for part in re.split(r"[()\s]+|\b(?:AND|OR|WITH)\b", expression) if part]
        return bool(parts) and all(part in PERMISSIVE for part in parts)
    return any(all(part.strip() in PERMISSIVE for part in choice.split(" AND ")) for choice in expression.split(" OR "))


def licence_of_text(text: str) -> str:
    """The SPDX identifier of a licence's text, by the phrases that only it has; "" for one that is not known."""
    plain = " ".join(text.split()).lower()
    return next((name for name, phrases in _PHRASES if all(phrase in plain for phrase in phrases)), "")


_PHRASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("AGPL-3.0-only", ("gnu affero general public license", "version 3")),
    ("LGPL-3.0-only", ("gnu lesser general public license", "version 3")),
    ("LGPL-2.1-only", ("gnu lesser general public license", "version 2.1")),
    ("GPL-3.0-only", ("gnu general public license", "version 3, 29 june 2007")),
    ("GPL-2.0-only", ("gnu general public license", "version 2, june 1991")),
    ("MPL-2.0", ("mozilla public license", "2.0")),
    ("EPL-2.0", ("eclipse public license", "2.0")),
    ("Apache-2.0", ("apache license", "version 2.0")),
    ("PSF-2.0", ("python software foundation license version 2",)),
    ("CC0-1.0", ("cc0 1.0",)),
    ("Unlicense", ("this is free and unencumbered software released into the public domain",)),
    ("BSL-1.0", ("boost software license", "version 1.0")),
    ("Zlib", ("altered source versions must be plainly marked",)),
    ("MIT", ("permission is hereby granted, free of charge", "the above copyright notice and this permission notice")),
    ("MIT-0", ("permission is hereby granted, free of charge", "to deal in the software without restriction")),
    ("BSD-3-Clause", ("redistribution and use in source and binary forms", "endorse or promote")),
    ("BSD-2-Clause", ("redistribution and use in source and binary forms",)),
    ("ISC", ("permission to use, copy, modify, and", "provided that the above copyright notice")),
    ("0BSD", ("permission to use, copy, modify, and", "for any purpose with or without fee is hereby granted")),
)
_CLASSIFIERS = {
    "mit license": "MIT",
    "bsd license": "BSD-3-Clause",
    "apache software license": "Apache-2.0",
    "isc license (iscl)": "ISC",
    "python software foundation license": "PSF-2.0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "gnu general public license v2 (gplv2)": "GPL-2.0-only",
    "gnu general public license v3 (gplv3)": "GPL-3.0-only",
    "gnu general public license v3 or later (gplv3+)": "GPL-3.0-or-later",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "the unlicense (unlicense)": "Unlicense",
}
_ALIASES = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "apache2": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "3-clause bsd": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "mit license": "MIT",
    "the mit license": "MIT",
    "mit": "MIT",
    "psf": "PSF-2.0",
}
_IDENTIFIER = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9.]*(?:-[A-Za-z0-9.+]+)+"
    r"|MIT|ISC|0BSD|Zlib|Unlicense|WTFPL|NCSA|PostgreSQL|curl|libpng|Intel|X11|Beerware|blessing|Ruby|Vim|Xnet"
)
"""An SPDX identifier: nearly all have a hyphen; a bare word is more often somebody's own name for a licence."""


def _expression(text: str) -> str:
    """An SPDX expression, or the identifier for a common name; "" for what is neither."""
    text = text.strip().removesuffix("*/").removesuffix("-->").strip().strip("\"'")
    known = _ALIASES.get(text.lower())
    if known is not None:
        return known
    bare = text.replace("(", " ").replace(")", " ").strip()
    names = re.split(r"\s+(?:AND|OR|WITH)\s+", bare)
    if len(text) > 200 or not all(_IDENTIFIER.fullmatch(name.strip()) for name in names):
        return ""
    return " ".join(text.split())


def _metadata(folder: Path) -> str:
    for name, reader in _READERS.items():
        if (text := read_small(folder / name)) and (found := reader(text)):
            return found
    return ""


def _package_json(text: str) -> str:
    try:
        row: Any = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    licence = row.get("license") if isinstance(row, dict) else None
    licence = licence.get("type") if isinstance(licence, dict) else licence
    return _expression(licence) if isinstance(licence, str) else ""


def _toml_licence(text: str) -> str:
    """`license = "MIT"` or `license = { text = "MIT" }` of the first table that has one; no TOML reader before 3.11."""
    match = re.search(r"^license\s*=\s*(?:\{[^}\n]*\btext\s*=\s*)?[\"']([^\"'\n]+)[\"']", text, re.M)
    return _expression(match[1]) if match else ""


def _setup_cfg(text: str) -> str:
    match = re.search(r"^license\s*=\s*(\S[^\n]*)$", text, re.M)
    return _expression(match[1]) if match else ""


_READERS = {
    "package.json": _package_json,
    "pyproject.toml": _toml_licence,
    "Cargo.toml": _toml_licence,
    "setup.cfg": _setup_cfg,
}


def _licence_file(folder: Path) -> str:
    try:
        names = sorted(
            path.name
            for path in folder.iterdir()
            if re.match(r"(?:licen[cs]e|copying|unlicense)(?:[.-]|$)", path.name, re.I)
        )
    except OSError:
        return ""
    found = sorted({name for path in names if (name := licence_of_text(read_small(folder / path)))})
    return " OR ".join(found)


def _installed_packages(folder: Path) -> dict[str, str]:
    """Licences of Python packages by top-level name, from the `*.dist-info` folders beside them."""
    found: dict[str, str] = {}
    for info in sorted(folder.glob("*.dist-info")):
        licence = _python_metadata(read_small(info / "METADATA"))
        if not licence:
            continue
        for line in read_small(info / "RECORD").split("\n"):
            top = line.split(",", 1)[0].split("/", 1)[0].lower()
            if top and not top.endswith(".dist-info") and top != "..":
                found.setdefault(top.removesuffix(".py"), licence)
    return found


def _python_metadata(text: str) -> str:
    message = message_from_string(text)
    for name in ("License-Expression", "License"):
        if found := _expression(str(message.get(name, "")).split("\n")[0]):
            return found
    classes = [str(line).split("::")[-1].strip().lower() for line in message.get_all("Classifier", [])]
    return " OR ".join(sorted({_CLASSIFIERS[name] for name in classes if name in _CLASSIFIERS}))
