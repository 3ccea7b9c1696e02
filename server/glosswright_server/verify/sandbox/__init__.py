"""Runs code that nobody has read yet where it can do no harm, or not at all."""

from glosswright_server.verify.sandbox.run import availability, run_examples

__all__ = ["availability", "run_examples"]
