"""Comments: where one stands, what it says without its markers, and whether it asks for code at all.

A request is a comment in a human's words. A shebang, a linter's pragma, a licence, a ruler and code that somebody has
commented out are comments too, but ask for nothing; `Role` names them. What the comment means for the code around it is
the business of `read`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

import tree_sitter

from glosswright_server.intent.languages import Language
from glosswright_server.intent.lines import Line, indent_at, is_blank, line_above, line_at, line_below
from glosswright_server.intent.tree import Tree, parse

MAX_RUN = 400
"""Lines of one comment that are read, upwards and downwards each; longer ones are cut there."""

_SPACE = " \t\u200b\ufeff\u3000\u00a0"


class Role(str, Enum):
    """What a comment is for."""

    REQUEST = "request"
    PRAGMA = "pragma"  # addressed to a tool: shebang, encoding, linters, cell marks, regions
    LICENCE = "licence"
    CODE = "code"  # code that was commented out
    EMPTY = "empty"  # a ruler, or nothing yet
    MODULE = "module"  # Rust's //!, about the enclosing module
    UNCLOSED = "unclosed"  # a block comment that is being typed; code below it would be part of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A block comment, or a run of line comments on adjacent lines with one indentation."""

    start: int
    """Offset of the first marker."""
    end: int
    """Offset after the last character, white space at the end of the line excluded."""
    text: str
    """Markers, margins and pragma lines removed."""
    indent: str
    """Indentation of the line it starts on."""
    own_line: bool
    """False when code stands before it on its line."""
    block: bool
    """True for `/* */` and its like."""
    role: Role


def comment_at(tree: Tree, offset: int) -> Comment | None:
    """The comment that holds `offset`, or that ends at it with nothing but white space between."""
    text = tree.text
    line = line_at(text, offset)
    content = text[line.start : line.end].rstrip(_SPACE)
    at = min(offset, line.start + len(content))
    found = _raw_in_tree(tree, at) if tree.root is not None else _raw_in_lines(tree, line, at)
    if found is None:
        return None
    start, end = found
    first = line_at(text, start)
    own_line = not text[first.start : start].strip(_SPACE)
    marker = _line_marker(tree.language, text[start:end])
    if marker and own_line:
        start, end = _run(tree, first, marker)
    end = start + len(text[start:end].rstrip(_SPACE + "\r\n"))
    return _comment(tree, start, end, own_line, marker == "")


def comment_above(tree: Tree, line: Line, blank_lines: int) -> Comment | None:
    """The comment on lines of its own that ends right above `line`, at most `blank_lines` blank lines between."""
    text = tree.text
    above = line_above(text, line)
    while above is not None and blank_lines and is_blank(text, above):
        above = line_above(text, above)
        blank_lines -= 1
    if above is None or is_blank(text, above):
        return None
    end = above.start + len(text[above.start : above.end].rstrip(_SPACE))
    comment = comment_at(tree, end)
    return comment if comment is not None and comment.own_line and comment.end == end else None


def is_finished(text: str) -> bool:
    """Whether a comment says enough to act on when its author pauses: two words, or four ideographs or kana."""
    return len(_WORDS.findall(_IDEOGRAPHS.sub(" ", text))) + len(_IDEOGRAPHS.findall(text)) / 2 >= 2


_IDEOGRAPHS = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WORDS = re.compile(r"[^\W_]+(?:['’_-][^\W_]+)*")


# Finding the characters of a comment


def _raw_in_tree(tree: Tree, at: int) -> tuple[int, int] | None:
    """Start and end of the comment node that holds `at` or ends there."""
    grammar = tree.language.grammar
    assert grammar is not None
    for low, high in ((at - 1, at), (at, at + 1)):
        if low < 0:
            continue
        node: tree_sitter.Node | None = tree.node_at(low, min(high, len(tree.text)))
        while node is not None and node.type not in grammar.comments:
            node = node.parent
        if node is None:
            continue
        # Rust's documentation comments include their line end.
        end = node.start_byte + len(tree.text_of(node).rstrip("\r\n"))
        # A node that merely starts at `at` is right of the cursor: the cursor is before it, not in it.
        if node.start_byte < at <= end:
            return node.start_byte, end
    return _raw_unclosed(tree, at)


