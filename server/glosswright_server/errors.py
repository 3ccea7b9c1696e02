"""Every error the language server raises on purpose, in one tree. It does not hold the errors of the model package.

    GlosswrightError
    ├── UsageError               the command line does not make sense
    ├── ExcludedFile             the user keeps this file from models (`exclusion`)
    ├── ClientRequestError       the editor refused a request of ours or did not answer (`lsp.server_base`)
    ├── InvalidParams            a request lacks something required (`lsp.structuring`)
    ├── FramingLost              nobody can tell any more where a message begins (`lsp.framing`)
    ├── CannotTest               a benchmark's hidden tests cannot be run here (`evaluation.hidden`)
    ├── FeedbackUnavailable      the counts of what was accepted cannot be read or written (`feedback.file`)
    ├── NoCode                   the model answered with nothing that could be put into the file (`lsp.generate`)
    └── ModelError               no code could be had; `retryable` says whether waiting may help
        ├── EndpointUnreachable  nobody listens there, or the connection broke
        ├── EndpointRefused      401/403/404: wrong key, path or model name; only the user can mend it
        ├── EndpointBusy         429/503; `retry_after_s` says when to come back
        ├── EndpointBroken       it answered, but not with the completions protocol (HTML, broken events, 500)
        ├── EndpointTimeout      it did not answer in time
        ├── NotServed            the model was trained for something else than what was asked for
        └── LaunchError          the local model server could not be started

Cancelled and superseded requests are ordinary outcomes, not errors: see `generation.scheduler`.
"""

from __future__ import annotations


class GlosswrightError(Exception):
    """Base of the tree. `str(error)` is a short sentence that says what to do and never holds document text."""


class UsageError(GlosswrightError):
    """The command line does not make sense."""


class ExcludedFile(GlosswrightError):
    """The file is one that the user keeps from models."""


class FeedbackUnavailable(GlosswrightError):
    """The file with the counts of what was shown and accepted cannot be read or written now."""


class ModelError(GlosswrightError):
    """No code could be had from the model."""

    retryable = False


class EndpointUnreachable(ModelError):
    """Nobody listens at the endpoint, or the connection broke."""

    retryable = True


class EndpointRefused(ModelError):
    """The endpoint refused the request: wrong key, path or model name."""


class EndpointBusy(ModelError):
    """The endpoint is full or not ready yet."""

    retryable = True

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class EndpointBroken(ModelError):
    """The endpoint answered with something that is not the completions protocol."""

    retryable = True


class EndpointTimeout(ModelError):
    """The endpoint did not answer in time."""

    retryable = True


class NotServed(ModelError):
    """The model was trained for something else than what was asked for."""


class LaunchError(ModelError):
    """The local model server could not be started."""

    retryable = True
