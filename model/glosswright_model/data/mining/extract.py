"""Pairs of one source file, by its syntax tree: comment → statements, docstring → body, docstring → function.

A comment belongs to the statements right below it, up to a blank line, the next comment or the end of the block; a
docstring or a comment right above a function belongs to the function. Text in, plain values out: no files, no licences,
no judgement about duplicates. A file that a grammar reads in part yields what was read without errors.
"""

from __future__ import annotations

import ast
import inspect
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cache

import tree_sitter

from glosswright_model.data.mining.languages import LANGUAGES, MinedLanguage, load_grammar
from glosswright_model.data.mining.prose import comment_text, summary, unwanted, without_sections
from glosswright_model.data.pairs import PairKind

MAX_PARSE_S = 5.0
"""Processor time for one file. Some inputs make a grammar's error recovery take minutes."""
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractOptions:
    """What to take out of a file."""

    kinds: frozenset[PairKind] = frozenset({"statement", "body", "function"})
    whole_docstrings: bool = False
    """The whole docstring as the source, not its first paragraph alone."""
    max_statement_lines: int = 6
    """Lines of the statements below a comment. Where more belong to it, only the first statement is taken."""
    max_function_lines: int = 60


@dataclass(frozen=True, slots=True)
class Found:
    """A pair in one file."""

    source: str
    target: str
    kind: PairKind
    line: int
    """Of the comment or docstring, from 1."""
    context: str = ""


@dataclass(slots=True)
class Extraction:
    """What one file gave, and what was left out."""

    found: list[Found] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    """Comments and docstrings that made no pair, by reason."""
    given_up: bool = False
    """The grammar did not read the file in `MAX_PARSE_S`."""


def extract(source: bytes, language: str, options: ExtractOptions | None = None) -> Extraction:
    """The pairs of a file's UTF-8 text. Raises DataError where the language's grammar is not installed."""
    result = Extraction()
    tree = _parse(source, language)
    if tree is None:
        result.given_up = True
        return result
    _Extractor(source, LANGUAGES[language], options or ExtractOptions(), result).run(tree.root_node)
    result.found.sort(key=lambda one: one.line)
    return result


