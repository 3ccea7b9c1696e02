"""Make a prompt fit the context: which tokens are kept when document and answer together are too long.

Promise: what lies nearest the gap survives, and the cut stays where it is while the user types, so that the engine's
prefix cache stays valid. Counts only; deliberately no tokens, no text and no engine here.
"""

from __future__ import annotations

from dataclasses import dataclass

_STEPS = 8
"""The start of the prompt is cut in steps of an eighth of the context: a cut that moved by one token with each
keystroke would make the engine evaluate the whole prompt anew each time."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What to keep of a prompt, and how much room is left for the answer. All in tokens."""

    drop_prefix: int
    """Dropped from the start of the text before the gap."""
    keep_suffix: int
    """Kept from the start of the text after the gap."""
    max_tokens: int
    """Room for the answer: what was asked for, or what is left."""


def fit(*, context: int, prefix: int, suffix: int = 0, fixed: int = 0, max_tokens: int) -> Fit:
    """Fit `prefix + suffix + fixed` tokens and an answer of `max_tokens` into `context` tokens.

    `fixed` counts tokens that must stay (control tokens, the beginning-of-text token). The prompt keeps at least half
    of the context, whatever answer is asked for; of that the suffix keeps a quarter at most when both sides are too
    long.
    """
    reserved = min(max_tokens, context // 2)
    budget = max(context - reserved - fixed, 0)
    if prefix + suffix <= budget:
        return Fit(0, suffix, min(max_tokens, context - fixed - prefix - suffix))
    keep_suffix = min(suffix, max(budget // 4, budget - prefix))
    room = budget - keep_suffix
    drop = max(prefix - room, 0)
    if drop:
        step = max(context // _STEPS, 1)
        # Rounding up must not eat the text next to the gap when the room is smaller than a step.
        drop = min(-(-drop // step) * step, max(prefix - room // 2, drop))
    return Fit(drop, keep_suffix, min(max_tokens, context - fixed - (prefix - drop) - keep_suffix))
