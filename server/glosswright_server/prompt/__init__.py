"""Intent and document → the prompt a model family understands. Pure; sends nothing."""

from __future__ import annotations

from glosswright_server.prompt.build import Prompt, build_prompt
from glosswright_server.prompt.profile import PromptProfile, Style, profile_for

__all__ = ["Prompt", "PromptProfile", "Style", "build_prompt", "profile_for"]
