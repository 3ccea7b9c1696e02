"""Raw model text → text that fits the file: where it ends, its margin, what of it is there already. Pure."""

from __future__ import annotations

from glosswright_server.shaping.shaper import Shaped, Shaper

__all__ = ["Shaped", "Shaper"]
