"""The floor under a translation system: the answer of the most similar training pair, by tf-idf and cosine.

Nothing is learned here beyond word frequencies, and yet some published systems score below it on CoNaLa. A report that
prints this figure beside its own says how much of a score is more than looking up.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from glosswright_model.errors import DataError

_WORD = re.compile(r"\w+|[^\w\s]")


class Retriever:
    """Nearest neighbours among sources."""

    def __init__(self, sources: Sequence[str]) -> None:
        """Raises DataError when there are none."""
        if not sources:
            raise DataError("There is nothing to look up: the training part of the corpus is empty.")
        documents = [Counter(words(source)) for source in sources]
        frequencies = Counter(word for document in documents for word in document)
        # Smoothed as if one more document held every word, so that no word weighs nothing (Salton and Buckley 1988).
        self._weights = {word: math.log((1 + len(documents)) / (1 + count)) + 1 for word, count in frequencies.items()}
        self._size = len(documents)
        postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, document in enumerate(documents):
            for word, weight in self._vector(document).items():
                postings[word].append((number, weight))
        self._index = {
            word: (np.array([number for number, _ in found]), np.array([weight for _, weight in found]))
            for word, found in postings.items()
        }
        """For each word which sources hold it, and how much it weighs in them."""

    def nearest(self, source: str) -> int:
        """Which source is the most similar; the first of equals, and the very first where no word is shared."""
        scores = np.zeros(self._size)
        for word, weight in self._vector(Counter(words(source))).items():
            numbers, weights = self._index[word]
            scores[numbers] += weight * weights
        # Equal sums of other words in another order differ in the last digits: that must not decide.
        return int(np.argmax(np.round(scores, 9)))

    def _vector(self, counts: Counter[str]) -> dict[str, float]:
        """Weights of known words, of Euclidean length 1."""
        raw = {word: count * self._weights[word] for word, count in counts.items() if word in self._weights}
        length = math.sqrt(sum(value * value for value in raw.values()))
        return {word: value / length for word, value in raw.items()}


def words(text: str) -> list[str]:
    """Lower-case words and single punctuation marks."""
    return _WORD.findall(text.lower())


def retrieve(sources: Sequence[str], targets: Sequence[str], questions: Sequence[str]) -> list[str]:
    """For each question the target of the most similar source. Raises DataError when there are no pairs."""
    retriever = Retriever(sources)
    return [targets[retriever.nearest(question)] for question in questions]
