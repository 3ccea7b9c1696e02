"""Errors that mean that memory was too small: torch has a class of its own for that on GPUs alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from glosswright_model.errors import TrainingError


@contextmanager
def want_of_memory_named(advice: str) -> Iterator[None]:
    """Raise TrainingError, with what to make smaller, in place of such an error."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "DefaultCPUAllocator" not in str(error):
            raise
        raise TrainingError(f"There is too little memory{advice}") from error
