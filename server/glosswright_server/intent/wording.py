"""What a comment says: its lines without markers, margins and rulers. It decides nothing about them."""

from __future__ import annotations

import re

from glosswright_server.intent.languages import Language

MARGIN = " \t\u200b\ufeff\u3000\u00a0"
"""White space around words, zero-width and full-width ones included."""


def lines_of_run(raw: str) -> list[str]:
    """The lines of a run of line comments without markers; a cell mark `# %%` keeps its `%%`."""
    lines = []
    for line in _split(raw):
        bare = line.lstrip(" \t")
        margin = _LINE_MARGIN.match(bare)
        said = bare[margin.end() :] if margin else bare
        if bare.startswith("#!"):
            said = "!" + said
        elif bare.startswith(("#region", "#endregion")):
            said = bare[1:]
        lines.append(_without_ruler(said))
    return lines


def lines_of_block(language: Language, raw: str) -> list[str]:
    """The lines of a block comment without its delimiters and without a margin of stars."""
    for opening, closing in language.block_comments:
        if raw.startswith(opening):
            raw = raw[len(opening) :].removesuffix(closing)
            break
    raw = raw.lstrip("*!") if raw[:1] in ("*", "!") else raw
    lines = _split(raw)
    inner = [line.lstrip(MARGIN) for line in lines[1:] if line.strip(MARGIN)]
    if inner and all(line.startswith("*") for line in inner):
        lines = [lines[0], *(re.sub(r"^\s*\*+", "", line) for line in lines[1:])]
    elif lines:
        # The first line stands right of the marker, the others carry the file's indentation.
        rest = dedented(lines[1:]).split("\n") if len(lines) > 1 else []
        lines = [lines[0].strip(MARGIN), *rest]
    return [_without_ruler(line.rstrip("*") if line.strip("* ") == "" else line) for line in lines]


def is_heading(raw: str) -> bool:
    """Whether a run of line comments has a line that is a ruler, or a title between two of them."""
    for line in _split(raw):
        bare = line.strip(MARGIN)
        said = bare.lstrip(_MARKERS).strip(MARGIN)
        if not said and len(bare) >= 7:
            return True
        title = said.strip(_RULE)
        left, right = len(said) - len(said.lstrip(_RULE)), len(said) - len(said.rstrip(_RULE))
        if (said and not title and len(said) >= 5) or (title and left >= 3 and right >= 3):
            return True
    return False


def _without_ruler(line: str) -> str:
    """`--- Helpers ---` says "Helpers"; a line of dashes says nothing."""
    # String methods, not patterns: a search for a ruler at the end takes quadratic time on long lines.
    bare = ruled = line.strip(MARGIN)
    if len(ruled) - len(ruled.lstrip(_RULE)) >= 3:
        ruled = ruled.lstrip(_RULE).lstrip(MARGIN)
    if len(ruled) - len(ruled.rstrip(_RULE)) >= 3 or ruled.endswith(" ##"):
        ruled = ruled.rstrip(_RULE).rstrip(MARGIN)
    return ruled if ruled != bare else line


_MARKERS = "#/-;%!"
_RULE = "-=*#~_/+"


def _split(raw: str) -> list[str]:
    return re.split(r"\r\n|\r|\n", raw)


def dedented(lines: list[str]) -> str:
    """Lines joined without their common margin, without blank lines around them."""
    kept = [line.expandtabs(4).rstrip(MARGIN) for line in lines]
    margin = min((len(line) - len(line.lstrip()) for line in kept if line), default=0)
    return "\n".join(line[margin:] for line in kept).strip("\n")


def is_finished(text: str) -> bool:
    """Whether a comment says enough to act on when its author pauses: two words, or four ideographs or kana."""
    return len(_WORDS.findall(_IDEOGRAPHS.sub(" ", text))) + len(_IDEOGRAPHS.findall(text)) / 2 >= 2


_IDEOGRAPHS = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WORDS = re.compile(r"[^\W_]+(?:['’_-][^\W_]+)*")


_LINE_MARGIN = re.compile(r"(?:/{2,}!?|\#+!?|-{2,}|;+|%+|!+|\"+|'+)")
