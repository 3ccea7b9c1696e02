"""End a stream of text before the first stop string, wherever the pieces happen to break. Text in, text out."""

from __future__ import annotations

from collections.abc import Iterable


class StopStrings:
    """Feed it pieces of text; it gives back what is certain not to belong to a stop string."""

    def __init__(self, stops: Iterable[str]) -> None:
        """Empty stop strings are ignored: they would end every text at once."""
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self._found = False

    @property
    def found(self) -> bool:
        """Whether a stop string has been seen. Nothing more comes out then."""
        return self._found

    def push(self, piece: str) -> str:
        """The text that may be shown now. What could be the start of a stop string is held back."""
        if self._found:
            return ""
        text = self._held + piece
        cuts = [at for at in (text.find(stop) for stop in self._stops) if at >= 0]
        if cuts:
            self._found = True
            self._held = ""
            return text[: min(cuts)]
        keep = max((_overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def flush(self) -> str:
        """What was held back, once the text has ended without completing a stop string."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that is a beginning of `stop`."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
