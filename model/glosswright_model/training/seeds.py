"""Randomness that depends on where a run is, not on what was drawn before.

Every draw of training has a seed made of the run's seed and of what it is for ("update", 812, rank 0). That is what
makes a resumed run end with the same weights without saving the state of any generator.
"""

from __future__ import annotations

import hashlib

import torch


def seed_of(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed for one purpose; different purposes give unrelated ones."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def generator_for(seed: int, *purpose: str | int) -> torch.Generator:
    """A generator on the CPU for one purpose."""
    return torch.Generator().manual_seed(seed_of(seed, *purpose))
