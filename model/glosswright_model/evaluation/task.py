"""What is asked of a system: one part of a corpus with references in their published form, and what to compare with.

Which pairs were seen in training is decided here by looking at the training part, for a system may know those by heart:
on Django 14.6 % of the test pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from glosswright_model.data.pairs import Pair
from glosswright_model.data.readers import CORPORA, read_corpus, read_lines
from glosswright_model.errors import DataError
from glosswright_model.evaluation.protocols import Protocol, find_protocol
from glosswright_model.evaluation.retrieval import retrieve

_PROTOCOLS = {"django": "django", "conala": "conala", "code-docstring": "code-docstring"}
"""By corpus; "plain" for all others."""
_TRAINING_PARTS = {"conala": ("train", "dev")}
"""What to look up and what counts as seen; "train" alone for all others."""


@dataclass(frozen=True, slots=True)
class Task:
    """A part of a corpus, ready to be answered and scored."""

    corpus: str
    part: str
    protocol: Protocol
    pairs: tuple[Pair, ...]
    references: tuple[str, ...]
    """One for each pair, in the form of `protocol`."""
    training: tuple[Pair, ...]
    """Empty where the corpus has no training part here."""
    unseen: tuple[int, ...]
    """Which pairs are not, source and target, in `training`."""

    @property
    def language(self) -> str:
        """Of the code."""
        return self.pairs[0].language

    def floor(self) -> list[str] | None:
        """For each pair the target of the most similar training source; None without training pairs."""
        if not self.training:
            return None
        sources = [pair.source for pair in self.training]
        targets = [self.protocol.written(pair.target) for pair in self.training]
        return retrieve(sources, targets, [pair.source for pair in self.pairs])


def open_task(
    data: Path, *, corpus: str | None = None, part: str = "test", protocol: str | None = None, limit: int | None = None
) -> Task:
    """Read a part of a corpus.

    Args:
        data: the corpus's folder or file.
        corpus: its name; by default told by what lies in the folder.
        part: which part is answered.
        protocol: how it is scored; by default as the corpus's paper does.
        limit: only the first pairs.

    Raises DataError for what cannot be read, and for a part without pairs.
    """
    corpus = corpus or guess_corpus(data)
    pairs = tuple(read_corpus(corpus, data, part))
    if not pairs:
        raise DataError(f"{data} has no pairs in its part {part!r}.")
    references = tuple(pair.target for pair in pairs)
    if corpus == "code-docstring":
        # The published form, not what pairs make of it: blanks inside strings do not come back from those.
        names = {"train": "train", "dev": "valid", "test": "test"}
        references = tuple(read_lines(data / f"data_ps.bodies.{names[part]}"))
    training = () if part == "train" else _training(corpus, data)
    seen = {(pair.source.strip(), pair.target.strip()) for pair in training}
    unseen = tuple(n for n, pair in enumerate(pairs[:limit]) if (pair.source.strip(), pair.target.strip()) not in seen)
    chosen = find_protocol(protocol or _PROTOCOLS.get(corpus, "plain"))
    return Task(corpus, part, chosen, pairs[:limit], references[:limit], training, unseen)


def guess_corpus(data: Path) -> str:
    """The corpus that lies in a folder or a file, by its file names; DataError says which would be known."""
    if not data.exists():
        raise DataError(f"{data} is not there.")
    for name, sign in (
        ("django", "canonical/test.src"),
        ("django-raw", "all.anno"),
        ("conala", "conala-t*.json"),
        ("code-docstring", "data_ps.*"),
        ("parallel", "*.src"),
    ):
        if data.is_dir() and any(data.glob(sign)):
            return name
    if data.is_file() and data.suffix in (".jsonl", ".parquet"):
        return "pairs"
    raise DataError(f"{data} looks like no corpus that is known; name it by --corpus ({', '.join(CORPORA)}).")


def _training(corpus: str, data: Path) -> tuple[Pair, ...]:
    parts = _TRAINING_PARTS.get(corpus, ("train",))
    try:
        return tuple(pair for part in parts for pair in read_corpus(corpus, data, part))
    except DataError:  # many corpora are given out without it
        return ()
