"""Draw the icon of the VS Code extension: a page, a note in its margin, and the tick that says it was checked.

Shapes are signed distances (negative inside), so that edges come out smooth at any size. Only the standard library is
used; `make docs` does not need this, it is run when the drawing changes.
"""

from __future__ import annotations

import math
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

ICON = Path(__file__).parent.parent / "vscode-client" / "media" / "icon.png"
SIZE = 256
"""Pixels of each side. Coordinates below are in 128ths of it."""

Colour = tuple[int, int, int]
Shape = Callable[[float, float], float]

NIGHT, PAGE, INK, GLOSS, TICK = (31, 36, 48), (43, 51, 69), (122, 134, 158), (255, 204, 102), (135, 217, 108)


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> Shape:
    """A rectangle with round corners."""
    cx, cy, half_w, half_h = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2

    def distance(x: float, y: float) -> float:
        dx, dy = abs(x - cx) - half_w + radius, abs(y - cy) - half_h + radius
        return math.hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - radius

    return distance


def line(x0: float, y0: float, x1: float, y1: float, width: float) -> Shape:
    """A line with round ends."""
    length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2

    def distance(x: float, y: float) -> float:
        t = max(0.0, min(1.0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length2))
        return math.hypot(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0)) - width / 2

    return distance


def drawing() -> list[tuple[Shape, Colour]]:
    """What is drawn, from the back to the front."""
    return [
        (rounded(2, 2, 126, 126, 26), NIGHT),
        (rounded(24, 20, 104, 108, 8), PAGE),
        (line(47, 26, 47, 102, 2), INK),
        (line(56, 36, 94, 36, 6), INK),
        (line(56, 50, 84, 50, 6), INK),
        # The gloss: a note beside the text.
        (line(31, 36, 40, 36, 6), GLOSS),
        (line(31, 50, 38, 50, 6), GLOSS),
        (line(31, 64, 40, 64, 6), GLOSS),
        # The tick, on a rim that sets it off from the page.
        (line(62, 82, 76, 96, 21), NIGHT),
        (line(76, 96, 106, 62, 21), NIGHT),
        (line(62, 82, 76, 96, 11), TICK),
        (line(76, 96, 106, 62, 11), TICK),
    ]


def pixels() -> bytes:
    """RGBA rows, each behind its filter byte, as PNG wants them."""
    shapes = drawing()
    outline = shapes[0][0]
    scale = 128 / SIZE
    rows = bytearray()
    for row in range(SIZE):
        rows.append(0)
        for column in range(SIZE):
            x, y = (column + 0.5) * scale, (row + 0.5) * scale
            colour = (0.0, 0.0, 0.0)
            for shape, paint in shapes:
                cover = coverage(shape(x, y), scale)
                if cover:
                    colour = tuple(old + (new - old) * cover for old, new in zip(colour, paint, strict=True))
            inside = coverage(outline(x, y), scale)
            rows += (
                bytes(round(channel / inside) if inside else 0 for channel in colour)
                if inside < 1
                else bytes(round(channel) for channel in colour)
            )
            rows.append(round(255 * inside))
    return bytes(rows)


def coverage(distance: float, pixel: float) -> float:
    """How much of a pixel lies inside, from its distance to the edge."""
    return max(0.0, min(1.0, 0.5 - distance / pixel))


def png(data: bytes) -> bytes:
    """The file (PNG specification, third edition)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")


if __name__ == "__main__":
    ICON.write_bytes(png(pixels()))
    print(f"{ICON}: {ICON.stat().st_size} bytes")
    sys.exit(0)
