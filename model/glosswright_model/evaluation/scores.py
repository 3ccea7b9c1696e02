"""A corpus of answers against its references: each pair judged once, then summed up with intervals.

What a pair is judged by is the protocol's; this module knows no corpus and no file. Figures are percentages. CodeBLEU,
which costs more than everything else together, is only computed when asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from glosswright_model.errors import DataError
from glosswright_model.evaluation.bleu import ORDER, Bleu, Counts, bleu_of, sentence_bleu
from glosswright_model.evaluation.codebleu import CodeBleu, CodeCounts, code_bleu_of
from glosswright_model.evaluation.codebleu.syntax import valid
from glosswright_model.evaluation.intervals import (
    Comparison,
    Interval,
    Score,
    Statistics,
    bootstrap,
    paired_bootstrap,
    wilson,
)
from glosswright_model.evaluation.protocols import Protocol


@dataclass(frozen=True, slots=True)
class PairScore:
    """One answer."""

    exact: bool
    parses: bool | None
    """None where answers came as tokens, of which no source can be made."""
    bleu: float
    """Smoothed BLEU of this pair alone, 0 to 100."""
    counts: Counts
    same_tokens: int
    """Tokens of the reference that the answer has at the same position."""
    code: CodeCounts | None = None
    """For CodeBLEU; None unless asked for."""


@dataclass(frozen=True, slots=True)
class Percentage:
    """A figure of the whole corpus with its 95 % interval, 0 to 100."""

    value: float
    interval: Interval

    @property
    def text(self) -> str:
        """For people: `78.2 (76.2-80.0)`."""
        return f"{self.value:.2f} ({self.interval.low:.1f}-{self.interval.high:.1f})"


@dataclass(frozen=True, slots=True)
class Scores:
    """What a system reached on a corpus."""

    pairs: int
    exact_match: Percentage
    """Wilson's interval."""
    bleu: Percentage
    """By the protocol; the interval is a bootstrap's."""
    corpus_bleu: Bleu
    """Unsmoothed, whatever the protocol takes."""
    parse_rate: Percentage | None
    """Wilson's interval; None where answers came as tokens."""
    token_accuracy: float
    """Share of reference tokens that the answer has at the same position."""
    code_bleu: CodeBleu | None = None
    """None unless each pair was read for it."""


def judge(
    protocol: Protocol,
    answer: str,
    reference: str,
    *,
    language: str = "python",
    tokenised: bool = False,
    codebleu: bool = False,
) -> PairScore:
    """Judge one answer.

    Args:
        protocol: what to compare by.
        answer: what a system said, in the form of the corpus's targets.
        reference: the corpus's target.
        language: of the code; DataError where there is no grammar for it.
        tokenised: answers are BLEU's tokens already, with blanks between them, as published outputs are.
        codebleu: read what CodeBLEU needs, too.
    """
    tokens = answer.split() if tokenised else protocol.tokens(answer)
    wanted = protocol.tokens(reference)
    counts = Counts.of(tokens, wanted)
    equal = tokens == wanted if tokenised else protocol.equal(answer) == protocol.equal(reference)
    return PairScore(
        exact=equal,
        parses=None if tokenised else valid(protocol.code(answer), language),
        bleu=sentence_bleu(counts),
        counts=counts,
        same_tokens=sum(one == other for one, other in zip(tokens, wanted, strict=False)),
        code=CodeCounts.of(protocol.code(answer), protocol.code(reference), language)
        if codebleu and not tokenised
        else None,
    )


def judge_all(
    protocol: Protocol,
    answers: Sequence[str],
    references: Sequence[str],
    *,
    language: str = "python",
    tokenised: bool = False,
    codebleu: bool = False,
) -> list[PairScore]:
    """Judge each answer, as `judge` does; DataError where their number is not that of the references."""
    if len(answers) != len(references):
        raise DataError(
            f"There are {len(answers)} answers for {len(references)} references: each must answer one of the corpus."
        )
    return [
        judge(protocol, *pair, language=language, tokenised=tokenised, codebleu=codebleu)
        for pair in zip(answers, references, strict=True)
    ]


def summed_up(protocol: Protocol, pairs: Sequence[PairScore], *, samples: int = 1000) -> Scores:
    """The figures of a corpus; DataError for an empty one."""
    if not pairs:
        raise DataError("There is nothing to score: the corpus is empty.")
    counts = Counts.sum(pair.counts for pair in pairs)
    statistics, score = _bleu(protocol)
    rows = statistics(pairs)
    parses = [pair.parses for pair in pairs if pair.parses is not None]
    code = [pair.code for pair in pairs if pair.code is not None]
    return Scores(
        pairs=len(pairs),
        exact_match=_share(sum(pair.exact for pair in pairs), len(pairs)),
        bleu=Percentage(score(rows.sum(axis=0)), bootstrap(rows, score, samples=samples)),
        corpus_bleu=bleu_of(counts),
        parse_rate=_share(sum(parses), len(pairs)) if len(parses) == len(pairs) else None,
        token_accuracy=100 * sum(pair.same_tokens for pair in pairs) / max(counts.reference, 1),
        code_bleu=code_bleu_of(CodeCounts.sum(code)) if len(code) == len(pairs) else None,
    )


def exact_match_score(pairs: Sequence[PairScore]) -> float:
    """Exact match, 0 to 100; 0 of nothing."""
    return _mean(_exact(pairs).sum(axis=0)) if pairs else 0.0


def bleu_score(protocol: Protocol, pairs: Sequence[PairScore]) -> float:
    """BLEU as the protocol takes it, 0 to 100; 0 of nothing."""
    statistics, score = _bleu(protocol)
    return score(statistics(pairs).sum(axis=0)) if pairs else 0.0


def compare(
    protocol: Protocol, first: Sequence[PairScore], second: Sequence[PairScore], *, samples: int = 1000
) -> dict[str, Comparison]:
    """Two systems on the same corpus, by exact match and by BLEU (paired bootstrap), in percentage points."""
    bleu, score = _bleu(protocol)
    return {
        "exact match": paired_bootstrap(_exact(first), _exact(second), _mean, samples=samples),
        "BLEU": paired_bootstrap(bleu(first), bleu(second), score, samples=samples),
    }


def _bleu(protocol: Protocol) -> tuple[Callable[[Sequence[PairScore]], Statistics], Score]:
    """What the protocol's BLEU sums over pairs, and the score of the sums."""
    return (_sentences, _mean) if protocol.mean_sentence_bleu else (_counts, _corpus)


def _exact(pairs: Sequence[PairScore]) -> Statistics:
    return np.array([(100.0 * pair.exact, 1.0) for pair in pairs])


def _sentences(pairs: Sequence[PairScore]) -> Statistics:
    return np.array([(pair.bleu, 1.0) for pair in pairs])


def _mean(sums: Statistics) -> float:
    return float(sums[0] / sums[1])


def _counts(pairs: Sequence[PairScore]) -> Statistics:
    rows = [(*one.matches, *one.totals, one.hypothesis, one.reference) for one in (pair.counts for pair in pairs)]
    return np.array(rows, dtype=np.float64)


def _corpus(sums: Statistics) -> float:
    numbers = [int(value) for value in sums]
    return bleu_of(Counts(tuple(numbers[:ORDER]), tuple(numbers[ORDER : 2 * ORDER]), *numbers[2 * ORDER :])).score


def _share(part: int, whole: int) -> Percentage:
    interval = wilson(part, whole)
    return Percentage(100 * part / whole, Interval(100 * interval.low, 100 * interval.high))
