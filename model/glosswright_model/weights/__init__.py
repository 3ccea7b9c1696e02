"""Names to files: which models there are, where they lie, and how they get there, each byte checked by its SHA-256.

`resolve` looks, `pull` fetches, `installed`, `verify` and `remove` keep the cache. No model is opened here; that is for
`glosswright_model.backends`.
"""

from __future__ import annotations

from glosswright_model.weights.catalogue import ModelEntry, catalogue, default_entry, find_entry
from glosswright_model.weights.licences import licence_notice
from glosswright_model.weights.progress import Progress
from glosswright_model.weights.pull import pull
from glosswright_model.weights.resolve import ResolvedModel, resolve
from glosswright_model.weights.shipped import Shipped, find_shipped, shipped_networks
from glosswright_model.weights.store import Installed, cache_folder, installed, remove, verify

__all__ = [
    "Installed",
    "ModelEntry",
    "Progress",
    "ResolvedModel",
    "Shipped",
    "cache_folder",
    "catalogue",
    "default_entry",
    "find_entry",
    "find_shipped",
    "installed",
    "licence_notice",
    "pull",
    "remove",
    "resolve",
    "shipped_networks",
    "verify",
]
