"""Candidate → verdict: checks made before anything is shown. Static for now; runs no code of anybody's."""

from __future__ import annotations

from glosswright_server.verify.static import judge
from glosswright_server.verify.verdict import Check, Outcome, Verdict

__all__ = ["Check", "Outcome", "Verdict", "judge"]