def _raw_unclosed(tree: Tree, at: int) -> tuple[int, int] | None:
    """A block comment that is being typed and not closed yet, which the parser shows as an error: its first line, and
    lines below that begin with a star."""
    text = tree.text
    if tree.root is None or not tree.root.has_error:
        return None
    line = line_at(text, at)
    for opening, closing in tree.language.block_comments:
        start = text.rfind(opening, max(0, at - 4_000), at)
        if start < 0 or text.find(closing, start) >= 0 or text[line_at(text, start).start : start].strip(_SPACE):
            continue
        later = re.split(r"\r\n|\r|\n", text[start : line.end])[1:]
        if all(one.lstrip(_SPACE).startswith("*") for one in later):
            return start, line.end
    return None


def _raw_in_lines(tree: Tree, line: Line, at: int) -> tuple[int, int] | None:
    """The same by markers alone: line comments on their own line, and block comments that open a line."""
    text, language = tree.text, tree.language
    start = line.start + len(indent_at(text, line))
    for opening, closing in language.block_comments:
        nearest = text.rfind(opening, max(0, at - 20_000), at + len(opening) - 1)
        if nearest < 0 or not nearest < at or text[line_at(text, nearest).start : nearest].strip(_SPACE):
            continue
        close = text.find(closing, nearest + len(opening))
        end = close + len(closing) if close >= 0 else len(text)
        if at <= end:
            return nearest, end
    if start < at and _line_marker(language, text[start : line.end]):
        return start, line.end
    return None


def _line_marker(language: Language, content: str) -> str:
    """The line comment marker that opens `content`, or ""."""
    if any(content.startswith(opening) for opening, _ in language.block_comments):
        return ""
    return next((marker for marker in language.line_comments if content.startswith(marker)), "")


def _run(tree: Tree, line: Line, marker: str) -> tuple[int, int]:
    """The run of line comments around `line` with the same marker and indentation."""
    text = tree.text
    indent = indent_at(text, line)

    def belongs(other: Line | None) -> bool:
        return (
            other is not None
            and text.startswith(indent + marker, other.start)
            and bool(_line_marker(tree.language, text[other.start + len(indent) : other.end]))
        )

    first = last = line
    for _ in range(MAX_RUN):
        other = line_above(text, first)
        if other is None or not belongs(other):
            break
        first = other
    for _ in range(MAX_RUN):
        other = line_below(text, last)
        if other is None or not belongs(other):
            break
        last = other
    return first.start + len(indent), last.end


# Reading what it says


def _comment(tree: Tree, start: int, end: int, own_line: bool, block: bool) -> Comment:
    raw = tree.text[start:end]
    lines = _block_lines(tree.language, raw) if block else _stripped_lines(raw)
    indent = indent_at(tree.text, line_at(tree.text, start))
    said = [line for line in lines if not _PRAGMA.match(line.strip())]
    text = _dedented(said)
    return Comment(
        start=start,
        end=end,
        text=text,
        indent=indent,
        own_line=own_line,
        block=block,
        role=_role(tree, start, raw, text, block=block, pragmas=len(said) < len(lines)),
    )


def _role(tree: Tree, start: int, raw: str, text: str, *, block: bool, pragmas: bool) -> Role:
    if block and not raw.endswith(tuple(closing for _, closing in tree.language.block_comments)):
        return Role.UNCLOSED
    if not any(character.isalnum() for character in text):
        return Role.PRAGMA if pragmas else Role.EMPTY
    if _LICENCE.search(text) and (_SPDX.search(text) or _opens_file(tree, start)):
        return Role.LICENCE
    if tree.language.key == "rust" and raw.startswith(("//!", "/*!")):
        return Role.MODULE
    return Role.CODE if is_code(text, tree.language) else Role.REQUEST


def _opens_file(tree: Tree, start: int) -> bool:
    """Whether only comments and blank lines stand above."""
    for line in re.split(r"\r\n|\r|\n", tree.text[:start])[:60]:
        bare = line.strip(_SPACE)
        if bare and not bare.startswith((*tree.language.line_comments, "/*", "*", "<!", "<?", "#!", '"""')):
            return False
    return start < 8_000


