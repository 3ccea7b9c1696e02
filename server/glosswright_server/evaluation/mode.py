"""The three ways to be measured. Importing this is cheap: every command line does."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any


class Mode(str, Enum):
    """How answers are made."""

    RAW = "raw"  # the model alone: the benchmark's prompt, greedy, cut off at the customary stop words
    SINGLE = "single"  # the product, one candidate, nothing run
    FULL = "full"  # the product with several candidates, examples run, repair

    @property
    def sent(self) -> Mapping[str, Any]:
        """The settings that make it, by dotted name."""
        if self is Mode.SINGLE:
            return {"candidates.count": 1, "candidates.repair": False, "verify.runExamples": "never"}
        if self is Mode.FULL:
            return {"verify.runExamples": "always"}
        return {}
