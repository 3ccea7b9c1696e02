"""Raw model text → text that fits the file: where it stops, how it is indented, what of it is already there. Pure; knows no protocol."""

from __future__ import annotations

from glosswright_server.shaping.shaper import Shaped, Shaper

__all__ = ["Shaped", "Shaper"]
