"""Comments as text: their signs taken off, and whether what is left says what code does.

Most comments do not: they hold licences, switched-off code, orders to tools, notes to oneself. The rules are cheap and
err on the side of leaving out, for a wrong pair costs more than a missing one.
"""

from __future__ import annotations

import ast
import inspect
import re
import unicodedata
import warnings
from collections.abc import Sequence

MIN_WORDS, MAX_WORDS, MAX_CHARACTERS = 3, 300, 4000
_MIN_UNSPACED = 4
"""Letters of Chinese or Japanese that are as good as `MIN_WORDS` words."""

_BLOCKS = tuple(
    (re.compile(rf"^{begin}"), re.compile(rf"{end}$"))
    for begin, end in (
        (r"/\*+!?<?", r"\*+/"),
        (r"--\[=*\[", r"\]=*\]"),  # Lua
        (r"\{-[ \t]*[|^]?", r"-\}"),  # Haskell
        (r"\(\*+", r"\*+\)"),  # OCaml, F#
        (r"#=", r"=#"),  # Julia
        (r"<#", r"#>"),  # PowerShell
        (r"#\|", r"\|#"),  # Lisp
        (r"%\{[ \t]*\n", r"\n[ \t]*%\}"),  # MATLAB
        (r"=begin[^\n]*\n", r"\n=end[^\n]*"),  # Ruby
    )
)
_LINE = re.compile(r"^[ \t]*(?:/{2,}[!<]?|#+[!:]?|--+(?:[ \t]*[|^](?=[ \t]))?|;+|%+|!+[<>]?)[ \t]?")
_STAR = re.compile(r"^[ \t]*\*(?!\*)[ \t]?")
_SUMMARY = re.compile(r"[ \t]*</?summary>[ \t]*|\A\s*\.(?:SYNOPSIS|DESCRIPTION)[ \t]*(?=\n)", re.I)
_REFERENCE = re.compile(r"<(?:see|seealso|paramref|typeparamref)\s+\w+=\"(?:[A-Z]:)?([^\"]*)\"\s*/>|</?c>")

_STRING = re.compile(r'"""(.*?)"""|"((?:[^"\\]|\\.)*)"', re.S)


def comment_text(comments: Sequence[str]) -> str:
    """The text of a run of comments, without signs, frames and common indentation."""
    lines: list[str] = []
    for comment in comments:
        comment = comment.strip()
        for begin, end in _BLOCKS:
            if begin.match(comment) and end.search(comment):
                first, *rows = end.sub("", begin.sub("", comment)).split("\n")
                lines += [first.strip(), *(_STAR.sub("", row).rstrip() for row in rows)]
                break
        else:
            lines += [_LINE.sub("", row, count=1).rstrip() for row in comment.split("\n")]
    text = _REFERENCE.sub(r"\1", _SUMMARY.sub("\n", inspect.cleandoc("\n".join(lines))))
    return "\n".join(line for line in inspect.cleandoc(text).split("\n") if not _is_rule(line)).strip()


def literal(text: str) -> str | None:
    """The value of a docstring; None for what is no plain string."""
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, str) else None


def quoted(text: str) -> str | None:
    """What stands in the first double quotes; None where there are none."""
    found = _STRING.search(text)
    if found is None:
        return None
    return re.sub(r'\\(["\\])', r"\1", found[1] or found[2] or "")


def without_name(text: str, name: str) -> str:
    """Documentation without the function's name in capitals, with which MATLAB's people begin it."""
    word, _, rest = text.partition(" ")
    return rest.lstrip() if name and word.rstrip(":.-") == name.upper() else text


def without_declaration(text: str) -> str:
    """Documentation without the indented code that may begin it: Julia repeats the declaration there."""
    paragraphs = re.split(r"\n[ \t]*\n", inspect.cleandoc(text))
    while len(paragraphs) > 1 and all(line.startswith("    ") for line in paragraphs[0].split("\n")):
        del paragraphs[0]
    return "\n\n".join(paragraphs)


def summary(text: str) -> str:
    """The first paragraph, up to where parameters are described."""
    lines = []
    for line in text.strip().split("\n"):
        if not line.strip() or _SECTION.match(line.strip()):
            break
        lines.append(line.strip())
    return " ".join(lines)


def without_sections(text: str) -> str:
    """The text up to where parameters are described, on one line."""
    lines = []
    for line in text.strip().split("\n"):
        if _SECTION.match(line.strip()):
            break
        lines.append(line)
    return " ".join(" ".join(lines).split())


