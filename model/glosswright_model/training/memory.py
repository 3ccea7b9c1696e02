"""Whether an error means that memory was too small: torch has a class of its own for that on GPUs alone."""

from __future__ import annotations

import torch


def is_want_of_memory(error: Exception) -> bool:
    """For those who say what to make smaller."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)
