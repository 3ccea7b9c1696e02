"""Failures in the log: what failed and where, without what the exception says.

The text of an exception may quote a document (a `KeyError` quotes its key, a JSON error its input), and document text
belongs in no log above DEBUG.
"""

from __future__ import annotations

import logging
import traceback


def log_failure(logger: logging.Logger, what: str, error: BaseException) -> None:
    """Log at ERROR that `what` failed, with the type of `error` and its traceback; its text goes to DEBUG."""
    where = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    logger.error("%s failed: %s\n%s", what, type(error).__name__, where)
    logger.debug("%s failed with: %s", what, error)
