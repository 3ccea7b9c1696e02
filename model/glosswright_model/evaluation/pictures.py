"""Attention as a picture: which words of the source each token of the answer looked at. Needs matplotlib."""

from __future__ import annotations

import warnings
from pathlib import Path

from glosswright_model.errors import DataError
from glosswright_model.evaluation.answers import Answer

_END = "⟨end⟩"
_FONTS = ("DejaVu Sans", "Noto Sans CJK SC", "WenQuanYi Zen Hei", "PingFang SC", "Microsoft YaHei")
"""Asked for as far as they are installed; the first comes with matplotlib, the others have Chinese."""
_LONGEST = 60
"""Words and tokens shown; more would be too small to read."""


def draw_attention(path: Path, answer: Answer, *, title: str = "") -> None:
    """Write a heat map as PNG, tokens of the answer downwards, words of the source to the right.

    Raises DataError: an answer without attention, or a file that cannot be written.
    """
    if answer.attention is None:
        raise DataError("This answer has no attention weights: its network has no attention, or they were not kept.")
    from matplotlib.figure import Figure
    from matplotlib.font_manager import get_font_names

    installed = set(get_font_names())
    fonts = [font for font in _FONTS if font in installed]
    words = answer.source_words[:_LONGEST]
    tokens = [*answer.tokens, _END][: min(_LONGEST, answer.attention.shape[0])]
    weights = answer.attention[: len(tokens), : len(words)].float().cpu().numpy()  # [tokens, words]
    figure = Figure(figsize=(1.6 + 0.34 * len(words), 1.4 + 0.24 * len(tokens)), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(weights, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(len(words)), words, rotation=60, ha="left", rotation_mode="anchor", fontfamily=fonts)
    axes.set_yticks(range(len(tokens)), tokens, fontfamily=fonts)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=8)
    if title:
        axes.set_xlabel(title, fontsize=8, fontfamily=fonts, parse_math=False)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_parse_math(False)  # code may hold dollar signs
    figure.colorbar(image, ax=axes, shrink=0.8, label="weight")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a sign that no installed font has becomes a box
            figure.savefig(path, dpi=110)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}.") from error
