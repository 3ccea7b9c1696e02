"""Fill in the middle: which model family marks the gap with which tokens, in which order. Facts as data, and the few
functions that read them.

Promise: text from a document is never read as a control token, whatever it contains. Engines that take token ids get
`pieces`, in which control tokens and document text are different types; engines that take only a string get `render`,
which breaks up any control token spelled out in the document. Deliberately not here: how much context to send and what
to put before it (repository names, other files). That is the prompt builder's business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

Part = Literal["prefix-token", "suffix-token", "middle-token", "prefix", "suffix"]

_PREFIX_FIRST: tuple[Part, ...] = ("prefix-token", "prefix", "suffix-token", "suffix", "middle-token")
# "SPM variant 2" of Bavarian et al. (arXiv:2207.14255): the text before the gap comes last, so that a typed
# character is a token appended, and the prefix cache holds for all that precedes it.
_SUFFIX_FIRST: tuple[Part, ...] = ("prefix-token", "suffix-token", "suffix", "middle-token", "prefix")


@dataclass(frozen=True, slots=True)
class Control:
    """A control token, by its text in the vocabulary."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FimFamily:
    """How one family of models was trained to fill a gap."""

    name: str
    """As in `BackendInfo.family`."""
    prefix: str
    """The token that opens the text before the gap."""
    suffix: str
    """The token that opens the text after the gap (DeepSeek calls it the hole)."""
    middle: str
    """The token after which the model writes what belongs in the gap."""
    end: tuple[str, ...]
    """Tokens that end the middle; engines stop at them even where the vocabulary does not mark them as final. The
    end-of-text tokens that could be typed (`</s>`, `<eos>`) are not among them: every engine knows its own."""
    layout: tuple[Part, ...] = _PREFIX_FIRST
    """Order of the parts. Prefix first is what every family was trained on, alone or mixed with the other orders."""
    control: tuple[str, ...] = ()
    """Further control tokens of the vocabulary that document text must not be able to spell."""
    name_hints: tuple[str, ...] = ()
    """Lower-case fragments of model names, as found in file names and in the metadata."""

    @property
    def marks(self) -> tuple[str, str, str]:
        """The three tokens without which this family's format means nothing."""
        return (self.prefix, self.suffix, self.middle)


FAMILIES: dict[str, FimFamily] = {
    family.name: family
    for family in (
        # Qwen2.5-Coder technical report (arXiv:2409.12186); the end tokens are those the
        # README's fill-in-the-middle example stops at.
        FimFamily(
            name="qwen2.5-coder",
            prefix="<|fim_prefix|>",
            suffix="<|fim_suffix|>",
            middle="<|fim_middle|>",
            end=("<|endoftext|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<|im_start|>", "<|im_end|>"),
            # The paper puts the prefix first. Measured with the 0.5B Instruct model (Q4_K_M, greedy, every 20th
            # problem of HumanEval single-line infilling, n=52), the first line written is the missing one in 34 cases
            # with the suffix first, in 22 with the prefix first; and after one more typed line the engine evaluates
            # 1-14 tokens, not 450.
            layout=_SUFFIX_FIRST,
            name_hints=("qwen2.5-coder", "qwen2.5 coder", "qwen3-coder", "qwen3 coder"),
        ),
        # CodeGemma report (arXiv:2406.11409), and its model card: the file separator ends a completion.
        FimFamily(
            name="codegemma",
            prefix="<|fim_prefix|>",
            suffix="<|fim_suffix|>",
            middle="<|fim_middle|>",
            end=("<|file_separator|>",),
            control=("<bos>", "<eos>", "<pad>", "<start_of_turn>", "<end_of_turn>"),
            name_hints=("codegemma",),
        ),
        # StarCoder (arXiv:2305.06161), and StarCoder 2 (arXiv:2402.19173). SantaCoder's spelling
        # with hyphens is another vocabulary and not meant here.
        FimFamily(
            name="starcoder",
            prefix="<fim_prefix>",
            suffix="<fim_suffix>",
            middle="<fim_middle>",
            end=("<|endoftext|>", "<file_sep>", "<fim_pad>"),
            control=("<repo_name>", "<reponame>", "<filename>", "<gh_stars>"),
            name_hints=("starcoder",),
        ),
        # Code Llama (arXiv:2308.12950); the tokens carry SentencePiece's leading space in the vocabulary.
        FimFamily(
            name="codellama",
            prefix="▁<PRE>",
            suffix="▁<SUF>",
            middle="▁<MID>",
            end=("▁<EOT>",),
            control=("<s>", "</s>", "<unk>"),
            name_hints=("codellama", "code-llama", "code llama"),
        ),
        # DeepSeek-Coder (arXiv:2401.14196), and the README's "Code Insertion": the bars and the low
        # lines are full-width and U+2581, not ASCII.
        FimFamily(
            name="deepseek-coder",
            prefix="<｜fim▁begin｜>",
            suffix="<｜fim▁hole｜>",
            middle="<｜fim▁end｜>",
            end=("<｜end▁of▁sentence｜>", "<|EOT|>"),
            control=("<｜begin▁of▁sentence｜>",),
            name_hints=("deepseek-coder", "deepseek coder"),
        ),
    )
}

