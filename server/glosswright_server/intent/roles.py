"""What a comment is for: a request in a human's words, or something that asks for nothing.

A shebang, a linter's pragma, a licence, a ruler and code that somebody has commented out are comments too; a suggestion
below them would be a nuisance. The rules know tools by the words that these look for, and code by its looks *and* by
parsing.
"""

from __future__ import annotations

import re
from enum import Enum

from glosswright_server.intent.languages import Language
from glosswright_server.intent.stubs import without_todo
from glosswright_server.intent.tree import Tree, parse
from glosswright_server.intent.wording import MARGIN, is_heading

_MAX_CODE_LINES = 400  # of a comment that is looked at for code
_MAX_LINE = 400  # characters of a line that are matched: some patterns take quadratic time


class Role(str, Enum):
    """What a comment is for."""

    REQUEST = "request"
    PRAGMA = "pragma"  # addressed to a tool: shebang, encoding, linters, cell marks, regions
    LICENCE = "licence"
    CODE = "code"  # code that was commented out
    HEADING = "heading"  # a title between rulers
    EMPTY = "empty"  # a ruler, or nothing yet
    MODULE = "module"  # Rust's //!, about the enclosing module
    UNCLOSED = "unclosed"  # a block comment that is being typed; code below it would be part of it


def role_of(tree: Tree, start: int, raw: str, text: str, *, block: bool, pragmas: bool) -> Role:
    """The role of the comment that starts at `start`, has the characters `raw` and says `text`.

    `pragmas` is true when some of its lines were addressed to tools and are not in `text`.
    """
    if block and not raw.endswith(tuple(closing for _, closing in tree.language.block_comments)):
        return Role.UNCLOSED
    if not any(character.isalnum() for character in without_todo(text)):
        return Role.PRAGMA if pragmas else Role.EMPTY
    if _LICENCE.search(text) and (_SPDX.search(text) or _opens_file(tree, start)):
        return Role.LICENCE
    if tree.language.key == "rust" and raw.startswith(("//!", "/*!")):
        return Role.MODULE
    if not block and is_heading(raw):
        return Role.HEADING
    return Role.CODE if is_code(text, tree.language) else Role.REQUEST


def _opens_file(tree: Tree, start: int) -> bool:
    """Whether only comments and blank lines stand above."""
    for line in re.split(r"\r\n|\r|\n", tree.text[:start])[:60]:
        bare = line.strip(MARGIN)
        if bare and not bare.startswith((*tree.language.line_comments, "/*", "*", "<!", "<?", "#!", '"""')):
            return False
    return start < 8_000


def is_pragma(line: str) -> bool:
    """Whether a comment's line, without its marker, is addressed to a tool."""
    return _PRAGMA.match(line[:_MAX_LINE].strip()) is not None


def is_code(text: str, language: Language) -> bool:
    """Whether a comment's text is code that was commented out: it has the marks of code, and it parses."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines or len(lines) > _MAX_CODE_LINES:
        return False
    marked = sum(len(line) <= _MAX_LINE and bool(_CODE_LINE.search(line)) for line in lines)
    if 2 * marked < len(lines):
        return False
    if language.grammar is None:
        return True
    tree = parse(text + "\n", language)
    return tree.root is not None and not tree.root.has_error


_CODE_LINE = re.compile(
    r"""[;{}]\s*$
    | ^\s*(?:(?:const|let|var|auto|int|char|float|double|long|final|static|local|export|my)\s+)?
        [\w.\[\]'"*&$@]+\s*(?::\s*[\w\[\], .|]+)?\s*(?:[-+*/%|&^:]|<<|>>|\*\*|//)?=(?!=|>)\s*\S
    | ^\s*(?:await\s+|return\s+|new\s+)?[\w.:]+!?\(.*\)\s*$
    | ^\s*(?:from\s+[\w.]+\s+import\s|import\s+[\w.{*"'(]+\s*$|\#include\b|using\s+[\w.:]+;)
    | ^\s*(?:async\s+)?(?:def|class|func|fn|function)\s+\w+.*[:{)]\s*$
    | ^\s*(?:if|for|while|elif|with|except|else|try|finally)\b.*:\s*$
    | ^\s*(?:\}|end|fi|done|esac|pass|break|continue|return)\s*$
    | ^\s*(?:SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|CREATE|DROP|ALTER)\s
    | ^\s*(?:sudo|echo|cd|export|source|rm|mv|cp|mkdir|grep|curl|git)\s+[-$"'./~]
    """,
    re.VERBOSE,
)

# What tools look for at the start of a comment's line, once its marker is gone (IGNORECASE).
_PRAGMAS = (
    r"!\s*/",  # what is left of a shebang
    r"-\*-.*-\*-$|.*\bcoding[:=]\s*[-\w.]+\s*$|(?:vi|vim|ex):\s",
    r"noqa\b|nosec\b|nosonar\b|nolint\w*\b|checkstyle[:.\s]|noinspection\s|noncompliant\b",
    r"type:\s*(?:ignore\b|[\w.]+(?:\[.*\])?\s*$|\(.*\)\s*->)",
    r"(?:pylint|mypy|pyright|ruff|flake8|isort|fmt|yapf|black|bandit|pragma|cython|doctest|hlint)\s*:",
    r"(?:eslint|prettier|tslint|jshint|jslint|stylelint|biome|oxlint|deno)(?:-[\w-]+|:)|(?:es|js)(?:lint|hint)\s+\w+:",
    r"@ts-\w+|@(?:flow|jsx\w*|license|preserve|format|vitest-environment|jest-environment)\b|<(?:reference|amd-)",
    r"(?:istanbul|c8|v8)\s+ignore\b|webpack\w+:|[#@]__\w+__|[#@]\s*source(?:Mapping)?URL=",
    r"go:[a-z]\w*\b|\+build\s|line\s+\S+:\d+|Code generated\s.*DO NOT EDIT|cgo\s",
    r"rubocop:\w|frozen_string_literal:|typed:\s*\w+$|shellcheck\s+\w+=|shfmt:|clang-format\s+(?:on|off)",
    r"swiftlint:|swiftformat:|ktlint-|sqlfluff:|sqlfmt:|rustfmt::|dialyzer:|luacheck:|yaml-language-server:",
    r"%%|In\s*\[\s*\d*\s*\]:?\s*$|</?(?:editor-fold|codecell|markdowncell)\b|MARK:",
    r"#?(?:end)?region\b(?!\s+(?:of|in)\b)|pragma\s+(?:mark|once|region|endregion)\b|syntax\s*=\s*docker|escape=\S$",
)
_PRAGMA = re.compile("|".join(f"(?:{one})" for one in _PRAGMAS), re.IGNORECASE)

_LICENCE = re.compile(
    r"^[ \t]*@?(?:authors?|maintainers?|version)\s*:"
    r"|copyright\b|©|\(c\)\s*\d{4}|licen[sc]ed?\b|SPDX-|all rights reserved|版权所有|许可证|著作権",
    re.IGNORECASE | re.MULTILINE,
)
_SPDX = re.compile(r"SPDX-License-Identifier|SPDX-FileCopyrightText", re.IGNORECASE)
