"""From source trees to a file of pairs: walk, extract, drop duplicates and secrets, split, write.

Files are read one after the other; candidates wait in a file beside the output, so that memory holds only what
duplicates are found by. The same trees and options give the same output, byte for byte, and an output that exists is
replaced only when all is done and a pair was found.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from glosswright_model.data.mining.duplicates import Duplicates
from glosswright_model.data.mining.extract import Extraction, ExtractOptions, extract
from glosswright_model.data.mining.languages import LANGUAGES, load_grammar, package_of
from glosswright_model.data.mining.licences import Licences, is_permissive
from glosswright_model.data.mining.repository import Repository, repository_of
from glosswright_model.data.mining.secrets import holds_secret
from glosswright_model.data.mining.splits import split_of, without_leaks
from glosswright_model.data.mining.walk import MAX_FILE_BYTES, Passed, SourceFile, read_source, walk
from glosswright_model.data.pair_files import to_line, write_pairs
from glosswright_model.data.pairs import Pair, Provenance, Split
from glosswright_model.data.readers.own import read_pairs
from glosswright_model.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class MineOptions:
    """How trees are mined."""

    languages: frozenset[str] | None = None
    """Only these; None for all whose grammars are installed."""
    extract: ExtractOptions = field(default_factory=ExtractOptions)
    licences: frozenset[str] = frozenset()
    """Keep only pairs under these licences (SPDX expressions; "permissive" for those that ask for notices alone)."""
    with_others: bool = False
    """Read folders of other people's code and of build results too."""
    without_tests: bool = False
    """Pass over tests: what they say of themselves is no use to a model that is to write other code."""
    dev: float = 0.05
    test: float = 0.05
    seed: int = 0
    max_file_bytes: int = MAX_FILE_BYTES
    max_pairs: int = 500_000
    """Where to stop, for memory grows with the pairs: see `duplicates.Duplicates`."""


@dataclass(slots=True)
class Report:
    """What was read, and what became of it."""

    files: int = 0
    bytes: int = 0
    passed: Passed = field(default_factory=Passed)
    left_out: Counter[str] = field(default_factory=Counter)
    """Comments and candidates that made no pair, by reason."""
    kinds: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    pairs: int = 0
    stopped: bool = False
    """Whether `max_pairs` was reached."""

    def to_json(self) -> dict[str, object]:
        """The counts as plain values."""
        return {
            "files": self.files,
            "bytes": self.bytes,
            "pairs": self.pairs,
            "stopped": self.stopped,
            "kinds": dict(self.kinds),
            "languages": dict(self.languages),
            "splits": dict(self.splits),
            "licences": dict(self.licences),
            "files_passed_over": dict(self.passed.files),
            "comments_left_out": {reason: count for reason, count in self.left_out.items() if count},
        }


OnProgress = Callable[[int, int], None]
"""Told files done and files there are."""


def mine(paths: Iterable[Path], out: Path, options: MineOptions, on_progress: OnProgress | None = None) -> Report:
    """Mine source trees into a file of pairs.

    Raises DataError: a path there is not, an output that cannot be written (what was there is untouched), a missing
    library, and the missing grammar of a language that was asked for.
    """
    if out.suffix not in (".jsonl", ".parquet"):
        raise DataError(f"{out} must end in .jsonl or .parquet")
    split_of("", dev=options.dev, test=options.test, seed=options.seed)  # says what is wrong before the work begins
    report = Report()
    for key in options.languages or ():
        load_grammar(key)  # says what is missing before the work begins
    walked = walk(
        paths,
        frozenset(LANGUAGES) if options.languages is None else options.languages,
        report.passed,
        with_others=options.with_others,
        without_tests=options.without_tests,
    )
    files = list(_readable(walked, report.passed))
    duplicates = Duplicates()
    splits: list[Split] = []
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
            waiting = Path(folder) / "candidates.jsonl"
            with waiting.open("w", encoding="utf-8", newline="\n") as file:
                for pair in _candidates(files, options, report, on_progress):
                    if reason := duplicates.add(pair):
                        report.left_out[f"{reason} duplicate"] += 1
                        continue
                    file.write(to_line(pair))
                    splits.append(pair.split)
                    if len(splits) >= options.max_pairs:
                        report.stopped = True
                        break
            stays = without_leaks(splits, duplicates.clusters())
            report.left_out["near to training"] += len(stays) - sum(stays)
            kept = (pair for pair, stay in zip(read_pairs(waiting), stays, strict=True) if stay)
            if splits:  # else what was there is worth more than an empty file
                report.pairs = write_pairs(out, _counted(kept, report))
    except OSError as error:
        raise DataError(f"{out} cannot be written: {error.strerror or error}; what was there is untouched") from error
    return report


