"""How to speak to one model: its family, the style of prompt for each intent, and how much text it can read in time.

Only data and one function that chooses the data; `build` puts the text together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from glosswright_server.intent.model import Intent, IntentKind

Style = Literal["infill", "prefix", "chat", "question", "words"]
"""`infill`: prefix and suffix apart, the model server writes the family's fill-in-the-middle tokens around them.
`prefix`: the text up to the gap and nothing else. `chat`: a raw ChatML conversation whose last answer has begun already
with the code up to the gap. `question`: the same, with the code in the question as well: it costs twice the reading and
what was read is of no use after the next keystroke, so it serves only those who ask by hand. `words`: the words that
ask for the code and nothing else, which is all that networks trained with glosswright can read."""

_CHAT_FAMILIES = frozenset({"qwen2.5-coder"})
SEQ2SEQ = "seq2seq"
"""The family of networks trained with glosswright."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptProfile:
    """One model as prompts see it."""

    family: str = "generic"
    """Family name as the model server states it: "qwen2.5-coder", "starcoder", "codellama", … or "generic"."""
    comment_style: Style = "prefix"
    """Style for code that a comment asks for."""
    body_style: Style = "prefix"
    """Style for the body of a function."""
    continue_style: Style = "prefix"
    """Style for going on at the cursor."""
    asked_body_style: Style | None = None
    """Style for the body of a function that the user asks for by hand; None: `body_style`."""
    names_file: bool = False
    """Whether a chat prompt names the file. The default model writes worse bodies when told (docs/experiments.md)."""
    prefix_chars: int = 1200
    """Most code points of text before the gap."""
    suffix_chars: int = 160
    """Most code points of text after the gap; 0: none is ever sent."""
    max_tokens: int = 160
    """Most tokens to generate for a block or a body; lines and statements get less."""
    unit: str = ""
    """What a model of family "seq2seq" was trained to write: "statement" for a comment, "function" for a docstring; ""
    where it does not say."""
    language: str = ""
    """The language that a model of family "seq2seq" writes; "" where it does not say."""

    def serves(self, intent: Intent) -> bool:
        """Whether this model can answer such a request at all."""
        if self.family != SEQ2SEQ:
            return True
        kinds = {"statement": (IntentKind.COMMENT,), "function": (IntentKind.BODY,)}
        served = kinds.get(self.unit, (IntentKind.COMMENT, IntentKind.BODY))
        return intent.kind in served and self.language in ("", intent.language) and bool(intent.request.strip())

    @property
    def served(self) -> str:
        """What it can answer, in words: for those who asked for something else."""
        what = {"statement": "comments", "function": "docstrings of functions without a body"}
        return f"{what.get(self.unit, 'comments and docstrings')}{f' in {self.language}' if self.language else ''}"

    def style_for(self, kind: IntentKind) -> Style:
        """The style for one kind of intent while the user types."""
        if kind is IntentKind.COMMENT:
            return self.comment_style
        return self.body_style if kind is IntentKind.BODY else self.continue_style

    def asked_styles(self, kind: IntentKind) -> tuple[Style, ...]:
        """The styles for an intent that the user asks for by hand, the best first: another style finds other answers
        where those of the first do not hold."""
        usual = self.style_for(kind)
        if self.family not in _CHAT_FAMILIES or kind is IntentKind.CONTINUE:
            return (usual,)
        if kind is IntentKind.COMMENT:
            return (usual, "chat") if usual != "chat" else (usual,)
        best = self.asked_body_style or usual
        return tuple(dict.fromkeys((best, usual, "prefix")))


def profile_for(
    family: str,
    supports_suffix: bool,
    fast_device: bool,
    *,
    prefix_chars: int | None = None,
    suffix_chars: int | None = None,
    max_tokens: int | None = None,
    unit: str = "",
    language: str = "",
) -> PromptProfile:
    """The profile that fits a model and the machine it runs on; given sizes override the chosen ones.

    `fast_device` says that prompts are read at thousands of tokens a second (a GPU) rather than at tens (a CPU, where
    1200 code points that are not in the model server's prefix cache take about eight seconds). `unit` and `language`
    are what a model of family "seq2seq" says of itself.
    """
    sizes = _FAST if fast_device else _SLOW
    if family == SEQ2SEQ:
        most = sizes["max_tokens"] if max_tokens is None else max_tokens
        return PromptProfile(
            family=family,
            comment_style="words",
            body_style="words",
            continue_style="words",
            max_tokens=most,
            unit=unit,
            language=language,
        )
    infill: Style = "infill" if supports_suffix else "prefix"
    chat: Style = "chat" if family in _CHAT_FAMILIES else infill
    # As good as chat for comments, with shorter answers, and CONTINUE finds the same text in the prefix cache.
    comment = infill if supports_suffix else chat
    return PromptProfile(
        family=family,
        comment_style=comment,
        body_style=chat,
        continue_style=infill,
        asked_body_style="question" if family in _CHAT_FAMILIES else None,
        prefix_chars=sizes["prefix_chars"] if prefix_chars is None else prefix_chars,
        suffix_chars=sizes["suffix_chars"] if suffix_chars is None else suffix_chars,
        max_tokens=sizes["max_tokens"] if max_tokens is None else max_tokens,
    )


_SLOW: Mapping[str, int] = MappingProxyType({"prefix_chars": 1200, "suffix_chars": 160, "max_tokens": 160})
_FAST: Mapping[str, int] = MappingProxyType({"prefix_chars": 12_000, "suffix_chars": 3_000, "max_tokens": 512})
