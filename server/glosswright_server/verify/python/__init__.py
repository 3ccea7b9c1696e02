"""Candidate in Python → checks that its syntax tree can answer, and the imports it lacks. Nothing is run."""

from __future__ import annotations

from glosswright_server.verify.python.checks import python_checks

__all__ = ["python_checks"]
