"""Which repository and commit a folder is at, read from `.git` itself: no `git` is run, and no credentials are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from glosswright_model.data.mining.languages import OTHERS
from glosswright_model.data.mining.small_files import read_small


@dataclass(frozen=True, slots=True)
class Repository:
    """A checkout."""

    root: Path
    address: str
    """Where it was fetched from, without user names and passwords; else the folder's name."""
    commit: str
    """Full hash of HEAD; empty where nothing is committed."""


def repository_of(folder: Path) -> Repository | None:
    """The checkout around a folder, None where there is none.

    Installed packages inside a checkout are not of it: their folders (`node_modules`, …) end the search.
    """
    for place in (folder, *folder.parents):
        if place.name in OTHERS:
            return None
        git = place / ".git"
        if git.is_dir():
            return Repository(place, _address(read_small(git / "config")) or place.name, _head(git, git))
        if git.is_file() and (match := re.match(r"gitdir:\s*(.+)", read_small(git))):  # a worktree or a submodule
            folder = (place / match[1].strip()).resolve()
            common = (folder / (read_small(folder / "commondir").strip() or ".")).resolve()
            return Repository(place, _address(read_small(common / "config")) or place.name, _head(folder, common))
    return None


def _head(git: Path, common: Path) -> str:
    head = read_small(git / "HEAD").strip()
    if not head.startswith("ref:"):
        return head if re.fullmatch(r"[0-9a-f]{40,64}", head) else ""
    name = head.removeprefix("ref:").strip()
    if not re.fullmatch(r"refs/[\w./+@-]+", name) or ".." in name:
        return ""
    if commit := read_small(common / name).strip():
        return commit
    packed = re.search(rf"^([0-9a-f]{{40,64}}) {re.escape(name)}$", read_small(common / "packed-refs"), re.M)
    return packed[1] if packed else ""


def _address(config: str) -> str:
    section = re.search(r'^\[remote "origin"\]\s*$(?P<body>.*?)(?=^\[|\Z)', config, re.M | re.S)
    match = re.search(r"^\s*url\s*=\s*(\S+)", section["body"], re.M) if section else None
    if match is None or match[1].startswith(("/", "file:", ".")) or re.match(r"[A-Za-z]:[\\/]", match[1]):
        return ""  # a path of this machine says nothing elsewhere
    return re.sub(r"^([a-z][a-z0-9+.-]*://)[^/@]*@", r"\1", match[1])