def unwanted(text: str, language: str) -> str:
    """Why a text does not describe code, as one word for the report; "" when it may."""
    if not _is_long_enough(text):
        return "short"
    if len(text) > MAX_CHARACTERS or len(text.split()) > MAX_WORDS:
        return "long"
    if _LICENCE.search(text):
        return "licence"
    if _PRAGMA.match(text):
        return "tool"
    if _NOTE.match(text):
        return "note"
    letters = sum(unicodedata.category(letter)[0] in "LM" or letter == " " for letter in text.replace("\n", " "))
    if letters / len(text) < 0.6:
        return "no-prose"
    if _is_code(text, language):
        return "code"
    return ""


_SECTION = re.compile(
    r"@[a-z]|[\\:](?:param|arg|return|returns|throws|raises|type|rtype|brief|since|see|example|deprecated)\b"
    r"|(?:Args|Arguments|Parameters|Returns?|Raises|Yields|Examples?|Notes?|Attributes|See Also|Usage)\s*:?\s*$"
    r"|>>> |-{3,}|#+\s|</?(?:param|returns|remarks|exception|typeparam|value|example|code|para)\b|\.[A-Z]{4,}\b"
    r"|- (?:Parameters?|Returns|Throws)\b"
)
_RULE = re.compile(r"[^\w\s]{3,}")
_LICENCE = re.compile(r"copyright|licen[sc]ed? under|spdx|all rights reserved|\(c\) *\d{4}|permission is hereby", re.I)
_PRAGMA = re.compile(
    r"\W*(?:noqa|type:\s*ignore|nosec|pylint|pragma|mypy:|ruff:|flake8|fmt:|isort:|yapf|pyright|pytype|cython:|eslint"
    r"|jshint|jslint|jscs|istanbul|prettier|ts-|@ts-|tslint|webpack|@flow|biome|deno-lint|sourceMappingURL"
    r"|v8 ignore|c8 ignore|nolint|clang-|go:|\+build|lint:|rubocop|frozen_string_literal|shellcheck|c?spell-?checker"
    r"|swiftlint|mark:|phpcs|@?phpstan|@?psalm|ktlint|detekt|noinspection|luacheck|stylua|selene:|perlcritic|no critic"
    r"|perltidy|hlint|credo:|dialyzer|resharper|scalafmt|scalastyle|#ok|\$?omp\b|f2py\b|yamllint|tfsec:|tflint|checkov"
    r"|syntax=|requires -|schema:|yaml-language-server"
    r"|coverage:|sonar|checkstyle|@formatter|region\b|endregion|vim?:|-\*-|!?/(?:usr|bin)/|line \d+ \")",
    re.I,
)
_NOTE = re.compile(r"\W*(?:todo|fixme|xxx|hack|bug|note to self|deprecated|tbd|wip)\b", re.I)
_CODE_ENDS = re.compile(r"[;{}]\s*$")
_CODE_SIGNS = re.compile(r"[;{}=<>()\[\]|&$\\]|->|::")
_STATEMENT = re.compile(
    r"^\s*(?:(?:var|let|const|public|private|static|func|fn|def|class|import|package|using|#include)\s+[\w*&<.]+"
    r"|(?:if|for|while|switch)\s*\(|(?:select|insert into|update|delete from)\s+.*\b(?:from|values|set|where)\b"
    r"|[\w.]+\s*(?:=|\+=|:=)\s*\S|[\w.]+\([^)]*\)\s*[;{]?\s*$)",
    re.I,
)


def _is_long_enough(text: str) -> bool:
    words = re.findall(r"[^\W\d_]{2,}", text)
    unspaced = sum("\u3040" <= letter <= "\u9fff" for letter in text)
    return len(words) >= MIN_WORDS or unspaced >= _MIN_UNSPACED


def _is_rule(line: str) -> bool:
    """A line of dashes, stars and the like."""
    return bool(_RULE.fullmatch(line.strip()))


def _is_code(text: str, language: str) -> bool:
    lines = [line for line in text.split("\n") if line.strip()]
    if sum(bool(_CODE_ENDS.search(line) or _STATEMENT.match(line)) for line in lines) * 2 > len(lines):
        return True
    if len(_CODE_SIGNS.findall(text)) / len(text) > 0.12:
        return True
    return language == "python" and _is_python(text)


def _is_python(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    # "Sort by size" is no Python, but a lone word or "a and b" is: prose that happens to parse.
    return any(isinstance(node, (ast.Call, ast.stmt)) and not isinstance(node, ast.Expr) for node in ast.walk(tree))
