"""CodeBLEU (Ren et al. 2020, arXiv 2009.10297): BLEU, BLEU that minds keywords, equal sub-trees and equal data flow.

Every part is a quotient of sums over the corpus, so a pair is read once. `docs/metrics.md` says where the paper leaves
room, what was chosen, and how far that is from the package `codebleu`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from glosswright_model.evaluation.bleu import ORDER, Counts
from glosswright_model.evaluation.codebleu.data_flow import data_flow
from glosswright_model.evaluation.codebleu.syntax import Token, parse_tree, sub_trees, tokens

KEYWORD_WEIGHT = 5.0
"""How much more a keyword counts than another token (section 3.2 of the paper)."""
_NO_MATCH = 0.1
"""Matches put where an order of n-grams has none (method 1 of Chen and Cherry 2014), as the authors' script does."""


@dataclass(frozen=True, slots=True)
class CodeCounts:
    """What CodeBLEU knows of a pair or of a corpus."""

    ngrams: Counts
    weighted_matches: float
    """Matching tokens of the answer, keywords KEYWORD_WEIGHT times."""
    weighted_total: float
    """Tokens of the answer, likewise."""
    tree_matches: int
    tree_total: int
    """Sub-trees of the reference."""
    flow_matches: int
    flow_total: int
    """Edges of the reference's data flow."""

    @classmethod
    def of(cls, answer: str, reference: str, language: str) -> CodeCounts:
        """Read one pair of source codes. Raises DataError for a language without grammar."""
        tree, wanted = parse_tree(answer, language), parse_tree(reference, language)
        found, goal = tokens(tree), tokens(wanted)
        weighted = Counter(found) & Counter(goal)
        shapes, flow = sub_trees(wanted), data_flow(wanted)
        return cls(
            ngrams=Counts.of([_word(token) for token in found], [_word(token) for token in goal]),
            weighted_matches=_weight(weighted),
            weighted_total=_weight(Counter(found)),
            tree_matches=(sub_trees(tree) & shapes).total(),
            tree_total=shapes.total(),
            flow_matches=(data_flow(tree) & flow).total(),
            flow_total=flow.total(),
        )

    @classmethod
    def sum(cls, counts: Iterable[CodeCounts]) -> CodeCounts:
        """The counts of a corpus."""
        rows = list(counts)
        return cls(
            Counts.sum(row.ngrams for row in rows),
            sum(row.weighted_matches for row in rows),
            sum(row.weighted_total for row in rows),
            sum(row.tree_matches for row in rows),
            sum(row.tree_total for row in rows),
            sum(row.flow_matches for row in rows),
            sum(row.flow_total for row in rows),
        )


@dataclass(frozen=True, slots=True)
class CodeBleu:
    """The score and its parts, 0 to 100."""

    score: float
    """Mean of the parts; of three, where there is no data flow to compare."""
    ngram: float
    weighted_ngram: float
    syntax: float
    data_flow: float | None
    """None where no reference has any: one-line expressions."""


def code_bleu(answers: Sequence[str], references: Sequence[str], language: str) -> CodeBleu:
    """CodeBLEU of a corpus, one reference each."""
    pairs = zip(answers, references, strict=True)
    return code_bleu_of(CodeCounts.sum(CodeCounts.of(answer, reference, language) for answer, reference in pairs))


def code_bleu_of(counts: CodeCounts) -> CodeBleu:
    """The score of summed counts (equation 1 of the paper, all weights equal)."""
    ngrams = counts.ngrams
    rest = list(zip(ngrams.matches, ngrams.totals, strict=True))[1:]
    plain = _geometric(ngrams, [(ngrams.matches[0], ngrams.totals[0]), *rest])
    weighted = _geometric(ngrams, [(counts.weighted_matches, counts.weighted_total), *rest])
    syntax = 100 * counts.tree_matches / counts.tree_total if counts.tree_total else 0.0
    flow = 100 * counts.flow_matches / counts.flow_total if counts.flow_total else None
    parts = [plain, weighted, syntax, *([] if flow is None else [flow])]
    return CodeBleu(sum(parts) / len(parts), plain, weighted, syntax, flow)


def _geometric(counts: Counts, orders: Sequence[tuple[float, float]]) -> float:
    """Smoothed BLEU of precisions given as (matches, total), 0 to 100."""
    if not counts.hypothesis or not counts.matches[0]:
        return 0.0
    logs = [math.log((matches or _NO_MATCH) / max(total, 1)) for matches, total in orders]
    return 100 * min(1.0, math.exp(1 - counts.reference / counts.hypothesis)) * math.exp(sum(logs) / ORDER)


def _weight(found: Counter[Token]) -> float:
    return sum(count * (KEYWORD_WEIGHT if token.keyword else 1.0) for token, count in found.items())


def _word(token: Token) -> str:
    """A token without white space, for counting."""
    return "\x00".join(token.text.split()) or "\x00"
