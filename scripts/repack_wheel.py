"""Make a wheel fit into the VS Code extension: without the networks trained here, and stored uncompressed.

The networks need torch, which the extension's own environment does not have, and are larger than all the rest. Files
that are stored as they are can be compressed together: a third smaller. The order and the times of the files no longer
depend on the machine; what is left of them stays byte for byte as it was.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

LEFT_OUT = "glosswright_model/checkpoints/"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip file can tell."""


def repack(path: Path) -> None:
    """Rewrite the wheel at `path`."""
    with zipfile.ZipFile(path) as wheel:
        files = {name: wheel.read(name) for name in sorted(wheel.namelist()) if not name.startswith(LEFT_OUT)}
    record = next(name for name in files if name.endswith(".dist-info/RECORD"))
    # pip refuses a wheel whose list names files that it lacks.
    lines = files[record].decode().splitlines(keepends=True)
    files[record] = "".join(line for line in lines if not line.startswith(LEFT_OUT)).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as wheel:
        for name, data in files.items():
            wheel.writestr(zipfile.ZipInfo(name, EPOCH), data)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        repack(Path(argument))
