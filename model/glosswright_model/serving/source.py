"""From a model's name to a loaded back end: the one place where `weights` and `backends` meet."""

from __future__ import annotations

from pathlib import Path

from glosswright_model.backends.base import Backend
from glosswright_model.errors import WeightsError
from glosswright_model.serving.loading import Load, Report

_RESULTS = ("model", "adapter")
"""Folders that training and fine-tuning write into a run's folder."""


def default_model() -> str:
    """The model used when the user names none."""
    from glosswright_model.weights import default_entry

    return default_entry().name


def name_of(path: Path) -> str:
    """What a user's own model is called: as its file or folder; `runs/mine/model`, as training leaves it, is "mine"."""
    return path.parent.name or path.name if path.name in _RESULTS else path.name


def model_load(
    model: str,
    *,
    backend: str = "auto",
    context_length: int | None = None,
    slots: int | None = None,
    download: bool = True,
) -> Load:
    """What finds, fetches unless `download` is False, and loads `model`: a catalogue name or a path.

    The function it returns raises WeightsError or BackendError; nothing is looked up before it is called.
    """

    def load(report: Report) -> Backend:
        # Here rather than above: the server answers before these are imported.
        from glosswright_model.backends.choose import load as load_backend
        from glosswright_model.weights import Progress, pull, resolve

        found = resolve(model)
        path = found.path
        if found.entry is not None and not found.present:
            if not download:
                name = found.entry.name
                raise WeightsError(f"{name} is not on this machine: run `glosswright model pull {name}`.")

            def on_progress(progress: Progress) -> None:
                message = {
                    "waiting": f"Waiting for another process that downloads {model}",
                    "verifying": f"Checking what is here of {model}",
                }.get(progress.phase, f"Downloading {model} from {progress.source}")
                report.downloading(progress.done_bytes, progress.total_bytes, progress.bytes_per_s, message)

            path = pull(found.entry, progress=on_progress, cancelled=report.cancelled)
        report.loading()
        return load_backend(
            path,
            model_name=found.entry.name if found.entry is not None else name_of(path),
            family=found.family,
            backend=backend,
            context_length=context_length,
            slots=slots,
        )

    return load