GENERIC = "generic"
"""The family of models that cannot fill a gap, or of which nothing is known."""


def pieces(family: FimFamily, prefix: str, suffix: str) -> tuple[Control | str, ...]:
    """The prompt as control tokens and document text, in the family's order. For engines that take token ids."""
    parts: dict[Part, Control | str] = {
        "prefix-token": Control(family.prefix),
        "suffix-token": Control(family.suffix),
        "middle-token": Control(family.middle),
        "prefix": prefix,
        "suffix": suffix,
    }
    return tuple(parts[part] for part in family.layout)


def render(family: FimFamily, prefix: str, suffix: str) -> str:
    """The prompt as one string, for engines that parse control tokens in strings; document text is neutralised.

    Code Llama's tokens are spelled without the vocabulary's leading space and set off by spaces, as its paper prints
    them.
    """
    rendered = []
    for piece in pieces(family, prefix, suffix):
        if isinstance(piece, str):
            rendered.append(neutralise(family, piece))
        elif piece.text.startswith(_SPACE):
            rendered.append(f" {piece.text[len(_SPACE) :]}" if rendered else f"{piece.text[len(_SPACE) :]} ")
        else:
            rendered.append(piece.text)
    return "".join(rendered)


def neutralise(family: FimFamily, text: str) -> str:
    """`text` with every control token of the family broken up by a zero-width space, so that no engine reads it as one.

    The model then sees nearly what the document says. Inserting, rather than deleting, cannot join two halves into a
    new control token.
    """
    for token in _spellings(family):
        text = text.replace(token, token[0] + _ZERO_WIDTH_SPACE + token[1:])
    return text


def infer_family(names: Iterable[str], special_tokens: Collection[str] = ()) -> str:
    """The family's name, or "generic", from what is known of a model.

    `names` are file names and names in the metadata, best first. `special_tokens` is the vocabulary, or its control
    tokens; when given, a family whose marks are missing is out, because its prompts would be read as plain text.
    """
    candidates = [family for family in FAMILIES.values() if _has_marks(family, special_tokens)]
    wanted = [name.lower().replace("_", "-") for name in names]
    for name in wanted:
        for family in candidates:
            if any(hint in name for hint in family.name_hints):
                return family.name
    # The general Qwen models carry the coder's tokens in their vocabulary but were not trained to use them.
    if not special_tokens or any("qwen" in name for name in wanted):
        return GENERIC
    # Two families share their marks; the token that ends a file tells them apart.
    known = [family for family in candidates if any(end in special_tokens for end in family.end)]
    return known[0].name if known else GENERIC


_SPACE = "▁"
_ZERO_WIDTH_SPACE = "\N{ZERO WIDTH SPACE}"


def _has_marks(family: FimFamily, special_tokens: Collection[str]) -> bool:
    return not special_tokens or all(mark in special_tokens for mark in family.marks)


def _spellings(family: FimFamily) -> tuple[str, ...]:
    """Every control token as it could be typed."""
    tokens = (*family.marks, *family.end, *family.control)
    return tuple(dict.fromkeys(token.removeprefix(_SPACE) for token in tokens))
