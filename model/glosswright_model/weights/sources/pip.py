"""Download one wheel with the pip of this interpreter, in a process of its own.

pip is used because it knows the user's package index: its configuration, mirrors, proxies, certificates and log-ins.
Only `pip download` of wheels without dependencies runs, which executes nothing of the package. pip is not imported.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from glosswright_model.errors import SourceUnavailable
from glosswright_model.weights.progress import Watch

POLL_S = 0.1
STALL_S = 180.0
END_S = 5.0


def pip_missing() -> str | None:
    """Why pip cannot be run here, and what to do about it; None when it can."""
    if sys.executable and importlib.util.find_spec("pip") is not None:
        return None
    return (
        f"pip is not installed for {sys.executable or 'this Python'}; "
        "run `python -m ensurepip` there, or `uv pip install pip` in a uv environment"
    )


def download_wheel(requirement: str, folder: Path, *, watch: Watch, max_bytes: int, stall_s: float = STALL_S) -> Path:
    """Download the wheel of `requirement` ("name==version") into the empty `folder`.

    Tells `watch` how many bytes have come. Ends pip when the caller wants to stop, when the wheel grows above
    `max_bytes`, or when nothing came for `stall_s` seconds. Raises SourceUnavailable with pip's own last words.
    """
    wheels, temporary, log = folder / "wheel", folder / "tmp", folder / "pip.log"
    wheels.mkdir(parents=True)
    temporary.mkdir()
    # pip downloads into the temporary folder and copies from there: keep both on the disk whose room was checked.
    environment = {**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    with log.open("wb") as errors, _ended(_start(requirement, wheels, temporary, environment, errors.fileno())) as pip:
        seen, changed_at = 0, time.monotonic()
        while pip.poll() is None:
            watch.check()
            size = _largest_file(folder)
            if size > max_bytes:
                raise SourceUnavailable(f"refused {requirement}: its wheel has more than {max_bytes} bytes")
            if size != seen:
                seen, changed_at = size, time.monotonic()
                watch.ahead(size)
            if time.monotonic() - changed_at > stall_s:
                raise SourceUnavailable(f"pip got nothing of {requirement} for {stall_s:.0f} s")
            with contextlib.suppress(subprocess.TimeoutExpired):
                pip.wait(POLL_S)
    if pip.returncode != 0:
        raise SourceUnavailable(f"pip could not download {requirement}: {_last_words(log, pip.returncode)}")
    found = list(wheels.glob("*.whl"))
    if len(found) != 1:
        raise SourceUnavailable(f"pip brought {len(found)} wheels for {requirement}, expected one")
    if found[0].stat().st_size > max_bytes:
        raise SourceUnavailable(f"refused {requirement}: its wheel has more than {max_bytes} bytes")
    return found[0]


def _start(
    requirement: str, wheels: Path, cwd: Path, environment: dict[str, str], errors: int
) -> subprocess.Popen[bytes]:
    options = (
        "--no-deps --only-binary=:all: --no-cache-dir --ignore-requires-python"
        " --no-input --disable-pip-version-check --progress-bar=off"
    )
    command = [sys.executable, "-m", "pip", "download", *options.split(), "--dest", str(wheels), requirement]
    # `python -m` looks for modules in the working directory first: it must be one that holds nobody's files.
    return subprocess.Popen(  # noqa: S603  # no shell; the requirement is checked when the catalogue is read
        command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
    )


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _largest_file(folder: Path) -> int:
    largest = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # pip moves its files while they are counted
                largest = max(largest, os.path.getsize(os.path.join(parent, name)))
    return largest


def _last_words(log: Path, code: int) -> str:
    """The end of pip's error output, without log-ins that an address may carry."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    text = " ".join(errors[-2:]) or f"exit status {code}"
    return re.sub(r"://[^/@\s]+@", "://***@", text)[:500]