class _Extractor:
    def __init__(self, source: bytes, language: MinedLanguage, options: ExtractOptions, result: Extraction) -> None:
        self.source, self.language, self.options, self.result = source, language, options, result
        self.documented: set[int] = set()
        """Functions that a docstring has been found for."""

    def run(self, root: tree_sitter.Node) -> None:
        captures = tree_sitter.QueryCursor(_query(self.language.key)).captures(root)
        if self.language.docstrings:
            for function in captures.get("function", []):
                self._docstring(function)
        parents: dict[int, tree_sitter.Node] = {}
        for comment in captures.get("comment", []):
            if comment.parent is not None and self._begins_line(comment):
                parents.setdefault(comment.parent.id, comment.parent)
        for parent in parents.values():
            self._comments_in(parent)

    # Docstrings.

    def _docstring(self, function: tree_sitter.Node) -> None:
        body = function.child_by_field_name("body")
        if body is None or not body.named_children:
            return
        first, *rest = body.named_children
        string = first.named_children[0] if first.type == "expression_statement" and first.named_children else first
        if string.type != "string":
            return
        text = _literal(_text(string))
        statements = [node for node in rest if node.type not in self.language.comments]
        if text is None:
            self.result.left_out["no-prose"] += 1
            return
        self.documented.add(function.id)
        outer = self._outer(function)
        begin = next((node for node in rest if self._begins_line(node)), None)
        if not statements or begin is None:
            self.result.left_out["no-body"] += 1
            return
        signature = self._dedented(outer.start_byte, body.start_byte)
        code = self._dedented(begin.start_byte, body.end_byte)
        self._function(inspect.cleandoc(text), signature, code, string, outer, indented=True)

    # Comments.

    def _comments_in(self, parent: tree_sitter.Node) -> None:
        children = parent.children
        place = 0
        while place < len(children):
            if children[place].type not in self.language.comments or not self._begins_line(children[place]):
                place += 1
                continue
            if children[place].start_byte == 0 and self.source.startswith(b"#!"):
                place += 1
                continue
            run = [children[place]]
            while (
                place + len(run) < len(children)
                and (after := children[place + len(run)]).type in self.language.comments
                and after.start_point.row == self._end_row(run[-1]) + 1
                and after.start_point.column == run[0].start_point.column
            ):
                run.append(after)
            place += len(run)
            if place < len(children):
                self._run(run, children[place:], parent)

    def _run(self, run: list[tree_sitter.Node], after: list[tree_sitter.Node], parent: tree_sitter.Node) -> None:
        if after[0].start_point.row != self._end_row(run[-1]) + 1 or not self._begins_line(after[0]):
            self.result.left_out["apart"] += 1
            return
        text = comment_text([_text(comment) for comment in run])
        in_block = parent.type in self.language.blocks
        if after[0].type in self.language.bodies:
            after, in_block = after[0].children, True
            if not after:
                return
        place = 0
        while place < len(after) - 1 and after[place].type in self.language.prefixes:
            place += 1
        function = self._function_in(after[place])
        if function is not None:
            if function.id not in self.documented:
                self._documented(text, run[0], function, after[0], after[place])
        elif in_block:
            self._statements(text, run[0], after)

    def _documented(
        self,
        text: str,
        comment: tree_sitter.Node,
        function: tree_sitter.Node,
        first: tree_sitter.Node,
        outer: tree_sitter.Node,
    ) -> None:
        body = function.child_by_field_name("body")
        if body is None:
            self.result.left_out["no-body"] += 1
            return
        inner = [node for node in body.children if not self.language.enclosed or node.is_named]
        # A comment that begins the body stands beside it in languages without braces.
        leading = [
            node
            for node in function.children
            if node.type in self.language.comments and node.end_byte <= body.start_byte
        ]
        inner = [*leading, *inner] if not self.language.enclosed else inner
        statements = [node for node in inner if node.is_named and node.type not in self.language.comments]
        ends = leading[0].start_byte if leading and not self.language.enclosed else body.start_byte
        signature = self._dedented(first.start_byte, ends)
        code = self._dedented(inner[0].start_byte, inner[-1].end_byte) if statements else ""
        is_block = body.type in self.language.blocks or not self.language.enclosed
        self._function(text, signature, code if is_block else "", comment, outer, first=first)

    def _statements(self, text: str, comment: tree_sitter.Node, after: list[tree_sitter.Node]) -> None:
        taken: list[tree_sitter.Node] = []
        for node in after:
            if not node.is_named:
                continue  # separators
            if node.type in self.language.comments and not self._begins_line(node):
                continue  # at the end of a statement's line
            if node.type in self.language.comments or not self._begins_line(node):
                break
            if taken and node.start_point.row > self._end_row(taken[-1]) + 1:
                break
            if node.type in self.language.skipped or self._function_in(node) is not None:
                break
            taken.append(node)
        if not taken:
            self.result.left_out["no-statement"] += 1
            return
        text = without_sections(text)
        limit = self.options.max_statement_lines
        if self._lines(taken[0], taken[-1]) > limit:
            taken = taken[:1]
        if self._lines(taken[0], taken[-1]) > limit:
            self.result.left_out["long-code"] += 1
        elif any(node.has_error for node in taken):
            self.result.left_out["errors"] += 1
        elif reason := unwanted(text, self.language.key):
            self.result.left_out[reason] += 1
        elif "statement" in self.options.kinds:
            code = self._dedented(taken[0].start_byte, self._with_semicolon(taken[-1]))
            if code.rstrip(";") in _TRIVIAL:
                self.result.left_out["no-statement"] += 1
            else:
                self._add(text, code, "statement", comment)

    # Both.

    def _function(
        self,
        text: str,
        signature: str,
        code: str,
        comment: tree_sitter.Node,
        outer: tree_sitter.Node,
        *,
        first: tree_sitter.Node | None = None,
        indented: bool = False,
    ) -> None:
        source = text.strip() if self.options.whole_docstrings else summary(text)
        begin = outer if first is None else first
        if outer.has_error or begin.has_error:
            self.result.left_out["errors"] += 1
        elif self._lines(begin, outer) > self.options.max_function_lines:
            self.result.left_out["long-code"] += 1
        elif reason := unwanted(source, self.language.key):
            self.result.left_out[reason] += 1
        elif code.strip().rstrip(";") in _TRIVIAL or code.strip().startswith("raise NotImplementedError"):
            self.result.left_out["no-body"] += 1
        else:
            if "body" in self.options.kinds:
                self._add(source, code, "body", comment, signature)
            if "function" in self.options.kinds:
                inside = "\n".join("    " + line if line else "" for line in code.split("\n"))
                whole = f"{signature}\n{inside}" if indented else self._dedented(begin.start_byte, outer.end_byte)
                self._add(source, whole, "function", comment)

    def _add(self, source: str, target: str, kind: PairKind, comment: tree_sitter.Node, context: str = "") -> None:
        self.result.found.append(Found(source, target, kind, comment.start_point.row + 1, context))

    def _outer(self, function: tree_sitter.Node) -> tree_sitter.Node:
        outer = function
        while outer.parent is not None and outer.parent.type in self.language.wrappers:
            outer = outer.parent
        return outer

    def _function_in(self, node: tree_sitter.Node) -> tree_sitter.Node | None:
        """The function that a sibling is or wraps."""
        for _ in range(4):
            if node.type in self.language.functions:
                return node
            if node.type not in self.language.wrappers:
                return None
            inner = [
                child
                for child in node.named_children
                if child.type in self.language.wrappers or child.type in self.language.functions
            ]
            if len(inner) != 1:
                return None
            node = inner[0]
        return None

    # Text.

    def _begins_line(self, node: tree_sitter.Node) -> bool:
        return not self.source[self._line_start(node.start_byte) : node.start_byte].strip()

    def _line_start(self, place: int) -> int:
        return self.source.rfind(b"\n", 0, place) + 1

    def _end_row(self, node: tree_sitter.Node) -> int:
        """The row of a node's last character; some grammars count the line's end to a comment."""
        return node.end_point.row - (
            1 if node.end_point.column == 0 and node.end_point.row > node.start_point.row else 0
        )

    def _lines(self, first: tree_sitter.Node, last: tree_sitter.Node) -> int:
        return self._end_row(last) - first.start_point.row + 1

    def _with_semicolon(self, node: tree_sitter.Node) -> int:
        end = node.end_byte
        return end + 1 if self.source[end : end + 1] == b";" else end

    def _dedented(self, begin: int, end: int) -> str:
        """A piece of the file without the indentation of its first line, where lines have it."""
        margin = self.source[self._line_start(begin) : begin].decode()
        text = self.source[begin:end].decode("utf-8", "replace").rstrip()
        if margin.strip():
            margin = ""
        return "\n".join(line.removeprefix(margin).rstrip("\r") for line in text.split("\n"))


_TRIVIAL = frozenset({"", "pass", "...", "return", "return None", "return null", "continue", "break"})
"""Code that says nothing about its comment, without a semicolon."""


def _parse(source: bytes, language: str) -> tree_sitter.Tree | None:
    deadline = time.thread_time() + MAX_PARSE_S

    def read(offset: int, _: object) -> bytes:
        return source[offset : offset + _CHUNK]

    def is_late(_: int, __: bool) -> bool:
        return time.thread_time() > deadline

    try:
        return tree_sitter.Parser(load_grammar(language)).parse(read, progress_callback=is_late)
    except ValueError:  # "Parsing failed": how the binding says that the callback stopped it
        return None


@cache  # one entry per language
def _query(key: str) -> tree_sitter.Query:
    language = LANGUAGES[key]
    patterns = [f"({name}) @comment" for name in sorted(language.comments)]
    if language.docstrings:
        patterns += [f"({name}) @function" for name in sorted(language.functions)]
    query: tree_sitter.Query = tree_sitter.Query(load_grammar(key), "\n".join(patterns))
    return query


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _literal(text: str) -> str | None:
    """The value of a docstring; None for what is no plain string."""
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, str) else None
