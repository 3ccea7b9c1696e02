"""BLEU over token lists (Papineni et al. 2002, section 2.3): its statistics, and the scores that papers make of them.

Counting n-grams and the corpus score are sacrebleu's; how code is cut into tokens is the subject of `tokens.py`, and
which score goes with which corpus that of `protocols.py`. A corpus score is a function of sums, so a bootstrap needs
the statistics of each pair only once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

ORDER = 4
"""The longest n-grams counted."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What BLEU knows of a pair or of a corpus; addition joins two of them."""

    matches: tuple[int, ...]
    """[ORDER] n-grams of the hypothesis that the reference has too, clipped to how often it has them."""
    totals: tuple[int, ...]
    """[ORDER] n-grams of the hypothesis."""
    hypothesis: int
    """Tokens of the hypothesis."""
    reference: int
    """Tokens of the reference."""

    @classmethod
    def of(cls, hypothesis: Sequence[str], reference: Sequence[str]) -> Counts:
        """Count one pair of token lists; a token must not hold white space."""
        found = _counter().sentence_score(" ".join(hypothesis), [" ".join(reference)])
        return cls(tuple(found.counts), tuple(found.totals), len(hypothesis), len(reference))

    @classmethod
    def sum(cls, counts: Iterable[Counts]) -> Counts:
        """The counts of a corpus; of nothing, zeros."""
        rows = list(counts)
        return cls(
            tuple(sum(row.matches[n] for row in rows) for n in range(ORDER)),
            tuple(sum(row.totals[n] for row in rows) for n in range(ORDER)),
            sum(row.hypothesis for row in rows),
            sum(row.reference for row in rows),
        )


@dataclass(frozen=True, slots=True)
class Bleu:
    """A corpus score with what it is made of."""

    score: float
    """0 to 100."""
    precisions: tuple[float, ...]
    """[ORDER] modified n-gram precisions, 0 to 100."""
    brevity_penalty: float
    """1 where hypotheses are as long as references or longer."""
    counts: Counts

    @property
    def length_ratio(self) -> float:
        """Tokens of hypotheses for each token of references; 0 where there are none."""
        return self.counts.hypothesis / self.counts.reference if self.counts.reference else 0.0

    @property
    def text(self) -> str:
        """In the words of multi-bleu: `10.24, 43.4/23.9/15.4/10.0 (BP=0.512, ratio=0.599)`."""
        parts = "/".join(f"{value:.1f}" for value in self.precisions)
        return f"{self.score:.2f}, {parts} (BP={self.brevity_penalty:.3f}, ratio={self.length_ratio:.3f})"


def corpus_bleu(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> Bleu:
    """Unsmoothed corpus BLEU-4, one reference each: what multi-bleu prints, and the script of CoNaLa."""
    return bleu_of(Counts.sum(Counts.of(*pair) for pair in zip(hypotheses, references, strict=True)))


def bleu_of(counts: Counts) -> Bleu:
    """The unsmoothed corpus score of summed counts: `sacrebleu.BLEU(tokenize="none", smooth_method="none")`."""
    from sacrebleu.metrics.bleu import BLEU

    found = BLEU.compute_bleu(
        list(counts.matches), list(counts.totals), counts.hypothesis, counts.reference, smooth_method="none"
    )
    return Bleu(found.score, tuple(found.precisions), found.bp, counts)


def sentence_bleu(counts: Counts) -> float:
    """BLEU of one pair, 0 to 100, as the Django figures are averaged (Yin and Neubig 2017, their `evaluation.py`).

    They call nltk's `sentence_bleu` with `SmoothingFunction().method3` and the weights `[0.25] * min(4,
    len(reference))`. Method 3 gives the k-th order without a match the precision 1/(2^k total) (Chen and Cherry 2014,
    section 3), as `smooth_method="exp"` of sacrebleu does. The two differ for short code: nltk counts at least one
    n-gram of each order, and the weights of a reference of fewer than four tokens add up to less than 1, which lifts
    its score.
    """
    if not counts.matches[0]:
        return 0.0
    zeros, total = 0, 0.0
    for matched, whole in list(zip(counts.matches, counts.totals, strict=True))[: counts.reference]:
        if matched:
            precision = matched / whole
        else:
            zeros += 1
            precision = 1 / (2**zeros * max(whole, 1))
        total += math.log(precision) / ORDER
    penalty = min(1.0, math.exp(1 - counts.reference / counts.hypothesis))
    return 100 * penalty * math.exp(total)


@lru_cache(maxsize=1)
def _counter() -> Any:
    """sacrebleu's counter, made once; `effective_order` changes nothing that is read from it, but asking for it."""
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(tokenize="none", smooth_method="none", effective_order=True, force=True)
