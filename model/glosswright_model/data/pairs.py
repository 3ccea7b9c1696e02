"""A training pair: what a person wrote and the code it asks for, with where it came from and under which licence.

Every corpus and the miner end in `Pair`, so that splits, augmentation, text pipelines and reports need not know which.
A pair is a plain value and its JSON form is flat and stable: a mined file is meant to be read, filtered and kept.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from glosswright_model.errors import DataError

PairKind = Literal["statement", "body", "function"]
"""What the target is: statements below a comment, the body of a function, or a whole function with its signature."""

Split = Literal["train", "dev", "test"]

PAIR_KINDS: tuple[PairKind, ...] = get_args(PairKind)
SPLITS: tuple[Split, ...] = get_args(Split)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a pair was found."""

    path: str = ""
    """The file, relative to `repository` or to the folder that was mined; "/" between its parts."""
    line: int = 0
    """Line of the file on which the pair begins, from 1; 0 where it is not known."""
    repository: str = ""
    """Address or name of the repository or package; empty where there is none."""
    commit: str = ""
    """The revision, as the version control system writes it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One comment or docstring with its code."""

    source: str
    """What a person wrote, without comment signs."""
    target: str
    """The code, dedented."""
    kind: PairKind = "statement"
    language: str = "python"
    """The language of the target, by its lower-case LSP identifier ("python", "cpp", "shellscript", …)."""
    provenance: Provenance = Provenance()
    licence: str = ""
    """SPDX expression, or empty where none was found."""
    split: Split = "train"
    context: str = ""
    """Code that stands before the target and belongs to the question (a signature, imports); empty where none does."""

    def with_context(self) -> Pair:
        """The same pair, what stands before the target being part of the question, on lines above it."""
        return dataclasses.replace(self, source=f"{self.context}\n{self.source}".strip())

    def to_json(self) -> dict[str, Any]:
        """A flat object; empty optional fields are left out."""
        row: dict[str, Any] = {
            "source": self.source,
            "target": self.target,
            "kind": self.kind,
            "language": self.language,
            "split": self.split,
            "licence": self.licence,
            **dataclasses.asdict(self.provenance),
            "context": self.context,
        }
        return {name: value for name, value in row.items() if value or name in _ALWAYS}

    @classmethod
    def from_json(cls, row: object) -> Pair:
        """Read `to_json` back, checked field by field; unknown fields are left alone. Raises DataError."""
        if not isinstance(row, Mapping):
            raise DataError("a pair must be a JSON object with at least `source` and `target`")
        for name in ("source", "target"):
            if not isinstance(row.get(name), str):
                raise DataError(f"a pair needs `{name}`, a text")
        for name in ("language", "licence", "path", "repository", "commit", "context"):
            if not isinstance(row.get(name, ""), str):
                raise DataError(f"`{name}` of a pair must be a text")
        line = row.get("line", 0)
        if not isinstance(line, int) or isinstance(line, bool) or line < 0:
            raise DataError("`line` of a pair must be a whole number from 0")
        kind, split = row.get("kind", "statement"), row.get("split", "train")
        if kind not in PAIR_KINDS:
            raise DataError(f"`kind` of a pair must be one of {', '.join(PAIR_KINDS)}")
        if split not in SPLITS:
            raise DataError(f"`split` of a pair must be one of {', '.join(SPLITS)}")
        return cls(
            source=row["source"],
            target=row["target"],
            kind=cast(PairKind, kind),
            language=row.get("language", "python"),
            provenance=Provenance(row.get("path", ""), line, row.get("repository", ""), row.get("commit", "")),
            licence=row.get("licence", ""),
            split=cast(Split, split),
            context=row.get("context", ""),
        )


_ALWAYS = frozenset({"source", "target", "kind", "language", "split"})
