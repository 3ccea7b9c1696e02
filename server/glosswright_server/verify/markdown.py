"""Text of unknown origin, made safe to stand in Markdown: one line, capped, never a link, a tag, an image or a fence.

Names, docstrings and what a program printed may hold anything, also text that is meant to mislead a reader or the
editor that renders it. It does not build documents; see `explain`.
"""

from __future__ import annotations

import re

_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
# Lone surrogates cannot be sent; direction marks and zero-width characters can make text read as something else.
_HIDDEN = re.compile(
    "[\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\ufffb]"
)
_MARKS = re.compile(r"[\\`*_{}\[\]<>#|~&!@$^=]|(?<=:)/|(?<=www)\.|^[-+]|(?<=^\d)[.)]", re.IGNORECASE)
_TICKS = re.compile("`+")


def one_line(text: str, limit: int) -> str:
    """`text` on one line of `limit` code points at most, without characters that nobody can see."""
    flat = _SPACE.sub(" ", _HIDDEN.sub("", text[: 4 * limit])).strip()
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def words(text: str, limit: int = 200) -> str:
    """`text` as words: every character that Markdown could take for a mark is escaped."""
    return _MARKS.sub(r"\\\g<0>", one_line(text, limit))


def code(text: str, limit: int = 160) -> str:
    """`text` as a code span, whatever back-ticks it holds; "" for nothing."""
    flat = one_line(text, limit)
    if not flat:
        return ""
    fence = "`" * (max((len(run) for run in _TICKS.findall(flat)), default=0) + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{pad}{flat}{pad}{fence}"
