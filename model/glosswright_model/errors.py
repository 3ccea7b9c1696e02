"""Every error the model package raises on purpose, in one tree.

    ModelPackageError
    ├── WeightsError
    │   ├── UnknownModel         a name that is neither in the catalogue nor a path
    │   ├── HashMismatch         the bytes are not the ones the catalogue names; nothing was kept
    │   ├── NotEnoughSpace       said before the download starts
    │   ├── SourceUnavailable    none of the sources could deliver
    │   └── PullCancelled        the caller asked to stop
    ├── BackendError
    │   ├── BackendMissing       the package a back end needs is not installed
    │   ├── ModelLoadError       the file is not a model this back end can read (truncated, hostile, wrong kind)
    │   └── GenerationError      the engine failed while generating
    ├── DataError               a corpus, a source tree or a vocabulary cannot be used; says which and why
    ├── ConfigError             an experiment's configuration is wrong; names the field
    ├── CheckpointError         a checkpoint is damaged, of another version or architecture, or cannot be written
    ├── TrainingError           a run cannot go on: losses that are no numbers, a worker that died
    └── ServingError
        ├── QueueFull            too many requests wait; carries `retry_after_s`
        └── AlreadyRunning       another model server of this user holds the lock

`str(error)` is one short sentence for the user that says what to do; it never holds prompts.
"""

from __future__ import annotations


class ModelPackageError(Exception):
    """Base of the tree."""


class WeightsError(ModelPackageError):
    """Weights could not be found or fetched."""


class UnknownModel(WeightsError):
    """The name is neither in the catalogue nor a path."""


class HashMismatch(WeightsError):
    """The bytes are not the ones the catalogue names."""


class NotEnoughSpace(WeightsError):
    """The disk cannot hold the file."""


class SourceUnavailable(WeightsError):
    """No source could deliver the file."""


class PullCancelled(WeightsError):
    """The caller asked to stop the download."""


class BackendError(ModelPackageError):
    """A back end could not do its work."""


class BackendMissing(BackendError):
    """The package that a back end needs is not installed."""


class ModelLoadError(BackendError):
    """The file is not a model this back end can read."""


class GenerationError(BackendError):
    """The engine failed while generating."""


class DataError(ModelPackageError):
    """A corpus, a source tree or a vocabulary cannot be used."""


class ConfigError(ModelPackageError):
    """The configuration of an experiment is wrong."""


class CheckpointError(ModelPackageError):
    """A checkpoint cannot be read or written."""


class TrainingError(ModelPackageError):
    """A training run cannot go on."""


class ServingError(ModelPackageError):
    """The HTTP server could not do its work."""


class QueueFull(ServingError):
    """Too many requests wait already."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class AlreadyRunning(ServingError):
    """Another model server of this user holds the lock."""
