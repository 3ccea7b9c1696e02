"""A corpus through a network: sources in, decoded answers with their attention out. Nothing is scored here."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from glosswright_model.constraints import Constraint
from glosswright_model.data.batching import collate_sources
from glosswright_model.data.codec import Codec, EncodedSource
from glosswright_model.decoding.beam import beam_search
from glosswright_model.decoding.greedy import greedy
from glosswright_model.decoding.hypothesis import Hypothesis, Normalisation
from glosswright_model.decoding.repetition import Repetition
from glosswright_model.decoding.step import StepModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How answers are looked for."""

    beam: int = 1
    """Hypotheses kept at each step; 1 is greedy search."""
    length_normalisation: float = 0.0
    """alpha of Wu et al. 2016; only with a beam."""
    coverage_normalisation: float = 0.0
    """beta of Wu et al. 2016; only with a beam."""
    no_repeat_ngram: int = 0
    """Size of the n-grams that no answer may have twice; 0 forbids none."""
    max_length: int = 256
    """Tokens of an answer, its end included."""
    batch_size: int = 64
    """Sources decoded together."""
    attention: bool = False
    """Whether answers keep their attention weights."""

    @property
    def text(self) -> str:
        """For people: `greedy`, `beam 5, length 0.6`."""
        parts = ["greedy"] if self.beam == 1 else [f"beam {self.beam}"]
        if self.beam > 1 and self.length_normalisation:
            parts.append(f"length {self.length_normalisation:g}")
        if self.beam > 1 and self.coverage_normalisation:
            parts.append(f"coverage {self.coverage_normalisation:g}")
        if self.no_repeat_ngram:
            parts.append(f"no {self.no_repeat_ngram} tokens twice")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Answer:
    """One decoded source."""

    text: str
    tokens: tuple[str, ...]
    """One for each id, without the end."""
    source_words: tuple[str, ...]
    log_prob: float
    """Natural log of its probability."""
    finished: bool
    """Whether it ended by itself, not by the limit."""
    truncated: int
    """Tokens of the source beyond the codec's limit, which the network did not see."""
    attention: Tensor | None = None
    """[T, S], where asked for: T tokens, the end included."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A corpus of answers, in the order of the sources."""

    answers: tuple[Answer, ...]
    seconds: float
    """Wall time of encoding, search and decoding."""


def answer_all(
    model: StepModel,
    codec: Codec,
    sources: Sequence[str],
    search: Search,
    *,
    constraint: Constraint | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Decoded:
    """Decode sources of any number, in batches of like length; put the network in evaluation mode first.

    `progress` is told how many more are done, batch by batch.
    """
    began = time.perf_counter()
    encoded = [codec.encode_source(source) for source in sources]
    order = sorted(range(len(encoded)), key=lambda number: len(encoded[number].ids), reverse=True)
    answers: dict[int, Answer] = {}
    for start in range(0, len(order), search.batch_size):
        numbers = order[start : start + search.batch_size]
        rows = [encoded[number] for number in numbers]
        for number, row, found in zip(numbers, rows, _decode(model, rows, search, constraint), strict=True):
            answers[number] = _answer(codec, row, found)
        progress(len(numbers))
    return Decoded(tuple(answers[number] for number in range(len(encoded))), time.perf_counter() - began)


def _decode(
    model: StepModel, rows: Sequence[EncodedSource], search: Search, constraint: Constraint | None
) -> list[Hypothesis]:
    source = collate_sources(rows)
    prefixes = [constraint(row) for row in rows] if constraint is not None else None
    repetition = Repetition(no_repeat_ngram=search.no_repeat_ngram)
    if search.beam == 1:
        return greedy(
            model,
            source,
            max_length=search.max_length,
            prefixes=prefixes,
            repetition=repetition,
            attention=search.attention,
        )
    found = beam_search(
        model,
        source,
        width=search.beam,
        max_length=search.max_length,
        normalisation=Normalisation(length=search.length_normalisation, coverage=search.coverage_normalisation),
        prefixes=prefixes,
        repetition=repetition,
        attention=search.attention,
    )
    return [hypotheses[0] for hypotheses in found]


def _answer(codec: Codec, row: EncodedSource, found: Hypothesis) -> Answer:
    return Answer(
        text=codec.decode(found.ids, row.extras),
        tokens=codec.target_tokens(found.ids, row.extras),
        source_words=row.words,
        log_prob=found.log_prob,
        finished=found.finished,
        truncated=row.truncated,
        attention=found.attention,
    )
