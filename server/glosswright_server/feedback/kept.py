"""How much of some code stands in a text still. Pure: text in, a number out."""

from __future__ import annotations

NEAR_LINES = 200
"""So far above and below its first place it is looked for."""
MOST_LINES = 400


def share_kept(code: str, text: str, line: int) -> float:
    """Share of the lines of `code` that stand in `text` near its 0-based `line`, in their order; 0 to 1.

    Blank lines and white space around a line do not count: formatters change them.
    """
    from difflib import SequenceMatcher  # a minute after the first acceptance is soon enough

    wanted = [stripped for one in code.splitlines() if (stripped := one.strip())][:MOST_LINES]
    if not wanted:
        return 0.0
    near = text.split("\n")[max(line - NEAR_LINES, 0) : line + NEAR_LINES + len(wanted)]
    there = [one.strip() for one in near]
    blocks = SequenceMatcher(None, wanted, there, autojunk=False).get_matching_blocks()
    whole = sum(block.size for block in blocks)
    if whole == len(wanted):
        return 1.0
    # The first line may have gone on from what stood left of it, and the last one may be gone on with.
    matched = {index for block in blocks for index in range(block.a, block.a + block.size)}
    for index in {0, len(wanted) - 1} - matched:
        whole += any(wanted[index] in one for one in there)
    return whole / len(wanted)