def is_code(text: str, language: Language) -> bool:
    """Whether a comment's text is code that was commented out: it has the marks of code, and it parses."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines or len(lines) > MAX_RUN:
        return False
    marked = sum(bool(_CODE_LINE.search(line)) for line in lines)
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
    r"type:\s*\S|(?:pylint|mypy|pyright|ruff|flake8|isort|fmt|yapf|black|bandit|pragma|cython|doctest|hlint)\s*:",
    r"(?:eslint|prettier|tslint|jshint|jslint|stylelint|biome|oxlint|deno|standard)(?:-[\w-]+|:|\s+\w+:)",
    r"@ts-\w+|@(?:flow|jsx\w*|license|preserve|format|vitest-environment|jest-environment)\b|<(?:reference|amd-)",
    r"(?:istanbul|c8|v8)\s+ignore\b|webpack\w+:|[#@]__\w+__|[#@]\s*source(?:Mapping)?URL=",
    r"go:[a-z]\w*\b|\+build\s|export\s+\w+$|line\s+\S+:\d+|Code generated\s.*DO NOT EDIT|cgo\s",
    r"rubocop:\w|frozen_string_literal:|typed:\s*\w+$|shellcheck\s+\w+=|shfmt:|clang-format\s+(?:on|off)",
    r"swiftlint:|swiftformat:|ktlint-|sqlfluff:|sqlfmt:|rustfmt::|dialyzer:|luacheck:|yaml-language-server:",
    r"%%|In\s*\[\s*\d*\s*\]:?\s*$|</?(?:editor-fold|codecell|markdowncell)\b|MARK:",
    r"#?(?:end)?region\b(?!\s+(?:of|in)\b)|pragma\s+(?:mark|once|region|endregion)\b|syntax\s*=\s*docker|escape=\S$",
)
_PRAGMA = re.compile("|".join(f"(?:{one})" for one in _PRAGMAS), re.IGNORECASE)

_LICENCE = re.compile(
    r"copyright\b|©|\(c\)\s*\d{4}|licen[sc]ed?\b|SPDX-|all rights reserved|版权所有|许可证|著作権", re.IGNORECASE
)
_SPDX = re.compile(r"SPDX-License-Identifier|SPDX-FileCopyrightText", re.IGNORECASE)

_LINE_MARGIN = re.compile(r"(?:/{2,}!?|\#+!?|-{2,}|;+|%+|!+|\"+|'+)")


def _stripped_lines(raw: str) -> list[str]:
    """The lines of a run of line comments without markers; a cell mark `# %%` keeps its `%%`."""
    lines = []
    for line in _split(raw):
        bare = line.lstrip(" \t")
        margin = _LINE_MARGIN.match(bare)
        said = bare[margin.end() :] if margin else bare
        if bare.startswith("#!"):
            said = "!" + said
        elif bare.startswith(("#region", "#endregion")):
            said = bare[1:]
        lines.append(_without_ruler(said))
    return lines


def _block_lines(language: Language, raw: str) -> list[str]:
    """The lines of a block comment without its delimiters and without a margin of stars."""
    for opening, closing in language.block_comments:
        if raw.startswith(opening):
            raw = raw[len(opening) :].removesuffix(closing)
            break
    raw = raw.lstrip("*!") if raw[:1] in ("*", "!") else raw
    lines = _split(raw)
    inner = [line.lstrip(_SPACE) for line in lines[1:] if line.strip(_SPACE)]
    if inner and all(line.startswith("*") for line in inner):
        lines = [lines[0], *(re.sub(r"^\s*\*+", "", line) for line in lines[1:])]
    elif lines:
        # The first line stands right of the marker, the others carry the file's indentation.
        rest = _dedented(lines[1:]).split("\n") if len(lines) > 1 else []
        lines = [lines[0].strip(_SPACE), *rest]
    return [_without_ruler(line.rstrip("*") if line.strip("* ") == "" else line) for line in lines]


def _without_ruler(line: str) -> str:
    """`--- Helpers ---` says "Helpers"; a line of dashes says nothing."""
    bare = line.strip(_SPACE)
    ruled = _RULER.sub("", bare)
    return ruled if ruled != bare else line


_RULER = re.compile(r"^[-=*#~_/+]{3,}\s*|\s*[-=*#~_/+]{3,}$|\s+##$")


def _split(raw: str) -> list[str]:
    return re.split(r"\r\n|\r|\n", raw)


def _dedented(lines: list[str]) -> str:
    """Lines joined without their common margin, without blank lines around them."""
    kept = [line.expandtabs(4).rstrip(_SPACE) for line in lines]
    margin = min((len(line) - len(line.lstrip()) for line in kept if line), default=0)
    return "\n".join(line[margin:] for line in kept).strip("\n")
