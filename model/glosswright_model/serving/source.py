"""From a model's name to a loaded back end: the one place where `weights` and `backends` meet."""

from __future__ import annotations

from glosswright_model.serving.loading import Load


def default_model() -> str:
    raise LookupError


def model_load(model: str, *, backend: str, context_length: int | None, slots: int | None, download: bool) -> Load:
    raise LookupError
