"""Source files below some folders, in a fixed order, with what was passed over and why.

Passed over are links (a file is read where it lies, once), folders of other people's code and of build results,
generated and minified files, and what is no text. Nothing that cannot be read stops the walk: hence `os.path`, whose
questions are answered by no where `Path` raises PermissionError.
"""

from __future__ import annotations

import os
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from glosswright_model.data.mining.languages import OTHERS, language_of, shares_ending
from glosswright_model.data.mining.mined_language import MinedLanguage
from glosswright_model.errors import DataError

MAX_FILE_BYTES = 1 << 20

BUILT = frozenset(
    {
        "__generated__",
        "__pycache__",
        "_build",
        "build",
        "coverage",
        "dist",
        "dist-newstyle",
        "gen",
        "generated",
        "htmlcov",
        "migrations",
        "obj",
        "out",
        "target",
        "zig-cache",
        "zig-out",
    }
)
"""Folders of build results and of code that programs write."""


TEST_FOLDER = re.compile(r"(?:.*_)?(?:[Tt]ests?|specs?)|__tests__")
TEST_FILE = re.compile(
    r"(?:test_.+|.+_test|tests?|conftest|.+_spec|.+\.(?:test|spec)|.*[a-z0-9]Tests?)\.\w+"
    r"|.*[a-z0-9]Spec\.(?:hs|kt|scala|swift)|.+\.(?:bats|t)"
)
"""Names of tests in the languages that are mined. The folder that is named itself is read whatever it is called."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file worth reading."""

    path: Path
    root: Path
    """The folder it was found below, or its own folder when it was named itself."""
    language: str


@dataclass(slots=True)
class Passed:
    """What was passed over."""

    files: Counter[str] = field(default_factory=Counter)
    """By reason."""
    examples: dict[str, str] = field(default_factory=dict)
    """One path for each reason."""

    def add(self, reason: str, path: Path) -> None:
        """One file or folder more."""
        self.files[reason] += 1
        self.examples.setdefault(reason, str(path))


def walk(
    paths: Iterable[Path],
    languages: frozenset[str],
    passed: Passed,
    *,
    with_others: bool = False,
    without_tests: bool = False,
) -> Iterator[SourceFile]:
    """The files of `languages` below `paths`, sorted in each folder. Raises DataError for a path there is not.

    with_others: read folders of other people's code and of build results too. A folder that is named itself is read
    whatever it is called.
    without_tests: pass over tests, known by the names of folders and files.
    """
    seen: set[tuple[int, int]] = set()
    for path in paths:
        try:
            path.stat()
        except OSError as error:
            raise DataError(f"{path} is no source file or folder of source files: {error.strerror or error}") from error
        if path.is_dir():
            yield from _folder(path, languages, passed, with_others, without_tests, seen)
        elif (language := _language(path)) is None:
            passed.add("unknown kind", path)
        elif not path.is_file():  # a pipe would block for ever
            passed.add("no plain file", path)
        elif language.key in languages and _is_new(path, seen):
            yield SourceFile(path, path.parent, language.key)


def read_source(file: SourceFile, passed: Passed, *, max_bytes: int = MAX_FILE_BYTES) -> bytes | None:
    """The file as UTF-8 without a byte order mark, None when it is passed over."""
    try:
        with file.path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size > max_bytes:
                passed.add("too large", file.path)
                return None
            source = stream.read(max_bytes + 1)
    except OSError:
        passed.add("unreadable", file.path)
        return None
    reason = _unfit(source, max_bytes)
    text = None if reason else _utf8(source, file.language)
    if reason or text is None:
        passed.add(reason or "not UTF-8", file.path)
        return None
    return text


def _folder(
    root: Path,
    languages: frozenset[str],
    passed: Passed,
    with_others: bool,
    without_tests: bool,
    seen: set[tuple[int, int]],
) -> Iterator[SourceFile]:
    def cannot(error: OSError) -> None:
        passed.add("unreadable", Path(error.filename or root))

    for folder, folders, names in os.walk(root, onerror=cannot, followlinks=False):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not _is_passed(here / name, passed, with_others, without_tests))
        for name in sorted(names):
            path = here / name
            language = _language(path)
            if language is None or language.key not in languages:
                continue
            if os.path.islink(path):
                passed.add("link", path)
            elif not os.path.isfile(path):  # a pipe would block for ever
                passed.add("no plain file", path)
            elif _GENERATED_NAME.search(name):
                passed.add("generated", path)
            elif without_tests and TEST_FILE.fullmatch(name):
                passed.add("tests", path)
            elif _is_new(path, seen):
                yield SourceFile(path, root, language.key)


def _language(path: Path) -> MinedLanguage | None:
    if not shares_ending(path) or not os.path.isfile(path):
        return language_of(path)
    try:
        with path.open("rb") as stream:
            return language_of(path, stream.read(_HEAD_BYTES))
    except OSError:
        return language_of(path)


def _is_passed(folder: Path, passed: Passed, with_others: bool, without_tests: bool) -> bool:
    name = folder.name
    if os.path.islink(folder):
        passed.add("link", folder)
    elif name.startswith(".") and name not in (".", ".."):
        pass  # caches, version control: nothing a person would miss
    elif not with_others and name in OTHERS:
        passed.add("other people's code", folder)
    elif not with_others and name in BUILT:
        passed.add("built or generated", folder)
    elif without_tests and TEST_FOLDER.fullmatch(name):
        passed.add("tests", folder)
    elif not with_others and os.path.isfile(folder / "pyvenv.cfg"):
        passed.add("other people's code", folder)
    else:
        return False
    return True


def _is_new(path: Path, seen: set[tuple[int, int]]) -> bool:
    """Whether the file has not been read under another name: roots may overlap, files may have two names."""
    try:
        status = path.stat()
    except OSError:
        return True  # reading it will say why
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return False
    seen.add(identity)
    return True


_GENERATED_NAME = re.compile(
    r"\.min\.|\.bundle\.|-bundle\.|_pb2(?:_grpc)?\.pyi?$|\.pb\.(?:go|cc|h)$|_generated\.|\.g\.\w+$|\.d\.ts$|jquery"
)
_GENERATED_HEAD = re.compile(
    rb"@generated|do not edit|auto-?generated|automatically generated|generated by|code generated", re.I
)
_HEAD_BYTES = 2048
_MAX_LINE = 5000
_MAX_MEAN_LINE = 200


def _unfit(source: bytes, max_bytes: int) -> str:
    if not source.strip():
        return "empty"
    if len(source) > max_bytes:
        return "too large"
    if b"\0" in source:
        return "not text"
    if _GENERATED_HEAD.search(source[:_HEAD_BYTES]):
        return "generated"
    lines = source.split(b"\n")
    if max(map(len, lines)) > _MAX_LINE or len(source) / len(lines) > _MAX_MEAN_LINE:
        return "minified"
    return ""


def _utf8(source: bytes, language: str) -> bytes | None:
    source = source.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    try:
        source.decode()
    except UnicodeDecodeError:
        if language != "python":
            return None
        try:  # a Python file says what it is in
            encoding, _ = tokenize.detect_encoding(BytesIO(source).readline)
            return source.decode(encoding).encode()
        except (SyntaxError, UnicodeError, LookupError):
            return None
    return source