def _readable(files: Iterable[SourceFile], passed: Passed) -> Iterator[SourceFile]:
    missing: dict[str, str] = {}
    for file in files:
        if file.language not in missing:
            try:
                load_grammar(file.language)
                missing[file.language] = ""
            except DataError:
                package = package_of(LANGUAGES[file.language])
                missing[file.language] = f"{file.language}: grammar not installed (pip install {package})"
        if reason := missing[file.language]:
            passed.add(reason, file.path)
        else:
            yield file


@dataclass(slots=True)
class _Read:
    """What a worker found in one file."""

    pairs: list[Pair] = field(default_factory=list)
    passed: Passed = field(default_factory=Passed)
    left_out: Counter[str] = field(default_factory=Counter)
    bytes: int = 0


def _candidates(
    files: list[SourceFile], options: MineOptions, report: Report, on_progress: OnProgress | None
) -> Iterator[Pair]:
    for done, read in enumerate(map(_Reader(options), files), start=1):
        report.files += bool(read.bytes)
        report.bytes += read.bytes
        report.left_out.update(read.left_out)
        for reason, count in read.passed.files.items():
            report.passed.files[reason] += count
            report.passed.examples.setdefault(reason, read.passed.examples[reason])
        yield from read.pairs
        if on_progress is not None:
            on_progress(done, len(files))


class _Reader:
    """Reads one file after the other, and looks at each folder's licence and repository once."""

    def __init__(self, options: MineOptions) -> None:
        self.options = options
        self.licences: dict[Path, Licences] = {}
        self.repositories: dict[Path, Repository | None] = {}

    def __call__(self, file: SourceFile) -> _Read:
        read = _Read()
        source = read_source(file, read.passed, max_bytes=self.options.max_file_bytes)
        if source is None:
            return read
        read.bytes = len(source)
        if file.root not in self.licences:
            self.licences[file.root] = Licences(file.root.resolve())
        licence = self.licences[file.root].of(file.path.resolve(), source)
        if self.options.licences and not _is_allowed(licence, self.options.licences):
            read.passed.add("another licence", file.path)
            return read
        extraction = extract(source, file.language, self.options.extract)
        read.left_out = extraction.left_out
        if extraction.given_up:
            read.passed.add("too slow to parse", file.path)
        read.pairs = list(self._pairs(file, extraction, licence, read))
        return read

    def _pairs(self, file: SourceFile, extraction: Extraction, licence: str, read: _Read) -> Iterator[Pair]:
        path = file.path.resolve()
        folder = path.parent
        if folder not in self.repositories:
            self.repositories[folder] = repository_of(folder)
        repository = self.repositories[folder]
        root = repository.root if repository else file.root.resolve()
        name = path.relative_to(root).as_posix()
        address = repository.address if repository else root.name
        split = split_of(f"{address}/{name}", dev=self.options.dev, test=self.options.test, seed=self.options.seed)
        for found in extraction.found:
            if holds_secret(found.source, found.target, found.context):
                read.left_out["secret"] += 1
                continue
            yield Pair(
                found.source,
                found.target,
                found.kind,
                file.language,
                Provenance(name, found.line, address, repository.commit if repository else ""),
                licence,
                split,
                found.context,
            )


def _is_allowed(licence: str, allowed: frozenset[str]) -> bool:
    named = {name.casefold() for name in allowed}  # as SPDX compares identifiers
    return licence.casefold() in named or ("permissive" in named and is_permissive(licence))


def _counted(pairs: Iterable[Pair], report: Report) -> Iterator[Pair]:
    for pair in pairs:
        report.kinds[pair.kind] += 1
        report.languages[pair.language] += 1
        report.licences[pair.licence or "none found"] += 1
        report.splits[pair.split] += 1
        yield pair
